"""Sentences that disclose a sensitivity (``phrasings.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from safecrs.benchmark.sample import Style
from safecrs.taxonomy import Domain, Taxonomy, Trait


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One sentence (or two) that discloses a trait; held-out ones are never used in training."""

    style: Style
    held_out: bool
    text: str


@dataclass(frozen=True, slots=True)
class Phrasings:
    """Phrasings by trait id, and the words of a request that contradict a trait."""

    by_trait: Mapping[str, tuple[Phrasing, ...]]
    conflicts: Mapping[str, re.Pattern[str]]

    def of(self, trait: str, style: Style, held_out: bool) -> list[str]:
        """The sentences of one trait, style and side."""
        return [
            phrasing.text
            for phrasing in self.by_trait[trait]
            if phrasing.style == style and phrasing.held_out == held_out
        ]


def load_phrasings(taxonomy: Taxonomy) -> Phrasings:
    """Phrasings of every trait of ``taxonomy``; a trait a user added gets plain ones from its ``avoid``."""
    shipped = _shipped(taxonomy.domain)
    by_trait: dict[str, tuple[Phrasing, ...]] = {}
    conflicts: dict[str, re.Pattern[str]] = {}
    for trait in taxonomy.traits:
        entry = shipped.get(trait.id) or _plain(trait)
        by_trait[trait.id] = tuple(
            Phrasing(style, held_out, text)
            for style in ("explicit", "implicit")
            for held_out in (False, True)
            for text in entry[f"held_out_{style}" if held_out else style]
        )
        if words := entry["conflicts"]:
            conflicts[trait.id] = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})s?\b", re.IGNORECASE)
    return Phrasings(by_trait, conflicts)


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
