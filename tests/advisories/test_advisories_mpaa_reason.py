"""The words of MPAA reasons: scope of degrees, topics, odd inputs, properties."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories import parse_reason
from safecrs.advisories.mpaa_lexicon import load_lexicon
from safecrs.advisories.mpaa_reason import read_reason
from safecrs.taxonomy import CATEGORIES, load_taxonomy

RATINGS = ("G", "PG", "PG-13", "R", "NC-17", None)


def said(reason: str, rating: str | None = None) -> dict[str, int]:
    return {statement.subject: statement.value for statement in parse_reason(reason, rating)}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        # the rating is the prior
        ("Rated PG for violence", {"violence": 1}),
        ("Rated PG-13 for violence", {"violence": 2}),
        ("Rated R for violence", {"violence": 2}),
        ("Rated NC-17 for violence", {"violence": 3}),
        ("Rated PG-13 for strong violence", {"violence": 2}),
        # degrees
        ("Rated R for brief violence", {"violence": 1}),
        ("Rated R for mild violence", {"violence": 1}),
        ("Rated R for strong violence", {"violence": 3}),
        ("Rated R for brutal violence", {"violence": 3}),
        # scope
        ("Rated R for strong violence and language", {"violence": 3, "profanity": 3}),
        ("Rated R for strong violence, and language", {"violence": 3, "profanity": 2}),
        ("Rated R for strong violence, language", {"violence": 3, "profanity": 2}),
        ("Rated R for strong violence, and for language", {"violence": 3, "profanity": 2}),
        ("Rated R for brief violence and language", {"violence": 1, "profanity": 2}),
        ("Rated R for violence and language throughout", {"violence": 3, "profanity": 3}),
        ("Rated R for violence, language throughout", {"violence": 2, "profanity": 3}),
        ("Rated R for pervasive language including sexual references", {"sex": 2, "profanity": 3}),
        (
            "Rated PG for brief violent, suggestive and smoking images",
            {"sex": 1, "violence": 1, "substances": 1},
        ),
        # what words speak of
        ("Rated PG for some scary images", {"frightening": 1}),
        ("Rated R for crude sexual humor", {"sex": 2}),
        ("Rated R for crude and sexual content", {"sex": 2, "profanity": 2}),
        ("Rated PG-13 for thematic elements", {}),
        ("Rated PG for some teen smoking", {"substances": 1}),
        # negation
        ("Rated R for language but no nudity or violence", {"profanity": 2}),
        ("Rated R for strong violence without nudity", {"violence": 3}),
        ("Rated R for no nudity, and for language", {"profanity": 2}),
    ],
)
def test_severities(reason: str, expected: dict[str, int]) -> None:
    assert {subject: value for subject, value in said(reason).items() if subject in CATEGORIES} == expected


@pytest.mark.parametrize(
    ("reason", "topics"),
    [
        ("thematic elements involving a suicide", {"dies by suicide"}),
        ("an attempted suicide", {"attempts suicide"}),
        ("drug use", {"drug use"}),
        # whatever shows drugs is a yes for somebody in recovery; talk about them is not
        *((f"some {words}", {"drug use"}) for words in (
            "drug content", "drug material", "drugs", "drug-related scenes", "brief drug material",
            "a drug scene", "drug and alcohol content", "drug and sexual content", "drug images",
        )),
        ("thematic elements involving drugs", {"drug use"}),
        *((f"some {words}", set()) for words in (
            "drug references", "a drug reference", "drug humor", "drug-related dialogue",
            "references to drugs", "drug and sexual references", "drug and alcohol references",
            "alcohol use", "teen drinking",
        )),
        ("alcohol abuse", {"alcohol abuse"}),
        ("drunkenness", {"alcohol abuse"}),
        ("heavy drinking", {"alcohol abuse"}),
        ("drug and alcohol abuse", {"drug use", "alcohol abuse"}),
        ("sexual assault", {"sexual assault"}),
        ("a brutal rape", {"sexual assault", "onscreen rape"}),
        ("strong violence including rape", {"sexual assault"}),
        ("torture", {"torture"}),
        ("bloody violence", {"blood/gore"}),
        ("strong gore", {"blood/gore", "excessive gore"}),
        ("child abuse and domestic violence", {"a child is abused", "domestic violence"}),
        ("cruelty to animals", {"animals are abused"}),
        ("language including racial slurs", {"hate speech"}),
        ("death of a parent", {"a parent dies"}),
        ("teen sexuality", {"a minor is sexualised"}),
        ("sexuality, language and drinking - all involving teens", {"a minor is sexualised"}),
        ("sexuality, and language involving teens", set()),
        ("strong violent content - some involving children", {"a child is abused"}),
        ("violence without torture", set()),
        ("violence, sexuality, all involving teens involving children", {"a minor is sexualised"}),
    ],
)  # fmt: skip
def test_topics(reason: str, topics: set[str]) -> None:
    found = said(f"Rated R for {reason}")
    assert found.keys() - set(CATEGORIES) == topics
    assert all(found[topic] == 1 for topic in topics)


@pytest.mark.parametrize(
    ("reason", "same"),
    [
        ("Rated R for druguse", "Rated R for drug use"),
        ("Rated PG13 for scifi violence", "Rated PG-13 for sci-fi violence"),
        ("R Rated for strong violence", "Rated R for strong violence"),
        ("Rater PG13 for martialarts violence", "Rated PG-13 for martial arts violence"),
        ("PG13 for strong langauge", "Rated PG-13 for strong language"),
        ("- RATED R FOR STRONG VIOLENCE.", "Rated R for strong violence"),
        ("N: Rated R on appeal for nudity (re-rating) (1992)", "Rated R for nudity"),
        ("Rated R for risqué humor", "Rated R for risque humor"),
        ("Rated R for violence/gore", "Rated R for violence and gore"),
        ("Rated R for language (certificate #49811; no violence)", "Rated R for language"),
    ],
)
def test_odd_spellings(reason: str, same: str) -> None:
    assert said(reason) == said(same) != {}


@pytest.mark.parametrize("reason", ["", "  ", "Rated R", "PG13", "not rated", "Unrated", "()"])
def test_nothing_is_said(reason: str) -> None:
    reading = read_reason(reason)
    assert reading.statements == ()
    assert reading.empty


def test_the_words_are_those_of_the_reason() -> None:
    statements = parse_reason("Rated R for Strong  Bloody violence and language, and some drug use")
    assert {s.subject: s.words for s in statements} == {
        "violence": "Strong Bloody violence",
        "profanity": "Strong Bloody violence and language",  # the degree that it rests on is shown
        "substances": "some drug use",
        "blood/gore": "Strong Bloody violence",
        "drug use": "some drug use",
    }


def test_unknown_words_are_told() -> None:
    assert read_reason("Rated R for violence and some zymurgy").unread == ("some zymurgy",)


def test_the_lexicon_speaks_of_topics_and_categories_that_exist() -> None:
    topics = set(load_taxonomy("film").topics)
    for entry in load_lexicon().phrases.values():
        assert {*entry.topics, *entry.shown_topics, *entry.strong_topics} <= topics
        assert {*entry.says, *entry.images} <= set(CATEGORIES)


def test_no_phrase_of_the_lexicon_has_two_meanings() -> None:
    table = tomllib.loads((files("safecrs.advisories") / "mpaa_reason.toml").read_text(encoding="utf-8"))
    lists = [words for values in table["graded"].values() for words in values.values()]
    lists += [*table["plain"].values(), *(sense["words"] for sense in table["sense"])]
    phrases = Counter(" ".join(phrase.split()) for words in lists for phrase in words)
    assert phrases.total() > 1000
    assert [phrase for phrase, count in phrases.items() if count > 1] == []


WORDS = sorted({word for phrase in load_lexicon().phrases for word in phrase})
GLUE = [",", " and ", "/", " - ", " including ", ", and for ", " (", ") ", " no ", " throughout", ";"]
reasons = st.lists(st.sampled_from(WORDS + GLUE * 20), max_size=25).map(" ".join)


@given(st.one_of(st.text(max_size=200), reasons), st.sampled_from((*RATINGS, "?")))
def test_never_crashes_and_stays_in_range(reason: str, rating: str | None) -> None:
    statements = parse_reason(reason, rating)
    topics = set(load_taxonomy("film").topics)
    assert len({s.subject for s in statements}) == len(statements)
    for statement in statements:
        assert statement.value in ((1, 2, 3) if statement.subject in CATEGORIES else (1,))
        assert statement.subject in topics | set(CATEGORIES)
        assert statement.words
        assert statement.words in " ".join(reason.split())
    assert statements == parse_reason(reason, rating)


LADDER = ("mild", "brief", "some", "", "strong", "extreme")
THINGS = ("violence", "language", "nudity", "drug use", "scary images", "gore", "sensuality", "bloody images")


@given(
    st.sampled_from(RATINGS),
    st.sampled_from(THINGS),
    st.sampled_from(("", " and sexuality", ", terror", " throughout", " including torture")),
    st.integers(0, len(LADDER) - 2),
)
def test_a_severer_degree_never_lowers(rating: str | None, thing: str, rest: str, step: int) -> None:
    milder = said(f"{LADDER[step]} {thing}{rest}", rating)
    severer = said(f"{LADDER[step + 1]} {thing}{rest}", rating)
    own = said(thing, rating).keys() & set(CATEGORIES)
    assert own
    assert all(milder[category] <= severer[category] for category in own)


@given(st.sampled_from(THINGS))
def test_a_higher_rating_never_lowers(thing: str) -> None:
    values = [said(thing, rating) for rating in ("G", "PG", "PG-13", "R", "NC-17")]
    for lower, higher in pairwise(values):
        assert all(lower[category] <= higher[category] for category in lower)


@pytest.mark.parametrize(
    "unit",
    [
        "strong bloody violence and ",
        "involving teens ",
        "all, ",
        "all involving kids, ",
        "violence and ",
        "x / ",
        "(",
        "abcdefgh ",
    ],
)
def test_long_inputs_take_time_in_proportion(unit: str) -> None:
    def seconds(times: int) -> float:
        begin = time.perf_counter()
        parse_reason("Rated R for strong " + unit * times)
        return time.perf_counter() - begin

    seconds(100)
    short, long = min(seconds(500) for _ in range(3)), min(seconds(8_000) for _ in range(2))
    assert long < 16 * 5 * short + 0.05  # sixteen times as long; quadratic would be 256
