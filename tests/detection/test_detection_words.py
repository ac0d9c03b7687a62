"""What people name, how they type it, and what belongs to something else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.conversation import conversation
from safecrs.detection import detect_traits
from safecrs.detection.tokens import tokenise
from safecrs.taxonomy import load_taxonomy

FILM = load_taxonomy("film")
GAME = load_taxonomy("game")


def traits(text: str, taxonomy=FILM) -> set[str]:
    return {found.trait for found in detect_traits(conversation(text), taxonomy)}


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("Something funny without sex scenes", "sexual_content"),
        ("can it be one where nobody swears", "strong_language"),
        ("no fistfights or beatings please", "violence"),
        ("I gave up cigarettes last week, any noir?", "smoking"),
        ("emetophobic, so be careful", "vomiting"),
        ("my son gets bullied on the bus. A film for us?", "bullying"),
        ("my husband cheated on me. Comedy?", "infidelity"),
        ("I am in recovery from bulimia", "eating_disorders"),
        ("I nearly drowned as a boy", "drowning"),
        ("crocodiles scare me to death", "predators"),
        ("I'm afraid of heights", "heights"),
        ("nothing about the Holocaust", "war"),
        ("we're tired of films about slavery", "racism"),
        ("please nothing that mocks God", "religion"),
        ("no fat jokes", "body_shaming"),
        ("we lost our house in the hurricane", "natural_disasters"),
        ("my wife died in spring", "grief"),
    ],
)
def test_what_people_ask_for_beyond_the_twenty_is_heard(text, trait):
    assert trait in traits(text)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("no mannequins, they creep me out", "topic_mannequins"),
        ("nothing with a baby crying please", "topic_a_baby_cries"),
        ("please avoid prison films", "topic_incarceration"),
        ("I can't stand farting", "topic_farting"),
    ],
)
def test_any_topic_is_a_concern_where_it_is_averted(text, topic):
    assert topic in traits(text)


@pytest.mark.parametrize("text", ["A film about mannequins please", "I like prison films"])
def test_a_topic_alone_is_none(text):
    assert traits(text) == set()


def test_a_trait_is_heard_before_its_topics():
    assert traits("no plane crashes") == {"disasters"}
    assert traits("no vomiting", GAME) == {"topic_someone_vomits"}
    assert traits("no swearing", GAME) == {"language"}


@pytest.mark.parametrize(
    "text",
    [
        "I don´t like gore",
        "I don‘t like gore",
        "I don`t like gore",
        "no g\u00adore",
        "no go\u200bre",
        "ＮＯ ＧＯＲＥ",
        "no g\u043ere",
        "no g0re",
        "n0 bl00d",
        "no 🩸 please",
        "gore = no",
        "something gore-free",
        "I'm not a gore fan",
        "minus the gore",
        "No, I don't want gore",
        "no I hate gore",
    ],
)
def test_the_same_is_heard_however_it_is_typed(text):
    assert traits(text) == {"gore"}


def test_wrapped_lines_are_one_sentence_and_lists_are_not():
    wrapped = "I am looking for a long film and I do not want to see any\nblood in it at all if you can"
    assert "gore" in traits(wrapped)
    assert tokenise("No horror\nI love blood")[2].boundary == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A scary film please, but no jump scares", {"topic_jump_scares"}),
        ("I asked for horror twice and you give me no titles", set()),
        ("I used to be scared of ghosts, now I love horror", set()),
        ("I wouldn't say I'm sensitive to violence", set()),
        ("I doubt gore will bother me", set()),
        ("Not that I'm afraid of spiders, but what is Arachnophobia about?", set()),
        ("Suicide Squad, Vertigo (1958) and Jaws (1975): seen them all, no complaints", set()),
        (
            "As a survivor of domestic violence I choose with care",
            {"domestic_abuse"},
        ),
        ("The neighbour's boy has epilepsy, poor thing. A musical for me please", set()),
        ("I'm drowning in spreadsheets", set()),
    ],
)
def test_words_that_belong_to_something_else(text, expected):
    assert traits(text) == expected


@given(st.text(max_size=300))
def test_tokens_are_ordered_and_lie_in_the_text(text):
    tokens = tokenise(text)
    assert all(0 <= token.start < token.end <= len(text) for token in tokens)
    assert all(first.end <= second.start for first, second in pairwise(tokens))
