"""The lexicon: the cue files, read, checked and compiled into matchers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from safecrs.detection.cues import Classes, CueMatcher
from safecrs.errors import SafecrsError
from safecrs.storage import read_toml
from safecrs.taxonomy import Taxonomy
from safecrs.taxonomy.topics import topic_slug

CueKind = Literal["topics", "strong", "life", "wants", "films"]
TriggerKind = Literal["asked", "near", "felt", "after", "back", "plot", "welcome_before", "welcome_after"]
TurnKind = Literal["open", "averse", "welcome", "yes", "no", "all", "last", "calm", "story"]
StrengthKind = Literal["neither", "strict", "lax"]
CUE_KINDS: tuple[CueKind, ...] = get_args(CueKind)
TOPIC = "topic_"
"""How the ids of topics that are concerns by themselves begin."""
Cues = tuple[str, ...]
_Kind = TypeVar("_Kind", bound=str)


@dataclass(frozen=True, slots=True)
class TraitCues:
    """The cues of one trait by kind (see the head of ``cues.toml``)."""

    cues: Mapping[CueKind, Cues]
    otherwise: str | None = None
    """The trait or concern that these cues stand for in a taxonomy that lacks this one."""
    replaces: tuple[str, ...] = ()
    """Traits whose cues give way to these at the same words."""


@dataclass(frozen=True)
class Lexicon:
    """Cues of traits, triggers that govern them, and the people a message may speak of.

    Attributes:
        classes: name of a word class → its words.
        strengths: words of strength (``strength.toml``).
        company: who watches along ("together", "absent", or a companion) and how films were taken
            ("reaction") → cues.
        companions: who watches along → the traits that follow where a taxonomy has no ages.
        ages: who watches along → the age that is meant where none is named.
        topics: id of a topic that is a concern by itself → cues.
        turns: what the recommender asks, how it is answered, and what takes a disclosure back → cues.
    """

    classes: Classes
    triggers: Mapping[TriggerKind, Cues]
    strengths: Mapping[StrengthKind, Cues]
    company: Mapping[str, Cues]
    companions: Mapping[str, tuple[str, ...]]
    ages: Mapping[str, int]
    traits: Mapping[str, TraitCues]
    topics: Mapping[str, Cues] = field(default_factory=dict)
    turns: Mapping[TurnKind, Cues] = field(default_factory=dict)
    _compiled: dict[tuple[object, ...], CueMatcher[tuple[str, CueKind]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    _replaced: dict[tuple[str, ...], Mapping[str, tuple[str, ...]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def extended(self, path: Path) -> Lexicon:
        """This lexicon with the ``[trait.…]`` tables of a TOML file added, those of the same id replaced.

        Raises:
            SafecrsError: the file is missing, is not TOML or holds a broken cue.
        """
        added = _traits(read_toml(path.read_text, str(path)), str(path))
        for trait, entry in added.items():
            try:
                CueMatcher(_listed(entry.cues), self.classes)
            except SafecrsError as error:
                raise SafecrsError(f"{path}, trait {trait!r}: {error}") from error
        return replace(self, traits={**self.traits, **added}, _compiled={}, _replaced={})

    def matcher(self, taxonomy: Taxonomy) -> CueMatcher[tuple[str, CueKind]]:
        """Finds the cues of ``taxonomy``'s traits; one without cues is known by its aliases and topics."""
        plain = {
            trait.id: (*trait.aliases, *trait.topics)
            for trait in taxonomy.traits
            if trait.id not in self.traits
        }
        key = (taxonomy.ids, *plain.items())
        if key not in self._compiled:
            self._compiled[key] = CueMatcher(self._labelled(taxonomy, plain), self.classes)
        return self._compiled[key]

    def standing(self, trait: str, taxonomy: Taxonomy) -> str | None:
        """What the cues of ``trait`` stand for in ``taxonomy``: itself, another, a topic, or nothing.

        Films have every trait, so that topics stand for those of another domain only.
        """
        entry = self.traits.get(trait)
        name = trait if trait in taxonomy.column or not entry else entry.otherwise
        if not name or (name.startswith(TOPIC) and taxonomy.domain == "film"):
            return None
        return name if taxonomy.find(name) else None

    def replaced(self, taxonomy: Taxonomy) -> Mapping[str, tuple[str, ...]]:
        """What has cues of its own → what gives way to it at the same words."""
        if taxonomy.ids not in self._replaced:
            self._replaced[taxonomy.ids] = {
                own: tuple(
                    name
                    for other in entry.replaces
                    if (name := self.standing(other, taxonomy)) and name != own
                )
                for trait, entry in self.traits.items()
                if (own := self.standing(trait, taxonomy))
                if trait == own or own.startswith(TOPIC)
            }
        return self._replaced[taxonomy.ids]

    def _labelled(
        self, taxonomy: Taxonomy, plain: Mapping[str, Cues]
    ) -> Iterator[tuple[str, tuple[str, CueKind]]]:
        for name, entry in self.traits.items():
            if trait := self.standing(name, taxonomy):
                for cue, kind in _listed(entry.cues):
                    yield cue, (trait, kind)
        for topic, cues in self.topics.items():
            for cue in cues:
                yield cue, (topic, "topics")
        for trait, names in plain.items():
            for name in names:
                words = "".join(c if c.isalnum() else " " for c in name.lower().replace("'", ""))
                if words.strip():
                    yield words, (trait, "topics")

    @cached_property
    def trigger_matcher(self) -> CueMatcher[TriggerKind]:
        """Finds triggers."""
        return CueMatcher(_listed(self.triggers), self.classes)

    @cached_property
    def turn_matcher(self) -> CueMatcher[TurnKind]:
        """Finds the cues of ``turns``."""
        return CueMatcher(_listed(self.turns), self.classes)

    @cached_property
    def strength_matcher(self) -> CueMatcher[StrengthKind]:
        """Finds words of strength."""
        return CueMatcher(_listed(self.strengths), self.classes)

    @cached_property
    def company_matcher(self) -> CueMatcher[str]:
        """Finds the cues of ``company``."""
        return CueMatcher(_listed(self.company), self.classes)


