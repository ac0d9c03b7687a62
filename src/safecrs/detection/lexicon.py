"""What people say when they disclose a trait: the cue files, read, checked and compiled for matching."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from safecrs.detection.cues import Classes, CueMatcher
from safecrs.errors import SafecrsError
from safecrs.taxonomy import Taxonomy

CueKind = Literal["topics", "strong", "life", "wants", "films"]
FrameKind = Literal["asked", "near", "felt", "after", "back", "plot", "welcome_before", "welcome_after"]
StrengthKind = Literal["strict", "lax", "neither"]
CUE_KINDS: tuple[CueKind, ...] = ("topics", "strong", "life", "wants", "films")


@dataclass(frozen=True, slots=True)
class TraitCues:
    """The cues of one trait by kind (see the head of ``cues.toml``)."""

    cues: Mapping[CueKind, tuple[str, ...]]
    otherwise: str | None = None
    """The trait these cues stand for in a taxonomy that lacks this one."""


@dataclass(frozen=True)
class Lexicon:
    """Cues of traits, frames around them, and the people a message may speak of."""

    classes: Classes
    frames: Mapping[FrameKind, tuple[str, ...]]
    together: tuple[str, ...]
    absent: tuple[str, ...]
    reactions: tuple[str, ...]
    companions: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    """Who watches along → the traits that follows, and its cues."""
    strengths: Mapping[StrengthKind, tuple[str, ...]]
    """Words that say how much of a thing is too much (``strength.toml``)."""
    traits: Mapping[str, TraitCues]
    _compiled: dict[tuple[str, ...], CueMatcher[tuple[str, CueKind]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def extended(self, path: Path) -> Lexicon:
        """This lexicon with the ``[trait.…]`` tables of a TOML file added, those of the same id replaced.

        Raises:
            SafecrsError: the file is missing, is not TOML or holds a broken cue.
        """
        added = _traits(_read(path.read_text, str(path)), str(path))
        for trait, entry in added.items():
            try:
                CueMatcher(((cue, kind) for kind, cues in entry.cues.items() for cue in cues), self.classes)
            except SafecrsError as error:
                raise SafecrsError(f"{path}, trait {trait!r}: {error}") from error
        return Lexicon(
            self.classes,
            self.frames,
            self.together,
            self.absent,
            self.reactions,
            self.companions,
            self.strengths,
            {**self.traits, **added},
        )

    def matcher(self, taxonomy: Taxonomy) -> CueMatcher[tuple[str, CueKind]]:
        """Finds the cues of ``taxonomy``'s traits; one without cues is known by its aliases and topics."""
        if taxonomy.ids not in self._compiled:
            self._compiled[taxonomy.ids] = CueMatcher(self._labelled(taxonomy), self.classes)
        return self._compiled[taxonomy.ids]

    def _labelled(self, taxonomy: Taxonomy) -> Iterator[tuple[str, tuple[str, CueKind]]]:
        for name, entry in self.traits.items():
            trait = name if name in taxonomy.column else entry.otherwise
            if trait in taxonomy.column:
                for kind, cues in entry.cues.items():
                    for cue in cues:
                        yield cue, (trait, kind)
        for plain in taxonomy.traits:
            if plain.id not in self.traits:
                for name in (*plain.aliases, *plain.topics):
                    if words := "".join(
                        c if c.isalnum() else " " for c in name.lower().replace("'", "")
                    ).split():
                        yield " ".join(words), (plain.id, "topics")

    @cached_property
    def frame_matcher(self) -> CueMatcher[FrameKind]:
        """Finds frames."""
        return CueMatcher(((cue, kind) for kind, cues in self.frames.items() for cue in cues), self.classes)

    @cached_property
    def strength_matcher(self) -> CueMatcher[StrengthKind]:
        """Finds words of strength."""
        return CueMatcher(
            ((cue, kind) for kind, cues in self.strengths.items() for cue in cues), self.classes
        )

    @cached_property
    def company_matcher(self) -> CueMatcher[str]:
        """Finds who watches along ("together", "absent", or a companion), and reactions ("reaction")."""
        named = {"together": self.together, "absent": self.absent, "reaction": self.reactions}
        named |= {name: cues for name, (_, cues) in self.companions.items()}
        return CueMatcher(((cue, name) for name, cues in named.items() for cue in cues), self.classes)


@cache
def load_lexicon() -> Lexicon:
    """The shipped lexicon: English, every trait of the film and game taxonomies."""
    folder = files("safecrs.detection") / "lexicon"
    people, frames, companions, strengths, cues = (
        _read((folder / name).read_text, name)
        for name in ("people.toml", "frames.toml", "companions.toml", "strength.toml", "cues.toml")
    )
    classes = _classes(people["classes"])
    return Lexicon(
        classes=classes,
        frames={
            **{kind: tuple(frames["averse"][kind]) for kind in ("asked", "near", "felt", "after", "back")},
            "plot": tuple(frames["welcome"]["plot"]),
            "welcome_before": tuple(frames["welcome"]["before"]),
            "welcome_after": tuple(frames["welcome"]["after"]),
        },
        together=tuple(people["company"]["together"]),
        absent=tuple(people["company"]["absent"]),
        reactions=tuple(frames["reaction"]["frames"]),
        companions={
            name: (tuple(entry["traits"]), tuple(entry["cues"]))
            for name, entry in companions["companion"].items()
        },
        strengths={kind: tuple(strengths[kind]) for kind in ("strict", "lax", "neither")},
        traits=_traits(cues, "cues.toml"),
    )


def _classes(table: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    classes = {name: frozenset(words) for name, words in table.items()}
    for name in ("household", "children", "relatives", "strangers", "pet"):
        # "my brother's" and "brothers" alike
        classes[name] |= {f"{word}s" for word in classes[name] if not word.endswith("s")}
    classes["own"] = classes["self"] | classes["my"]
    classes["family"] = classes["household"] | classes["children"]
    classes["kin"] = classes["family"] | classes["relatives"]
    classes["people"] = (classes["kin"] | classes["strangers"]) - {"who", "whose"}
    classes["someone"] = frozenset({"me", "us", "her", "him", "them", "you"})
    return classes


def _traits(table: Mapping[str, Any], name: str) -> dict[str, TraitCues]:
    entries = table.get("trait")
    if not isinstance(entries, dict) or not entries:
        raise SafecrsError(f'{name} holds no cues: write a [trait.my_trait] table with topics = ["…"].')
    traits: dict[str, TraitCues] = {}
    for trait, entry in entries.items():
        where = f"{name}, trait {trait!r}"
        if not isinstance(entry, dict) or not set(entry) <= {*CUE_KINDS, "otherwise"}:
            raise SafecrsError(f"{where}: only {', '.join(CUE_KINDS)} and otherwise may stand in its table.")
        for kind in CUE_KINDS:
            cues = entry.get(kind, [])
            if not isinstance(cues, list) or not all(isinstance(cue, str) for cue in cues):
                raise SafecrsError(f"{where}: {kind} must be a list of texts.")
        traits[trait] = TraitCues(
            {kind: tuple(entry[kind]) for kind in CUE_KINDS if entry.get(kind)}, entry.get("otherwise")
        )
    return traits


def _read(read: Callable[..., str], name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SafecrsError(f"{name} does not exist.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SafecrsError(f"{name} is not readable TOML: {error}.") from error
