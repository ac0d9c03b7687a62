"""Sentences that disclose a sensitivity (``phrasings.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from safecrs.benchmark.sample import STYLES, Style
from safecrs.taxonomy import Domain, Taxonomy, Trait


@dataclass(frozen=True, slots=True)
class Phrasings:
    """Sentences that disclose a trait, and the words of a request that contradict it.

    Attributes:
        sentences: by trait id, style and whether they are held out: those are never used in training.
        conflicts: by trait id.
    """

    sentences: Mapping[tuple[str, Style, bool], list[str]]
    conflicts: Mapping[str, re.Pattern[str]]

    def of(self, trait: str, style: Style, held_out: bool) -> list[str]:
        """The sentences of one trait, style and side."""
        return self.sentences[trait, style, held_out]


def load_phrasings(taxonomy: Taxonomy) -> Phrasings:
    """Phrasings of every trait of ``taxonomy``; a trait a user added gets plain ones from its ``avoid``."""
    shipped = _shipped(taxonomy.domain)
    sentences: dict[tuple[str, Style, bool], list[str]] = {}
    conflicts: dict[str, re.Pattern[str]] = {}
    for trait in taxonomy.traits:
        entry = shipped.get(trait.id) or _plain(trait)
        for style in STYLES:
            sentences[trait.id, style, False] = entry[style]
            sentences[trait.id, style, True] = entry[f"held_out_{style}"]
        if words := entry["conflicts"]:
            conflicts[trait.id] = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
    return Phrasings(sentences, conflicts)


def _plain(trait: Trait) -> dict[str, list[str]]:
    return {
        "explicit": [f"Please leave out {trait.avoid}.", f"I don't want {trait.avoid}."],
        "held_out_explicit": [f"I'd rather avoid {trait.avoid}."],
        "implicit": [f"I have my reasons for staying away from {trait.avoid}."],
        "held_out_implicit": [f"My friends know better than to bring me {trait.avoid}."],
        "conflicts": [],
    }


@cache
def _shipped(domain: Domain) -> dict[str, dict[str, list[str]]]:
    table = tomllib.loads((files("safecrs.benchmark.wording") / "phrasings.toml").read_text(encoding="utf-8"))
    entries: dict[str, dict[str, list[str]]] = table[domain]
    return entries
