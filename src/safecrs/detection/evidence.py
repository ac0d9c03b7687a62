"""Evidence in one message: which words disclose which trait, and by which rule."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple, TypeVar

from safecrs.detection.audience import read_age
from safecrs.detection.cues import Match, leftmost_longest
from safecrs.detection.lexicon import CUE_KINDS, TOPIC, CueKind, Lexicon
from safecrs.detection.people import Cast, Who
from safecrs.detection.scope import WELCOME, govern, negated
from safecrs.detection.strength import Anchor, Strength, read_strengths
from safecrs.detection.tokens import Token, title_words, tokenise
from safecrs.storage import read_toml
from safecrs.taxonomy import Taxonomy, audience_id

_NEAR_REACTION = 12
"""Words between a film and the reaction to it."""
_LOOSE_REACH = 30
"""Words to either side of a topic that the loose rule reads."""
_FILMS = frozenset([
    "film", "films", "movie", "movies", "flick", "flicks", "game", "games", "please", "suggestions",
    "suggestion", "recs", "rec", "recommendations", "recommendation", "comedies", "comedy",
])  # fmt: skip
"""After a topic they make a wish of it: "… what zombie movie could we watch?" """
_PRAISE = frozenset(
    f"{is_} a {good}"
    for is_ in ("its", "is", "was", "thats")
    for good in ("good", "great", "nice", "fun", "cute")
)
"""Before "family friendly" an opinion of a named film, not a wish."""
_WORKS = frozenset(
    ["film", "films", "movie", "movies", "drama", "comedy", "story", "one", "thriller", "game"]
)
_WISHING = frozenset(["love", "loved", "enjoy", "enjoyed", "prefer", "adore", "looking", "searching"])

_Topic = Match[tuple[str, CueKind]]
_Span = tuple[str, str, int, int]
"""Trait, rule, and the tokens that are its evidence."""


class Evidence(NamedTuple):
    """Characters ``start`` up to ``end`` of a message disclose ``trait`` with a calibrated probability."""

    trait: str
    rule: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as the rules read it.

    Attributes:
        denied: traits that it mentions without disclosing them: welcomed, negated, told as a plot, or another
            person's.
        tolerated: those of the denied that it says are fine, which takes back what was disclosed before.
        named: trait → the topics of its own by which the message names it.
        strengths: trait → how strict its threshold is, where it is not the default.
    """

    evidence: tuple[Evidence, ...]
    denied: frozenset[str]
    tolerated: frozenset[str]
    named: Mapping[str, frozenset[str]]
    strengths: Mapping[str, Strength]


def read_message(text: str, taxonomy: Taxonomy, lexicon: Lexicon, asked: bool = False) -> Reading:
    """All evidence in one message, the traits it denies, and how strict its thresholds are.

    Args:
        asked: the message answers the question what to avoid, so that naming a topic discloses it.
    """
    tokens = tokenise(text)
    reader = _Reader(text, tokens, taxonomy, lexicon, asked)
    evidence = tuple(
        Evidence(trait, rule, tokens[start].start, tokens[end - 1].end, rule_probabilities()[rule])
        for trait, rule, start, end in reader.read()
    )
    denied = frozenset(reader.denied - {found.trait for found in evidence})
    words = lexicon.strength_matcher.find(tokens) if evidence else ()
    return Reading(
        evidence,
        denied,
        denied & reader.tolerated(),
        reader.named(),
        read_strengths(tokens, words, reader.anchors()) if words else {},
    )


@cache
def rule_probabilities() -> Mapping[str, float]:
    """Rule → its smoothed precision on the development turns (``calibration.toml``)."""
    table = read_toml((files("safecrs.detection") / "calibration.toml").read_text, "calibration.toml")
    return {rule: float(value) for rule, value in table["probability"].items()}


