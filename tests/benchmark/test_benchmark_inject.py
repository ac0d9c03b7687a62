from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.benchmark.sample import SPLITS
from safecrs.benchmark.seeding import rng_for
from safecrs.benchmark.wording.inject import disclose
from safecrs.benchmark.wording.phrasings import load_phrasings
from safecrs.conversation import Message
from safecrs.taxonomy import Trait, load_taxonomy

FILM = load_taxonomy("film").assigned
PHRASINGS = load_phrasings(FILM)


@pytest.mark.parametrize(("domain", "explicit", "implicit"), [("film", 8, 6), ("game", 3, 3)])
def test_every_trait_has_enough_phrasings_and_no_wording_on_both_sides(domain, explicit, implicit):
    taxonomy = load_taxonomy(domain).assigned
    phrasings = load_phrasings(taxonomy)
    for trait in taxonomy.ids:
        for style, least in (("explicit", explicit), ("implicit", implicit)):
            train, held_out = (phrasings.of(trait, style, side) for side in (False, True))
            assert train
            assert held_out
            assert len(set(train + held_out)) == len(train + held_out) >= least
            for text in train + held_out:
                assert text[0].isupper() or text[0] in "'\"13"
                assert text.endswith((".", "!", "?"))


def test_no_wording_stands_for_two_traits():
    texts = Counter(text for options in PHRASINGS.sentences.values() for text in options)
    assert max(texts.values()) == 1


@given(
    st.lists(st.sampled_from(FILM.ids), min_size=1, max_size=3, unique=True),
    st.sampled_from(SPLITS),
    st.integers(0, 10_000),
    st.sampled_from(
        [
            "I liked Dr. Strangelove, Monsters, Inc. and E.T. What next?",
            "hi there, something like The Mask (1994)",
            "Hello! Anything good? I don't mind the genre. Thanks",
            "x",
        ]
    ),
)
def test_every_disclosure_stands_word_for_word_and_the_request_survives(traits, split, seed, request):
    before = (Message(role="user", content="Hi"), Message(role="assistant", content="Yes?"))
    messages = (*before, Message(role="user", content=request))
    titles = ("Dr. Strangelove", "Monsters, Inc.", "E.T.", "The Mask")
    prompt, said = disclose(messages, traits, split, PHRASINGS, rng_for(seed, "t"), titles)
    assert prompt[:-1] == before
    assert [disclosed.trait for disclosed in said] == traits
    rest = prompt[-1].content
    for disclosed in said:
        assert disclosed.text in PHRASINGS.of(disclosed.trait, disclosed.style, split != "train")
        assert rest.count(disclosed.text) == 1
        rest = rest.replace(disclosed.text, "")
    words = re.sub(r"\b(Also,|And|Oh, and|On top of that,)(?=\s|$)", "", rest)
    strip = re.compile(r"[\s.]+")
    assert strip.sub("", words) == strip.sub("", request)
    for title in titles:
        assert prompt[-1].content.count(title) == request.count(title)


def test_positions_mean_what_they_say():
    message = (Message(role="user", content="I loved Heat. What else is there?"),)
    seen = set()
    for seed in range(60):
        prompt, (said,) = disclose(message, ("gore",), "train", PHRASINGS, rng_for(seed, "t"))
        text = prompt[-1].content
        expected = {
            "before": f"{said.text} I loved Heat. What else is there?",
            "inside": f"I loved Heat. {said.text} What else is there?",
            "after": f"I loved Heat. What else is there? {said.text}",
        }
        assert text == expected[said.position]
        seen.add((said.position, said.style))
    assert len(seen) == 6


def test_nothing_is_said_before_a_greeting():
    message = (Message(role="user", content="Hello! I loved Heat."),)
    for seed in range(30):
        prompt, _ = disclose(message, ("gore",), "test", PHRASINGS, rng_for(seed, "t"))
        assert prompt[-1].content.startswith("Hello!")


def test_no_phrasing_names_an_item_of_the_case():
    message = (Message(role="user", content="I loved Titanic."),)
    for seed in range(80):
        prompt, _ = disclose(message, ("happy_ending",), "train", PHRASINGS, rng_for(seed, "t"), ["Titanic"])
        assert prompt[-1].content.count("Titanic") == 1


def test_without_traits_nothing_changes():
    message = (Message(role="user", content="I loved Heat."),)
    assert disclose(message, (), "train", PHRASINGS, rng_for(0)) == (message, ())


def test_an_added_trait_gets_plain_phrasings():
    trait = Trait(id="mirrors", name="Mirrors", avoid="films with mirrors", topics={"mirrors": 1.0})
    taxonomy = FILM.model_copy(update={"traits": (*FILM.traits, trait)})
    phrasings = load_phrasings(taxonomy)
    for split in SPLITS:
        prompt, _ = disclose(
            (Message(role="user", content="Any tips?"),), ("mirrors",), split, phrasings, rng_for(1, split)
        )
        assert "films with mirrors" in prompt[-1].content
