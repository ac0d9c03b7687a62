from __future__ import annotations

import pytest
from pydantic import ValidationError

from safecrs.benchmark import Disclosed, Sample, completion_text
from safecrs.conversation import Message
from safecrs.errors import SafecrsError
from safecrs.slates.template import NOTHING_TO_RESPECT, reasoning_text
from safecrs.taxonomy import load_taxonomy

GOOD = {
    "id": "x:1",
    "split": "test",
    "domain": "film",
    "source": "movielens",
    "prompt": (Message(role="user", content="No gore. Something good?"),),
    "constraints": ("gore",),
    "all_liked": (("Heat", 1995), ("Saw", 2004), ("Untitled", None)),
    "groundtruth": (("Heat", 1995), ("Untitled", None)),
    "removed": (("Saw", 2004),),
    "reasoning": "…",
    "disclosure": (Disclosed(trait="gore", style="explicit", position="before", text="No gore."),),
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"groundtruth": (("Heat", 1995),)}, "partition"),
        ({"groundtruth": ()}, "at least 1"),
        ({"disclosure": ()}, "disagree"),
        ({"prompt": (Message(role="assistant", content="Hi"),)}, "user's"),
        ({"constraints": ("gore", "gore")}, "twice"),
        ({"split": "dev"}, "train"),
    ],
)
def test_inconsistent_samples_are_refused(change, words):
    Sample.model_validate(GOOD)
    with pytest.raises(ValidationError, match=words):
        Sample.model_validate(GOOD | change)


def test_completion_is_the_reasoning_and_one_label_a_line():
    sample = Sample.model_validate(GOOD)
    assert completion_text(sample, reasoning=False) == "Heat (1995)\nUntitled"
    assert completion_text(sample) == (
        "<reasoning>…</reasoning>\n<solution>\nHeat (1995)\nUntitled\n</solution>"
    )


def test_reasoning_names_traits_once_in_taxonomy_order():
    taxonomy = load_taxonomy("film").assigned
    assert reasoning_text((), taxonomy) == NOTHING_TO_RESPECT
    text = reasoning_text(["happy_ending", "gore", "squeamish"], taxonomy)
    assert text == (
        "The user is sensitive to gore and sad endings: "
        "leave out films with blood, gore or body horror and films that end sadly."
    )
    with pytest.raises(SafecrsError, match="Unknown film trait"):
        reasoning_text(["boredom"], taxonomy)


@pytest.mark.parametrize("domain", ["film", "game"])
def test_every_trait_has_a_reasoning_of_one_sentence(domain):
    taxonomy = load_taxonomy(domain).assigned
    for trait in taxonomy.traits:
        text = reasoning_text([trait.id], taxonomy)
        assert trait.avoid in text
        assert text.count(".") == 1
        assert text.endswith(".")
