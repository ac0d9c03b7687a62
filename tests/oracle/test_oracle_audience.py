"""Audiences of an age, and single topics, as concerns: the bars for both on the starter's films."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from safecrs.advisories import Advisory, read_mpaa
from safecrs.advisories.record import Statement
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict, compile_oracle, load_starter
from safecrs.starter import read_starter
from safecrs.taxonomy import load_taxonomy

MPAA = Path(__file__).resolve().parents[2] / "../shared/data/advisories/mpaa_rating_reasons.tsv.gz"
FILM = load_taxonomy("film")
FIT = tuple(Statement(category, 1) for category in ("sex", "violence", "frightening"))


def judged(age: int, *advisories: Advisory) -> Verdict:
    oracle = compile_oracle(Catalog.from_items([Item("Saw", 2004)]), advisories, FILM)
    return oracle.check("Saw", 2004, {f"age_{age}": 0.66}).verdict


def film(*said: Statement, certificate: str = "") -> Advisory:
    return Advisory("Saw", 2004, "mine", said, certificates=(certificate,) if certificate else ())


@pytest.mark.parametrize(
    ("age", "certificate", "verdict"),
    [
        (6, "MPA:G", Verdict.SAFE),
        (6, "MPA:PG", Verdict.UNKNOWN),  # that is left to the parents
        (10, "MPA:PG", Verdict.SAFE),
        (9, "MPA:PG-13", Verdict.UNSAFE),
        (12, "MPA:PG-13", Verdict.UNKNOWN),
        (13, "MPA:PG-13", Verdict.SAFE),
        (15, "MPA:R", Verdict.UNSAFE),
        (17, "MPA:NC-17", Verdict.UNSAFE),
        (5, "TV:TV-Y", Verdict.SAFE),
        (12, "BBFC:12A", Verdict.SAFE),
        (6, "ESRB:E", Verdict.SAFE),
        (9, "ESRB:M", Verdict.UNSAFE),
    ],
)
def test_a_certificate_alone(age: int, certificate: str, verdict: Verdict) -> None:
    assert judged(age, film(certificate=certificate)) is verdict


def test_the_stricter_of_certificate_severities_and_topics_holds() -> None:
    assert judged(6, film(*FIT)) is Verdict.SAFE
    assert judged(6, film(*FIT, certificate="MPA:R")) is Verdict.UNSAFE
    assert judged(6, film(*FIT, certificate="MPA:G"), film(Statement("violence", 3))) is Verdict.UNSAFE
    assert judged(12, film(*FIT, Statement("sexual assault", 1), certificate="MPA:PG")) is Verdict.UNSAFE
    assert judged(16, film(*FIT, Statement("sexual assault", 1))) is Verdict.SAFE
    assert judged(6, film(Statement("violence", 1))) is Verdict.UNKNOWN, "nothing is known of the rest"
    assert judged(6) is Verdict.UNKNOWN


def test_a_weak_topic_gives_way_to_a_certificate_that_suits() -> None:
    cartoon = film(Statement("decapitation", 1), *FIT, certificate="MPA:G")
    assert judged(6, cartoon) is Verdict.SAFE
    assert judged(6, replace(cartoon, certificates=("MPA:PG",))) is Verdict.UNSAFE


def test_an_age_is_told_apart_from_a_trait_and_explained() -> None:
    oracle = load_starter("film")
    check = oracle.check("The Exorcist", 1973, FILM.constraints(["age 6", "gore"]))
    assert {risk.trait for risk in check.traits} == {"age_6", "gore"}
    reason = next(risk.reason for risk in check.traits if risk.trait == "age_6")
    assert "films that do not suit age 6" in reason
    assert "starter says yes to" in reason
    reason = oracle.check("Heat", 1995, FILM.constraints(["age 9"])).traits[0].reason
    assert "certified MPA R" in reason
    with pytest.raises(SafecrsError, match="Unknown film trait"):
        FILM.constraints(["age 30"])


def test_a_topic_is_a_concern_by_any_of_its_names() -> None:
    said = film(Statement("spitting", 1))
    oracle = compile_oracle(Catalog.from_items([Item("Saw", 2004), Item("Heat", 1995)]), [said], FILM)
    for name in ("spitting", "there's spitting", "topic_spitting"):
        constraints = FILM.constraints([name])
        assert [*constraints] == ["topic_spitting"]
        assert oracle.verdicts([0, 1, -1], constraints).tolist() == [Verdict.UNSAFE, *[Verdict.UNKNOWN] * 2]


def shares(oracle: Oracle, age: int) -> dict[str, dict[Verdict, float]]:
    """Per MPA certificate the share of each verdict."""
    certificates = oracle.catalog.facets.lists["certificates"]
    counts: dict[str, Counter[Verdict]] = {}
    for row, verdict in enumerate(oracle.verdicts(range(len(oracle.catalog)), {f"age_{age}": 0.66})):
        for name in certificates.of(row)[:1]:
            counts.setdefault(name, Counter())[Verdict(int(verdict))] += 1
    return {name: {v: n / count.total() for v, n in count.items()} for name, count in counts.items()}


def check_bars(oracle: Oracle, *, hidden: bool) -> None:
    six, twelve = shares(oracle, 6), shares(oracle, 12)
    unsafe = {name: share.get(Verdict.UNSAFE, 0) for name, share in six.items()}
    if hidden:
        assert unsafe["MPA:R"] >= 0.85
        assert unsafe["MPA:G"] <= 0.10
        return
    assert min(unsafe["MPA:R"], unsafe["MPA:NC-17"]) >= 0.97
    assert unsafe["MPA:PG-13"] >= 0.95
    assert unsafe["MPA:G"] <= 0.05
    assert unsafe["MPA:PG"] <= 0.40
    assert min(twelve[name][Verdict.UNSAFE] for name in ("MPA:R", "MPA:NC-17")) >= 0.97
    for ages in (six, twelve):
        assert max(share.get(Verdict.UNKNOWN, 0) for share in ages.values()) <= 0.05


def test_the_bars_on_the_starter() -> None:
    items, advisories = read_starter("film")
    hidden = [replace(said, certificates=()) for said in advisories]
    check_bars(load_starter("film"), hidden=False)
    check_bars(compile_oracle(Catalog.from_items(items), hidden, FILM), hidden=True)


def test_the_bars_on_the_ratings_of_the_mpaa() -> None:
    if not MPAA.exists():
        pytest.skip("the MPAA's ratings (../shared/data) are not here")
    said = list(read_mpaa(MPAA))
    items = [Item(one.title, one.year, certificates=one.certificates) for one in said]
    check_bars(compile_oracle(Catalog.from_items(items), said, FILM), hidden=False)
    hidden = [replace(one, certificates=()) for one in said]
    check_bars(compile_oracle(Catalog.from_items(items), hidden, FILM), hidden=True)
