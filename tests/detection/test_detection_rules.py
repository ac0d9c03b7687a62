from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.conversation import Message, conversation
from safecrs.detection import Detection, RuleDetector, detect_traits, load_lexicon
from safecrs.taxonomy import DEFAULT_THRESHOLD, load_taxonomy

FILM = load_taxonomy("film")
ASSIGNED = FILM.assigned
GAME = load_taxonomy("game")
CHILD = {"child_harm", "gore", "torture", "sexual_violence", "horror"}


def traits(text: str, taxonomy=FILM) -> set[str]:
    return {found.trait for found in detect_traits(conversation(text), taxonomy)}


@pytest.mark.parametrize(
    ("text", "trait", "span"),
    [
        ("A space film please, but no giant spiders!", "spiders_reptiles", "no giant spiders"),
        ("No comedies but avoid those with needles.", "needles", "avoid those with needles"),
        ("Clowns I can't stand.", "horror", "Clowns I can't stand"),
        ("Blood makes me sick, you know", "gore", "Blood makes me sick"),
        ("I’m 4 months sober. Something light?", "substances", "4 months sober"),
        ("My aunt died by suicide in May, so keep it gentle", "self_harm", "My aunt died by suicide"),
    ],
)
def test_evidence_is_the_words_that_disclose(text, trait, span):
    [found] = detect_traits(conversation(text), FILM)
    assert found.trait == trait
    assert found.text == span == text[found.start : found.end]
    assert 0.5 <= found.probability <= 1


def test_only_the_user_discloses_and_the_message_is_named():
    messages = conversation(
        [
            {"role": "system", "content": "No gore for anybody."},
            {"role": "user", "content": "Hi, a thriller please"},
            {"role": "assistant", "content": "Do you want to avoid suicide or needles?"},
            {"role": "user", "content": "No needles, please"},
        ]
    )
    [found] = detect_traits(messages, FILM)
    assert (found.trait, found.message) == ("needles", 3)


def test_a_later_wish_does_not_take_back_a_disclosure():
    messages = conversation(
        [
            {"role": "user", "content": "I can't stand gore."},
            {"role": "user", "content": "Is there a gory zombie film from the seventies?"},
        ]
    )
    assert [found.trait for found in detect_traits(messages, FILM)] == ["gore"]


@pytest.mark.parametrize(
    "text",
    [
        "I don't mind gore at all.",
        "I'm not squeamish, anything goes.",
        "Jump scares? They never bothered me.",
        "It doesn't need to be kid friendly.",
        "Suicide as a theme is okay.",
        "I am not afraid of spiders.",
    ],
)
def test_denied_sensitivities_are_none(text):
    assert traits(text) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My ex hates horror. What's scary?", set()),
        ("My colleague can't stand blood, funny guy. A slasher please", set()),
        ("My wife hates horror.", {"horror"}),
        ("My wife hates horror but she's asleep, so go ahead", set()),
        ("My sister is terrified of snakes.", set()),
        ("I'm watching with my sister, who is terrified of snakes.", {"spiders_reptiles"}),
        ("My boyfriend and I want an action film. He can't handle needles.", {"needles"}),
    ],
)
def test_whose_aversion_it_is_decides(text, expected):
    assert traits(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A film about a recovering alcoholic, please.",
        "I love true crime about kidnappings and torture.",
        "The one where the dog dies, what was it called?",
        "Looking for a movie about a man who is afraid of snakes.",
        "I liked Suicide Squad and There Will Be Blood.",
        "No Country for Old Men was great, and I want more like Blood Simple",
    ],
)
def test_plots_wishes_and_titles_are_none(text):
    assert traits(text) == set()


def test_a_child_who_watches_along_stands_for_what_a_guide_would_keep_from_it():
    """In a taxonomy of the traits that benchmarks assign; in the whole one a child is an age alone."""
    assert traits("Something for my 7-year-old and me?", ASSIGNED) == {*CHILD, "age_7"}
    text = "A thriller for my 15 year old son and me?"
    assert traits(text, ASSIGNED) == {"torture", "sexual_violence", "age_15"}
    assert traits(text) == {"age_15"}
    assert traits("Our kids are at grandma's, we want a thriller") == set()


def test_a_list_shares_its_frame_and_a_wish_ends_it():
    assert traits("Please no gore, torture or suicide, but I love ghosts.") == {
        "gore",
        "torture",
        "self_harm",
    }


def test_games_have_traits_that_films_lack():
    text = "No violence, no swearing and no gambling please"
    assert traits(text, GAME) == {"violence", "language", "gambling"}
    assert traits(text) == {"violence", "strong_language"}


def test_a_new_trait_is_known_by_its_topics_until_it_has_cues_of_its_own(tmp_path):
    definition = tmp_path / "trait.toml"
    definition.write_text('[trait.balloons]\nname = "Balloons"\navoid = "balloons"\ntopics = ["balloons"]\n')
    taxonomy = FILM.extended(definition)
    assert traits("I hate balloons", taxonomy) == {"balloons"}
    assert traits("I'm globophobic", taxonomy) == set()
    cues = tmp_path / "cues.toml"
    cues.write_text('[trait.balloons]\ntopics = ["balloon*"]\nstrong = ["globophob*"]\n')
    lexicon = load_lexicon().extended(cues)
    found = RuleDetector(lexicon=lexicon).detect(conversation("I'm globophobic"), {}, taxonomy)
    assert found.constraints == {"balloons": DEFAULT_THRESHOLD}


def test_abstains_below_the_asked_probability():
    messages = conversation("No gore please")
    assert RuleDetector(report_from=0.999).detect(messages, {}, FILM) == Detection()
    assert len(detect_traits(messages, FILM)) == 1


def test_what_was_said_stays_out_of_the_repr():
    [found] = detect_traits(conversation("I have arachnophobia"), FILM)
    assert "phobia" not in repr(found)
    assert "spiders" not in repr(found)
    assert "spiders" not in repr(RuleDetector().detect(conversation("I have arachnophobia"), {}, FILM))


WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        "i my no not do gore spiders , . ! but love hate makes me sick wife who she kids 6 year old with "
        "lost to suicide the Suicide Squad couldn't sleep w/o can't stand Saw İ ß 👻 ’ avoid those without",
    )
)


@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=60).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_traits_of_the_taxonomy_with_spans_inside_it(text):
    messages = (Message(role="user", content=text),)
    for taxonomy in (FILM, GAME):
        found = detect_traits(messages, taxonomy)
        assert found == detect_traits(messages, taxonomy)
        assert len({disclosure.trait for disclosure in found}) == len(found)
        for disclosure in found:
            assert taxonomy.find(disclosure.trait) is not None
            assert 0 <= disclosure.start < disclosure.end <= len(text)
            assert disclosure.text == text[disclosure.start : disclosure.end]


def test_importing_the_detector_imports_no_heavy_package():
    heavy = ("torch", "transformers", "datasets", "scipy")
    code = f"import sys, safecrs.detection; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
