"""Request templates (``film_requests.toml``, ``game_requests.toml``), filled with a person's items."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from safecrs.catalog import make_label
from safecrs.conversation import Message
from safecrs.taxonomy import Domain

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """Turns with slots, user first and last; ``slots`` are the slots in any of them."""

    turns: tuple[str, ...]
    held_out: bool
    slots: frozenset[str]


@dataclass(frozen=True, slots=True)
class Templates:
    """Request templates and the words that fill their slots."""

    requests: tuple[Template, ...]
    company: tuple[str, ...]
    occasion: tuple[str, ...]
    plain_mood: tuple[str, ...]
    genres: dict[str, str]
    moods: dict[str, tuple[str, ...]]

    def usable(self, held_out: bool, genre: str | None) -> list[Template]:
        """Templates for training (``held_out`` False) or for evaluation, which draws from all of them.

        Those that name a genre need one.
        """
        return [
            template
            for template in self.requests
            if (held_out or not template.held_out) and (genre in self.genres or "genre" not in template.slots)
        ]

    def render(
        self,
        template: Template,
        items: Sequence[tuple[str, int | None]],
        genre: str | None,
        rng: np.random.Generator,
    ) -> tuple[Message, ...]:
        """The conversation, with the items written with or without their years (at least two items)."""
        dated = rng.random() < 0.4
        names = [make_label(title, year if dated else None) for title, year in items]
        first = names.pop(0) if "first" in template.slots else ""
        words = {
            "first": first,
            "items": _list(names, comma_only=rng.random() < 0.15),
            "genre": self.genres.get(genre or "", ""),
            "mood": _choice(rng, self.moods.get(genre or "", self.plain_mood)),
            "company": _choice(rng, self.company),
            "occasion": _choice(rng, self.occasion),
        }
        return tuple(
            Message(
                role="assistant" if position % 2 else "user",
                content=_SLOT.sub(lambda slot: words[slot[1]], turn),
            )
            for position, turn in enumerate(template.turns)
        )


@cache
def load_templates(domain: Domain = "film") -> Templates:
    """The shipped templates of a domain."""
    resource = files("safecrs.benchmark.wording") / f"{domain}_requests.toml"
    table = tomllib.loads(resource.read_text(encoding="utf-8"))
    words = table["words"]
    return Templates(
        requests=tuple(
            Template(
                tuple(entry["turns"]),
                bool(entry.get("held_out", False)),
                frozenset(_SLOT.findall(" ".join(entry["turns"]))),
            )
            for entry in table["request"]
        ),
        company=tuple(words["company"]),
        occasion=tuple(words["occasion"]),
        plain_mood=tuple(words["plain_mood"]),
        genres=dict(words["genres"]),
        moods={genre: tuple(moods) for genre, moods in words["moods"].items()},
    )


def _choice(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _list(names: Sequence[str], comma_only: bool) -> str:
    if comma_only or len(names) == 1:
        return ", ".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