class _Reader:
    """The rules, applied to one message."""

    def __init__(
        self, text: str, tokens: Sequence[Token], taxonomy: Taxonomy, lexicon: Lexicon, asked: bool
    ) -> None:
        self._tokens, self._taxonomy, self._lexicon, self._asked = tokens, taxonomy, lexicon, asked
        self._titles = title_words(text, tokens)
        self._sentences = [place for place, token in enumerate(tokens) if token.boundary == 2] + [len(tokens)]
        self._cast = Cast(tokens, lexicon)
        self._negated = partial(negated, tokens, classes=lexicon.classes)
        self._found: dict[CueKind, list[_Topic]] = {kind: [] for kind in CUE_KINDS}
        matches = lexicon.matcher(taxonomy).find(tokens)
        named = {m.start for m in matches if m.label[1] == "films" and m.end - m.start == 1}
        replaces = lexicon.replaced(taxonomy)
        covered: dict[str, dict[int, int]] = defaultdict(dict)
        """Trait → place → the longest cue there to which those of the trait give way."""
        for match in matches:
            for replaced in replaces.get(match.label[0], ()):
                longest = covered[replaced]
                for place in range(match.start, match.end):
                    longest[place] = max(longest.get(place, 0), match.end - match.start)
        for match in matches:
            (trait, kind), words = match.label, range(match.start, match.end)
            title = not self._titles.isdisjoint(words) or (
                len(words) == 1 and match.start in named and tokens[match.start].capital
            )
            longest = covered[trait]
            if kind == "films" or not (title or any(longest.get(w, 0) >= len(words) for w in words)):
                self._found[kind].append(match)
        self._found["topics"], self._twins = _apart(
            self._found["topics"], taxonomy.column.keys() | replaces.keys()
        )
        # "hate speech" is a topic, not a hate of speech.
        topics = self._found["topics"]
        apart = self._titles | {t.start for t in topics if tokens[t.start].word in ("hate", "fear")}
        self._triggers = leftmost_longest(
            trigger for trigger in lexicon.trigger_matcher.find(tokens) if trigger.start not in apart
        )
        self._trigger_ends = [trigger.end for trigger in self._triggers]
        self._topics = sorted(
            (
                *_outermost([topic for topic in topics if not topic.label[0].startswith(TOPIC)]),
                *_outermost([topic for topic in topics if topic.label[0].startswith(TOPIC)]),
            ),
            key=lambda topic: topic.start,
        )
        self._governed = govern(tokens, self._topics, self._triggers, lexicon.classes)
        self._dropped: set[str] = set()
        self.denied: set[str] = set()
        """Traits that were met and not disclosed; complete after `read`."""

    def anchors(self) -> list[Anchor]:
        """Where the message speaks of a trait."""
        triggers = {position: by.trigger.start for position, by in self._governed.items()}
        return [
            Anchor(topic.start, topic.end, topic.label[0], triggers.get(position, -1))
            for position, topic in enumerate(self._topics)
        ] + [
            Anchor(match.start, match.end, match.label[0], -1)
            for kind in ("strong", "wants", "life")
            for match in self._found[kind]
        ]

    def named(self) -> dict[str, frozenset[str]]:
        """Trait → the topics by which the message names it."""
        topics: dict[str, set[str]] = defaultdict(set)
        for topic in self._topics:
            topics[topic.label[0]].update(self._twins.get((topic.start, topic.end), ()))
        return {trait: frozenset(twins) for trait, twins in topics.items()}

    def tolerated(self) -> frozenset[str]:
        """Traits of topics that the message says are fine."""
        return frozenset(self._dropped).union(
            self._topics[place].label[0]
            for place, by in self._governed.items()
            if by.trigger.label == "welcome_after"
            or (
                by.trigger.label == "welcome_before"
                and self._tokens[by.trigger.start].word in self._lexicon.classes["tolerant"]
            )
            or (by.trigger.label == "felt" and not by.averse)
        )

    def read(self) -> Iterator[_Span]:
        """All evidence; a welcomed topic outweighs what only an event of life suggests."""
        averse = [*self._averse(), *self._too_much(), *self._loose(), *self._answers()]
        welcome = {self._topics[place].label[0] for place, by in self._governed.items() if not by.averse}
        welcome -= {span[0] for span in averse}
        self.denied |= welcome
        yield from averse
        yield from self._outright()
        told = [*self._life(), *self._reactions()]
        events = [
            *_outermost([event for event in told if not event.label[0].startswith(TOPIC)]),
            *_outermost([event for event in told if event.label[0].startswith(TOPIC)]),
        ]
        yield from self._companions([event for event in events if event.label[1] == "life"])
        settled = not {"calm", "story"}.isdisjoint(
            m.label for m in self._lexicon.turn_matcher.find(self._tokens)
        )
        for event in events:
            if settled or event.label[0] in welcome:
                self.denied.add(event.label[0])
            else:
                yield (*event.label, event.start, event.end)

    def _averse(self) -> Iterator[_Span]:
        """Topics in the scope of a trigger of aversion."""
        wanted: dict[tuple[str, int], set[str]] = defaultdict(set)
        for place, topic in enumerate(self._topics):
            by = self._governed.get(place)
            if (
                by.trigger.label in ("welcome_before", "welcome_after") and not by.averse
                if by
                else self._following(topic) in _FILMS
            ):
                words = topic.start, topic.end
                wanted[topic.label[0], self._sentence(topic.start)].update(self._twins.get(words, ("",)))
        for position, by in sorted(self._governed.items()):
            if not by.averse:
                continue
            topic, trigger = self._topics[position], by.trigger
            labels = {topic.label[0]}
            liked = wanted.get((topic.label[0], self._sentence(topic.start)))
            if liked is not None:  # "a scary film, but no jump scares"
                labels = set(self._twins.get((topic.start, topic.end), ())) - liked or labels
            who = Who.USER
            if trigger.label == "felt":
                who = self._cast.subject(trigger.start)
            elif trigger.label == "after":
                who = self._cast.affected(trigger.start, trigger.end)
            elif trigger.label == "near" and self._tells_of_a_film(trigger.start):
                who = Who.OTHER
            if who is Who.OTHER:
                self.denied.update(labels)
            else:
                rule = "family" if who is Who.COMPANY else trigger.label
                start, end = min(topic.start, trigger.start), max(topic.end, trigger.end)
                yield from ((label, rule, start, end) for label in sorted(labels))

    def _sentence(self, place: int) -> int:
        return bisect_right(self._sentences, place)

    def _following(self, topic: _Topic) -> str:
        return self._tokens[topic.end].word if topic.end < len(self._tokens) else ""

    def _answers(self) -> Iterator[_Span]:
        """Topics that answer the question what to avoid; not "no, surprise me with …"."""
        if not self._asked or not self._tokens or self._tokens[0].word in self._lexicon.classes["refusals"]:
            return
        for position, topic in enumerate(self._topics):
            if position not in self._governed and self._following(topic) not in _FILMS:
                yield topic.label[0], "asked", topic.start, topic.end

    def _tells_of_a_film(self, start: int) -> bool:
        """ "It was not that scary" is an opinion, "something not that scary" a wish."""
        before = self._tokens[max(0, start - 4) : start]
        if self._tokens[start].boundary == 2 and self._tokens[start].word in ("isnt", "arent"):
            return True
        told = any(token.word in ("it", "its", "was", "were", "wasnt") for token in before) or any(
            token.word in ("watched", "saw", "seen") for token in self._tokens[max(0, start - 8) : start]
        )
        return told and not any(token.word in ("if", "long", "unless", "hope", "sure") for token in before)

    def _too_much(self) -> Iterator[_Span]:
        """ "… was too scary for me": an opinion that names whose limit was passed."""
        words = [token.word for token in self._tokens]
        for position, topic in enumerate(self._topics):
            averse = position in self._governed and self._governed[position].averse
            too, person = topic.start - 1, topic.end + 1
            if averse or too < 0 or words[too] != "too" or words[topic.end : person] != ["for"]:
                continue
            person += person < len(words) and words[person] in self._lexicon.classes["my"]
            who = self._cast.people[person] if person < len(words) else None
            if who in (Who.USER, Who.COMPANY):
                yield topic.label[0], "family" if who is Who.COMPANY else "near", too, person + 1

    def _loose(self) -> Iterator[_Span]:
        """Topics in no scope, in a sentence that averts something, welcomes nothing and names no stranger."""
        tokens = self._tokens
        sentences = self._sentences
        welcomes = [trigger.start for trigger in self._triggers if trigger.label in WELCOME]
        averse, own, strangers = (
            [place for place, token in enumerate(tokens) if token.word in self._lexicon.classes[name]]
            for name in ("averse", "own", "strangers")
        )
        for position, topic in enumerate(self._topics):
            named = topic.label[0].startswith(TOPIC)
            asked = {self._following(topic), tokens[topic.end - 1].word}  # "war films please" is a wish
            if position in self._governed or named or not _FILMS.isdisjoint(asked):
                continue
            start = max(sentences[bisect_right(sentences, topic.start) - 1], topic.start - _LOOSE_REACH)
            end = min(sentences[bisect_left(sentences, topic.end)], topic.end + _LOOSE_REACH)
            averts, named, others, wished = (
                bisect_left(places, start) < bisect_left(places, end)
                for places in (averse, own, strangers, welcomes)
            )
            if averts and named and not others and not wished:
                yield topic.label[0], "loose", topic.start, topic.end

    def _outright(self) -> Iterator[_Span]:
        """Cues that need no trigger."""
        for match in self._found["strong"]:
            who = self._cast.subject(match.start)
            if who is Who.OTHER or self._negated(match.start, 3) or self._in_fiction(match):
                self.denied.add(match.label[0])
            else:
                yield match.label[0], "family" if who is Who.COMPANY else "strong", match.start, match.end
        for match in self._found["wants"]:
            dropped = any(
                trigger.label == "welcome_before"
                and trigger.end - 1 <= match.start <= trigger.end + 1
                and self._tokens[trigger.start].word in self._lexicon.classes["dropping"]
                for trigger in self._triggers
            )
            if dropped:
                self._dropped.add(match.label[0])
            if dropped or self._negated(match.start, 5):
                self.denied.add(match.label[0])
            else:
                yield match.label[0], "wants", match.start, match.end

    def _life(self) -> Iterator[Match[tuple[str, str]]]:
        """Events of the user's life."""
        for match in self._found["life"]:
            named = self._cast.own(match.start, match.end)
            told = not named and (self._in_fiction(match) or not self._cast.touched(match.start))
            told = told or self._cast.distant(match.start, match.end)
            if told or self._negated(match.start, 1) or self._wished(match):
                self.denied.add(match.label[0])
            else:
                yield Match(match.start, match.end, (match.label[0], "life"))

    def _reactions(self) -> Iterator[Match[tuple[str, str]]]:
        """Films near a reaction of the user to them."""
        reactions = self._cast.reactions
        starts = [reaction.start for reaction in reactions]
        loose = [
            topic
            for place, topic in enumerate(self._topics)
            if place not in self._governed and not topic.label[0].startswith(TOPIC)
        ]
        for film in [*self._found["films"], *(loose if reactions else ())]:
            first = self._tokens[film.start]
            lower = not (first.capital and first.boundary < 2)
            if film.label[1] == "films" and film.end - film.start == 1 and lower:
                continue
            after = bisect_left(starts, film.start)
            for reaction in reactions[max(0, after - 1) : after + 1]:
                start, end = min(film.start, reaction.start), max(film.end, reaction.end)
                gap = max(film.start - reaction.end, reaction.start - film.end)
                if film.label[1] == "topics" and (
                    self._sentence(start) != self._sentence(end - 1) or self._following(film) in _FILMS
                ):
                    continue
                if gap <= _NEAR_REACTION and self._cast.subject(reaction.start) is not Who.OTHER:
                    yield Match(start, end, (film.label[0], "reaction"))

    def _companions(self, events: Sequence[Match[tuple[str, str]]]) -> Iterator[_Span]:
        """Who watches along; not a child that an event of life tells of ("we lost our little boy")."""
        told = {place for event in events for place in range(event.start, event.end)}
        for match in self._cast.companions:
            praise = " ".join(token.word for token in self._tokens[max(0, match.start - 3) : match.start])
            if praise in _PRAISE or not told.isdisjoint(range(match.start, match.end)):
                continue
            age = read_age(self._tokens, match.start, match.end, self._lexicon.ages[match.label])
            traits = [audience_id(age)]
            if not self._taxonomy.ages:
                traits += [t for t in self._lexicon.companions[match.label] if t in self._taxonomy.column]
            if self._cast.absent or self._negated(match.start, 6):
                self.denied.update(traits)
            elif self._titles.isdisjoint(range(match.start, match.end)) and not self._told(match):
                yield from ((trait, "companion", match.start, match.end) for trait in traits)

    def _told(self, match: Match[str]) -> bool:
        """Whether somebody is the subject of a film: "a drama about a ten year old"."""
        words = [token.word for token in self._tokens[max(0, match.start - 3) : match.end]]
        return any(word == "about" and before in _WORKS for before, word in pairwise(words))

    def _wished(self, match: _Topic) -> bool:
        """Whether the words are a wish or a plot after all: "I'm looking for gay films"."""
        first = bisect_right(self._trigger_ends, match.start)
        return any(
            match.start <= trigger.start < match.end
            and (
                trigger.label == "plot"
                or (trigger.label == "welcome_before" and self._tokens[trigger.start].word in _WISHING)
            )
            for trigger in self._triggers[first : first + 1 + match.end - match.start]
        )

    def _in_fiction(self, match: _Topic) -> bool:
        """Whether a wish or a plot ("a film about …") stands just before, and nobody real between."""
        position = bisect_right(self._trigger_ends, match.start) - 1
        last = self._triggers[position] if position >= 0 else None
        if last is None or last.label not in ("plot", "welcome_before") or match.start - last.end > 6:
            return False
        between = self._tokens[last.end : match.start + 1]
        return not self._cast.own(last.end, match.start + 1) and all(t.boundary < 2 for t in between)


