"""Explanations of verdicts: the findings for each trait, and a sentence about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from safecrs.oracle.evidence import Finding
from safecrs.oracle.verdict import Verdict
from safecrs.taxonomy import CATEGORIES, SEVERITIES, Trait, audience_table

_CATEGORY_WORDS = {
    "sex": "sex & nudity",
    "violence": "violence & gore",
    "profanity": "profanity",
    "substances": "alcohol, drugs & smoking",
    "frightening": "frightening & intense scenes",
}
_NOTHING = "Known to hold nothing of the kind."
_SHOWN = 3
_CERTIFIED = 9.0  # a certificate is shown before severities and topics


@dataclass(frozen=True, slots=True)
class TraitRisk:
    """The risk of one item for one trait, and the evidence for it.

    Attributes:
        trait: trait id; threshold: τ of the verdict.
        risk: established risk, 0…1; None if unknown.
        possible_risk: upper bound of a risk that only a weak source suggests, 0…1.
        evidence: every finding about the trait's categories and topics, the most serious first.
        reason: a sentence that explains the verdict.
    """

    trait: str
    threshold: float
    risk: float | None
    possible_risk: float
    verdict: Verdict
    evidence: tuple[Finding, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict on one item for one user.

    Attributes:
        title, year: as asked; row, label: the item found, None if there is none.
        verdict: over all constrained traits; traits: for each of them.
        did_you_mean: labels of similar items if none was found, or of all with this title.
    """

    title: str
    year: int | None
    row: int | None
    label: str | None
    verdict: Verdict
    traits: tuple[TraitRisk, ...] = field(repr=False)  # what somebody is sensitive to is in no log
    did_you_mean: tuple[str, ...] = field(default=())


def relevant(trait: Trait, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that are relevant to ``trait``, those of the highest risk first."""
    guide = dict(zip(CATEGORIES, trait.guide, strict=True))
    if trait.age is not None:
        guide = dict.fromkeys(CATEGORIES, 1.0) | dict.fromkeys(audience_table().certificates, _CERTIFIED)
    weights = {subject: weight / 3 for subject, weight in guide.items() if weight > 0} | trait.topics

    def risk(finding: Finding) -> tuple[float, bool]:
        return weights[finding.subject] * finding.value, finding.subject in trait.topics

    speaking = [finding for finding in findings if finding.subject in weights]
    return tuple(sorted(speaking, key=risk, reverse=True))


def reason(
    trait: Trait,
    risk: float | None,
    possible_risk: float,
    verdict: Verdict,
    findings: Sequence[Finding],
    domain: str,
) -> str:
    """A sentence that explains the verdict; a ``risk`` of None is unknown."""
    serious = "; ".join(_phrase(finding) for finding in [f for f in findings if f.value > 0][:_SHOWN])
    sources = ", ".join(dict.fromkeys(finding.source for finding in findings))
    if verdict is Verdict.UNSAFE:
        return f"Among the {trait.avoid}: {serious or f'risk {risk:.2f}'}."
    if verdict is Verdict.SAFE and risk:
        return f"Below your threshold: {serious or f'risk {risk:.2f}'}."
    if verdict is Verdict.SAFE:
        return f"Nothing of the kind was found by {sources}." if sources else _NOTHING
    if not findings:
        return f"No source speaks of this for this {domain}."
    if risk is None and not serious:
        return "The sources looked at too little of this to vouch for it."
    return f"Cannot be ruled out: {serious or f'possible risk {possible_risk:.2f}'}."


def _phrase(finding: Finding) -> str:
    if finding.subject in audience_table().certificates:
        return f"{finding.source} says it is certified {finding.subject.replace(':', ' ')}"
    category = _CATEGORY_WORDS.get(finding.subject)
    said = f"rates {category} {SEVERITIES[finding.value]}" if category else f"says yes to “{finding.subject}”"
    own = finding.words and finding.words.casefold() != finding.subject.casefold()
    return f"{finding.source} {said}" + (f" (“{finding.words}”)" if own else "")
