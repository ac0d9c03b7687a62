"""Topics by number, name and question, and what is no topic."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories import parse_reason
from safecrs.advisories.esrb import parse_descriptor
from safecrs.advisories.severities import parse_severity
from safecrs.taxonomy import CATEGORIES, load_taxonomy
from safecrs.taxonomy.topics import DESCRIPTORS, canonical_topic, known_topic, known_topics, topic_key

PUBLISHED = Path(__file__).resolve().parents[2] / "../shared/data/advisories/ddd_topics.tsv"


def question(name: str) -> str:
    """The question that a statement answers: "someone coughs" → "Does someone cough?"."""
    name = name.replace("there's", "there are" if name.endswith("s") else "there is", 1)
    words = name.split()
    for place, word in enumerate(words[:-1]):
        if word in ("is", "are", "were", "has"):
            turned = [word, *words[:place], *words[place + 1 :]]
            if word == "has":
                turned = ["does", *words[:place], "have", *words[place + 1 :]]
            return " ".join(turned).capitalize() + "?"
    turned = [re.sub(r"ies$", "y", word) if len(word) > 4 else word.removesuffix("s") for word in words]
    return f"Does {' '.join(turned)}?"


@pytest.mark.parametrize(
    ("names", "topic"),
    [
        ("Does the dog die", "the dog dies"),
        ("Does a dog die?", "the dog dies"),
        ("there's blood/gore", "blood/gore"),
        ("Blood and gore", "blood/gore"),
        ("Does a kid die?", "a kid dies"),
        ("Are any children abused", "a child is abused"),
        ("Is there child abuse", "a child is abused"),
        ("Does an LGBT+ person die", "an LGBT person dies"),
        ("Is someone burned alive", "burned alive"),
        ("Does someone die by suicide", "dies by suicide"),
        ("Are there jump scares", "jump scares"),
        ("Is the ending sad", "sad ending"),
        ("Does someone miscarry", "miscarriage"),
        ("Has someone had a miscarriage?", "miscarriage"),
        ("Does a car crash", "car crash"),
        ("Is someone gaslit?", "gaslighting"),
        ("Does someone use the n-word", "someone uses the n-word"),
        ("Is anyone possessed", "possession"),
        ("153", "the dog dies"),
        ("Are there sharks?", "sharks"),
        ("Does someone vomit", "someone vomits"),
    ],
)
def test_topics_by_other_words(names: str, topic: str) -> None:
    expected = topic if topic in known_topics() else names
    assert canonical_topic(names) == expected


def test_numbers_count_before_names() -> None:
    assert canonical_topic("165", "a dog dies") == "spiders"
    assert canonical_topic("a dog dies", "165") == "spiders"
    assert canonical_topic("99999", "a dog dies") == "the dog dies"
    assert canonical_topic("99999", " something new ") == "something new"


def test_every_published_topic_is_known_by_number_name_and_question() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the list of topics (../shared/data) is not here")
    with PUBLISHED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == 197
    one_names = [canonical_topic(row["topic_id"]) for row in rows]
    assert len(set(one_names)) == 197, "each topic is one of its own"
    for row, topic in zip(rows, one_names, strict=True):
        name = row["name"]
        for said in (name, name.upper(), f"{name}?", question(name), f"  {name} ", topic):
            assert canonical_topic(said) == topic, said
            assert known_topic(said) == topic, said


def test_every_topic_of_a_taxonomy_is_itself_and_known() -> None:
    for domain in ("film", "game"):
        for topic in load_taxonomy(domain).topics:
            assert known_topic(topic) == topic
            assert topic in known_topics()
            assert topic in DESCRIPTORS or canonical_topic(topic) == topic


def test_no_two_topics_share_a_key() -> None:
    topics = [topic for topic in known_topics() if topic not in DESCRIPTORS]
    assert len({topic_key(topic) for topic in topics}) == len(topics)


@pytest.mark.parametrize("name", ["the dog does not die", "no animals die", "a dog lives", "", "?", "dying"])
def test_what_is_no_topic_is_none(name: str) -> None:
    assert canonical_topic(name) == name


@pytest.mark.parametrize("name", ["violence", "Violence", "sex", "Nudity"])
def test_a_topic_called_like_a_category_or_descriptor_does_not_speak_of_it(name: str) -> None:
    assert canonical_topic(name) not in (*CATEGORIES, *DESCRIPTORS)


def test_unknown_topics_come_with_close_ones() -> None:
    with pytest.raises(ValueError, match="unknown topic 'tortur'; did you mean 'torture'"):
        known_topic("tortur")
    with pytest.raises(ValueError, match=r"^unknown topic 'zzzzqq'$"):
        known_topic("zzzzqq")


@given(st.text(max_size=250))
def test_a_topic_of_any_text_never_raises_and_is_stable(name: str) -> None:
    topic = canonical_topic(name)
    assert canonical_topic(topic) == topic
    assert topic_key(topic_key(name)) == topic_key(name) or len(topic_key(name)) < 5


def _seconds(read: Callable[[str], object], text: str) -> float:
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        with suppress(ValueError):
            read(text)
        best = min(best, time.perf_counter() - begin)
    return best


@pytest.mark.parametrize(
    "read", [parse_reason, canonical_topic, known_topic, parse_descriptor, parse_severity]
)
@pytest.mark.parametrize(
    "unit", ["violence ", "sex for ", "(", " ", "some strong, ", "a child and ", "x1'", "ı "]
)
def test_reading_is_linear(read: Callable[[str], object], unit: str) -> None:
    """Texts of 10, 20 and 40 kB: at most about twice the time each step."""
    times = [_seconds(read, (unit * size * 1_000)[: size * 1_000]) for size in (10, 20, 40)]
    for shorter, longer in pairwise(times):
        assert longer < 2.5 * shorter + 0.02
    assert times[-1] < 0.3


@pytest.mark.parametrize("unit", ["violence ", "teens involving ", "some and ", "bloody "])
def test_the_longest_reason_that_is_read_takes_milliseconds(unit: str) -> None:
    assert _seconds(parse_reason, (unit * 4_000)[:4_000]) < 0.2
