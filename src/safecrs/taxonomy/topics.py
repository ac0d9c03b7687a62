"""Content topics by the names and ids that sources use."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

CATEGORIES = ("sex", "violence", "profanity", "substances", "frightening")
"""The five IMDb parents-guide categories, in the order of every severity vector."""

SEVERITIES = ("None", "Mild", "Moderate", "Severe")
"""Severity names; the position is the number that enters the risk formula (0…3)."""

DESCRIPTORS = (
    "Alcohol Reference",
    "Animated Blood",
    "Blood",
    "Blood and Gore",
    "Cartoon Violence",
    "Comic Mischief",
    "Crude Humor",
    "Drug Reference",
    "Fantasy Violence",
    "Gambling",
    "Intense Violence",
    "Language",
    "Lyrics",
    "Mature Humor",
    "Mild Blood",
    "Mild Cartoon Violence",
    "Mild Fantasy Violence",
    "Mild Language",
    "Mild Lyrics",
    "Mild Suggestive Themes",
    "Mild Violence",
    "Nudity",
    "Partial Nudity",
    "Sexual Content",
    "Sexual Themes",
    "Sexual Violence",
    "Simulated Gambling",
    "Strong Language",
    "Strong Sexual Content",
    "Suggestive Themes",
    "Tobacco Reference",
    "Use of Alcohol",
    "Use of Drugs",
    "Use of Drugs and Alcohol",
    "Use of Tobacco",
    "Violence",
)
"""The content descriptors that are relevant to a trait, as ESRB writes them."""

_WORDS = re.compile(r"[^a-z0-9]+")
_FILLER = frozenset(
    [
        "a", "an", "any", "anyone", "are", "be", "do", "does", "get", "gets", "had", "has", "have", "is",
        "it", "s", "somebody", "someone", "the", "there", "they", "used", "was", "were",
    ]
)  # fmt: skip
_PLURAL = re.compile(r"\b(?:(\w{2,})ies|(\w*(?:ss|sh|ch|x|z))es|(\w{2,}[^s\W])s)\b")
_LONGEST = 200
_SHOWN = 60


def column_key(name: str) -> str:
    """A column name without case and punctuation: "Sex & Nudity" and "sex_nudity" are one."""
    return _WORDS.sub(" ", name.lower()).strip()


def canonical_topic(*names: str) -> str:
    """The canonical name of the topic that any of ``names`` means; the last of them, stripped, if unknown.

    ``topics.tsv`` holds DoesTheDogDie's topics by id and name: "153", "Does the dog die?" and "a dog dies"
    are one topic; "there's blood/gore" is "blood/gore". Ids take precedence over names.
    """
    by_id, by_key = _shipped()
    found = [by_id[name] for name in names if name in by_id]
    found += [by_key[key] for name in names if (key := topic_key(name)) in by_key]
    last = names[-1].strip()
    # A topic named like a category or descriptor must not become a statement about that.
    return found[0] if found else f"“{last}”" if last in (*CATEGORIES, *DESCRIPTORS) else last


def known_topic(name: str) -> str:
    """The canonical name of a topic or ESRB descriptor.

    Raises:
        ValueError: the name is unknown; the message suggests similar ones.
    """
    _, by_key = _shipped()
    key, named = topic_key(name), name.strip()
    topic = named if named in DESCRIPTORS else by_key.get(key) or _DESCRIPTORS.get(key)
    if topic is None:
        import difflib

        close = difflib.get_close_matches(key, by_key, n=3)
        hint = " or ".join(dict.fromkeys(repr(by_key[key]) for key in close))
        raise ValueError(f"unknown topic {named[:_SHOWN]!r}" + (f"; did you mean {hint}?" if hint else ""))
    return topic


def topic_slug(topic: str) -> str:
    """A topic's name as an identifier: "someone vomits" is "someone_vomits"."""
    return column_key(topic).replace(" ", "_")


def topic_of_slug(slug: str) -> str | None:
    """The topic with this identifier."""
    return _slugs().get(slug)


@cache
def _slugs() -> dict[str, str]:
    return {topic_slug(topic): topic for topic in known_topics()}


@cache
def known_topics() -> tuple[str, ...]:
    """The canonical names of all topics and ESRB descriptors, sorted."""
    return tuple(sorted({*_shipped()[1].values(), *DESCRIPTORS}))


def topic_key(name: str) -> str:
    """A topic's name without the words that differ between a statement, a question and a heading.

    Articles, auxiliaries, "someone" and the "s" of plurals and verbs are removed. The key of a text that is
    too long for a name is "".
    """
    if len(name) > _LONGEST:
        return ""
    words = (word for word in column_key(name).split() if word not in _FILLER)
    return _PLURAL.sub(lambda found: f"{found[1]}y" if found[1] else found[2] or found[3], " ".join(words))


@cache
def _shipped() -> tuple[dict[str, str], dict[str, str]]:
    """Canonical topics by DoesTheDogDie's number (ours have none), and by the key of each of their names."""
    text = (files("safecrs.taxonomy") / "topics.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    named = ((name, topic) for _, topic, names in rows for name in (topic, *names.split("|")))
    return {number: topic for number, topic, _ in rows if number}, {
        topic_key(name): topic for name, topic in named
    }


_DESCRIPTORS = {topic_key(descriptor): descriptor for descriptor in DESCRIPTORS}
