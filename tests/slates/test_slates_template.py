"""The analysis before a list: traits in the taxonomy's order, then single topics and ages."""

from __future__ import annotations

from safecrs.slates.template import NOTHING_TO_RESPECT, reasoning_text
from safecrs.taxonomy import load_taxonomy


def test_concerns_that_are_no_traits_of_the_taxonomy_come_last() -> None:
    taxonomy = load_taxonomy("film").assigned
    text = reasoning_text(["topic_terrorism", "age_6", "gore", "animal_harm"], taxonomy)
    assert text.index("animal harm") < text.index("gore") < text.index("age 6") < text.index("terrorism")
    assert "topic" not in text
    assert reasoning_text([], taxonomy) == NOTHING_TO_RESPECT