_Label = TypeVar("_Label")


def _apart(
    matches: Sequence[_Topic], traits: Set[str]
) -> tuple[list[_Topic], dict[tuple[int, int], frozenset[str]]]:
    """Without topics by themselves whose words a trait's cue covers; and these, by the words of that cue."""
    own = [match for match in matches if match.label[0] in traits]
    taken: dict[int, list[_Topic]] = defaultdict(list)
    for match in own:
        for place in range(match.start, match.end):
            taken[place].append(match)
    twins: dict[tuple[int, int], set[str]] = defaultdict(set)
    kept = list(own)
    for match in matches:
        if match.label[0] in traits:
            continue
        shared = [other for place in range(match.start, match.end) for other in taken.get(place, ())]
        for other in shared:
            twins[other.start, other.end].add(match.label[0])
        if all(other.end - other.start < match.end - match.start for other in shared):
            kept.append(match)
    kept.sort(key=lambda match: match.start)
    return kept, {words: frozenset(topics) for words, topics in twins.items()}


def _outermost(matches: Sequence[Match[_Label]]) -> list[Match[_Label]]:
    """Without those inside a longer one: "animal cruelty" speaks of animals, not of cruelty as such."""
    kept: list[Match[_Label]] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        last = kept[-1] if kept else None
        if not last or match.end > last.end or (match.start, match.end) == (last.start, last.end):
            kept.append(match)
    return kept
