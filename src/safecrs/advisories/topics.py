"""Content topics by the names that sources give them."""

from __future__ import annotations

import re
from functools import cache

from safecrs.advisories.esrb import DESCRIPTORS
from safecrs.taxonomy import load_taxonomy

_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_LEADING = re.compile(
    r"^(?:clear yes |is there |are there |there is |there are |there s |is |are |does |do |has |have |did )+"
)
_FILLER = re.compile(r"\b(?:a|an|the|someone|somebody|anyone|is|are|s|any)\b")
_SYNONYMS = {
    "the dog dies": ("a dog dies", "does the dog die"),
    "animals are abused": ("animal abuse", "an animal is abused"),
    "spiders": ("spider",),
    "bugs": ("insects", "bugs or insects"),
    "a dead animal": ("dead animals",),
    "a non-human character dies": ("nonhuman character dies",),
    "blood/gore": ("blood or gore", "blood and gore"),
    "teeth damaged": ("teeth are damaged",),
    "burned alive": ("someone is burned alive",),
    "cannibalism": ("someone is eaten", "cannibals"),
    "a head gets squashed": ("head squashed",),
    "sexual assault": ("someone is sexually assaulted", "sexually assaulted"),
    "onscreen rape": ("someone is raped onscreen", "raped onscreen", "rape on screen", "on screen rape"),
    "a minor is sexualised": ("a minor is sexualized",),
    "incestuous relationships": ("incest",),
    "a kid dies": ("a child dies", "kids die"),
    "abandoned by a parent": ("someone is abandoned by a parent or guardian", "a child is abandoned"),
    "an infant is abducted": ("a baby is abducted", "infant abduction"),
    "someone is kidnapped": ("kidnapped", "kidnapping"),
    "stalking": ("someone is stalked", "stalked"),
    "gaslighting": ("someone is gaslighted",),
    "addiction": ("someone struggles with addiction",),
    "drug use": ("someone uses drugs", "drugs used"),
    "alcohol abuse": ("someone abuses alcohol", "alcoholism"),
    "overdose": ("someone overdoses", "overdoses"),
    "dies by suicide": ("someone dies by suicide", "suicide"),
    "attempts suicide": ("someone attempts suicide", "suicide attempt"),
    "self harm": ("someone self harms", "self harms", "self-harm"),
    'says "I\'ll kill myself"': ("someone says i ll kill myself", "says i will kill myself"),
    "PTSD": ("someone has ptsd", "ptsd depicted"),
    "anxiety attacks": ("anxiety attack", "panic attacks"),
    "D.I.D. misrepresented": ("d i d misrepresentation", "did misrepresentation"),
    "hospital scene": ("hospital scenes", "a hospital scene"),
    "cancer": ("someone has cancer",),
    "chronic illness": ("someone has a chronic illness",),
    "stroke": ("someone has a stroke",),
    "dementia/Alzheimer's": ("someone has dementia or alzheimer s", "dementia or alzheimers", "dementia"),
    "needles/syringes": ("needles or syringes used", "needles syringes are used", "needles"),
    "electro-therapy": ("electrotherapy used", "electro therapy is used"),
    "struggles to breathe": ("someone struggles to breathe",),
    "becomes unconscious": ("someone becomes unconscious",),
    "flashing lights": ("flashing lights or images",),
    "shaky cam": ("shaky cam used", "shakycam", "they use shaky cam"),
    "jump scares": ("jumpscares", "jump scare"),
    "n-words": ("n words", "n word"),
    "the R word": ("r word", "r slurs"),
    "misgendering": ("someone is misgendered",),
    "an LGBT person dies": ("an lgbt+ person dies", "lgbtq person dies"),
    '"man in a dress" jokes': ("man in a dress joke",),
    "abortion": ("abortions",),
    "stillbirth": ("stillborn", "a baby is stillborn"),
    "miscarriage": ("someone has a miscarriage", "someone miscarries"),
    "childbirth": ("childbirth scene", "someone gives birth"),
    "a pregnant person dies": ("a pregnant woman dies",),
    "a baby cries": ("babies cry", "baby crying"),
    "car crash": ("a car crashes", "car crashes"),
    "plane crash": ("a plane crashes", "plane crashes"),
    "nuclear explosion": ("a nuclear explosion", "nuclear explosions"),
    "hit by a car": ("someone is hit by a car", "a person is hit by a car"),
    "gun violence": ("gun violence occurs",),
    "sad ending": ("the ending is sad", "ending sad"),
    "a parent dies": ("someone's parent dies",),
    "ghosts": ("ghost",),
    "possession": ("someone is possessed", "possessed"),
    "clowns": ("clown",),
}
"""Taxonomy topic → other wordings of it on DoesTheDogDie and in its exports."""


def canonical_topic(name: str) -> str:
    """The taxonomy's name of a topic, or ``name`` stripped when no shipped taxonomy has it.

    "Does the dog die", "there's blood/gore" and "Clear Yes: a horse dies" are understood.
    """
    return _canonical().get(_key(name), name.strip())


def known_topic(name: str) -> str:
    """The taxonomy's name of a topic or ESRB descriptor.

    Raises:
        ValueError: no shipped taxonomy has it; suggests close ones.
    """
    topics, canonical = _topics(), _canonical()
    if name.strip() in topics:
        return name.strip()
    topic = canonical.get(_key(name)) or _descriptors().get(_key(name))
    if topic is None:
        import difflib

        close = difflib.get_close_matches(_key(name), canonical, n=3)
        hint = " or ".join(dict.fromkeys(repr(canonical[key]) for key in close))
        raise ValueError(f"unknown topic {name.strip()!r}" + (f"; did you mean {hint}?" if hint else ""))
    return topic


@cache
def _topics() -> frozenset[str]:
    return frozenset((*load_taxonomy("film").topics, *load_taxonomy("game").topics))


@cache
def _canonical() -> dict[str, str]:
    others = {_key(other): topic for topic, wordings in _SYNONYMS.items() for other in wordings}
    return others | {_key(topic): topic for topic in sorted(_topics().difference(DESCRIPTORS))}


@cache
def _descriptors() -> dict[str, str]:
    return {_key(name): name for name in DESCRIPTORS if name in _topics()}


def _key(name: str) -> str:
    words = _LEADING.sub("", _NOT_WORDS.sub(" ", name.lower()).strip() + " ")
    content = _FILLER.sub(" ", words).split() or words.split()
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in content)
