"""Concerns beyond the traits of a taxonomy: a single topic, or an audience of an age.

Each is a trait made when it is asked for, so that verdicts, explanations and thresholds are the same for all.
"""

from __future__ import annotations

import re
from functools import lru_cache

from safecrs.taxonomy.audience import OLDEST, audience_table
from safecrs.taxonomy.topics import known_topic, topic_of_slug, topic_slug
from safecrs.taxonomy.trait import Domain, Trait

_AGE = re.compile(r"\s*age[\s_:-]*(\d{1,3})\s*", re.IGNORECASE)
_TOPIC = "topic_"
_AUDIENCE = "age_"


@lru_cache(maxsize=1024)
def concern(name: str, domain: Domain) -> Trait | None:
    """The audience ("age 6") or topic (by name, question or id "topic_…") that is meant, if any."""
    if aged := _AGE.fullmatch(name):
        return audience(int(aged[1]), domain)
    topic = topic_of_slug(name.removeprefix(_TOPIC)) if name.startswith(_TOPIC) else None
    try:
        topic = topic or known_topic(name)
    except ValueError:
        return None
    return Trait(
        id=_TOPIC + topic_slug(topic),
        name=topic[:1].upper() + topic[1:],
        avoid=f"{domain}s with this: {topic}",
        topics={topic: 1.0},
        assigned=False,
    )


def audience_id(age: int) -> str:
    """The id of the audience of an age."""
    return f"{_AUDIENCE}{age}"


def age_of(concern: str) -> int | None:
    """The age of an audience's id, None for any other concern."""
    return int(concern.removeprefix(_AUDIENCE)) if concern.startswith(_AUDIENCE) else None


def audience(age: int, domain: Domain) -> Trait | None:
    """What does not suit an age, as a trait; None for grown-ups, whom nothing is kept from by age."""
    if age > OLDEST:
        return None
    return Trait(
        id=audience_id(age),
        name=f"Age {age}",
        avoid=f"{domain}s that do not suit age {age}",
        topics=audience_table().kept_from(age),
        assigned=False,
        age=age,
    )