@cache
def load_lexicon() -> Lexicon:
    """The shipped lexicon: English, every trait of the film and game taxonomies."""
    folder = files("safecrs.detection") / "lexicon"
    people, triggers, companions, strengths, topics, cues = (
        read_toml((folder / f"{name}.toml").read_text, f"{name}.toml")
        for name in ("people", "triggers", "companions", "strength", "topics", "cues")
    )
    welcome, along = triggers["welcome"], companions["companion"]
    return Lexicon(
        classes=_classes(people["classes"]),
        triggers={
            **triggers["averse"],
            "plot": welcome["plot"],
            "welcome_before": welcome["before"],
            "welcome_after": welcome["after"],
        },
        strengths={kind: strengths[kind] for kind in get_args(StrengthKind)},
        company={
            **people["company"],
            "reaction": triggers["reaction"]["cues"],
            **{name: entry["cues"] for name, entry in along.items()},
        },
        companions={name: tuple(entry["traits"]) for name, entry in along.items()},
        ages={name: int(entry["age"]) for name, entry in along.items()},
        traits=_traits(cues, "cues.toml"),
        topics={TOPIC + topic_slug(topic): tuple(listed) for topic, listed in topics.items()},
        turns={**triggers["question"], **triggers["withdrawal"]},
    )


def _listed(groups: Mapping[_Kind, Cues]) -> Iterator[tuple[str, _Kind]]:
    return ((cue, kind) for kind, cues in groups.items() for cue in cues)


def _classes(table: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    classes = {name: frozenset(words) for name, words in table.items()}
    for name in ("household", "children", "relatives", "strangers", "pet"):
        # "my brother's" and "brothers" alike
        classes[name] |= {f"{word}s" for word in classes[name] if not word.endswith("s")}
    family = classes["household"] | classes["children"]
    kin = family | classes["relatives"]
    return classes | {
        "own": classes["self"] | classes["my"],
        "family": family,
        "kin": kin,
        "people": (kin | classes["strangers"]) - {"who", "whose"},
        "someone": frozenset({"me", "us", "her", "him", "them", "you"}),
    }


def _traits(table: Mapping[str, Any], name: str) -> dict[str, TraitCues]:
    entries = table.get("trait")
    if not isinstance(entries, dict) or not entries:
        raise SafecrsError(f'{name} holds no cues: write a [trait.my_trait] table with topics = ["…"].')
    traits: dict[str, TraitCues] = {}
    for trait, entry in entries.items():
        where = f"{name}, trait {trait!r}"
        if not isinstance(entry, dict) or not set(entry) <= {*CUE_KINDS, "otherwise", "replaces"}:
            raise SafecrsError(
                f"{where}: only {', '.join(CUE_KINDS)}, otherwise and replaces may stand in its table."
            )
        if not isinstance(otherwise := entry.get("otherwise"), str | None):
            raise SafecrsError(f"{where}: otherwise must be the id of a trait.")
        for kind in (*CUE_KINDS, "replaces"):
            cues = entry.get(kind, [])
            if not isinstance(cues, list) or not all(isinstance(cue, str) for cue in cues):
                raise SafecrsError(f"{where}: {kind} must be a list of texts.")
        traits[trait] = TraitCues(
            {kind: tuple(entry[kind]) for kind in CUE_KINDS if entry.get(kind)},
            otherwise,
            tuple(entry.get("replaces", ())),
        )
    return traits
