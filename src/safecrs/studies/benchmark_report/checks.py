"""What must not be in a benchmark: a person, a dialogue or a request in two splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import Sample
from safecrs.scoring.statistics import cluster_of

_WORDS = 6
_Key = Callable[[Sample], Hashable]


class Checks(BaseModel):
    """Counts that should be 0, and whether the oracle is the one that the card describes.

    Attributes:
        ids: samples whose id another has.
        people: people of the template conversations, or dialogues, in more than one split.
        prompts: whole conversations, word for word, in more than one split.
        requests: last messages without the disclosure, of at least six words, in more than one split;
            shorter ones, such as greetings, recur.
        wordings: disclosures of the test whose words stand in training too; disclosed: all of the test's.
        unsafe: ground-truth items that the stored oracle holds unsafe for the person.
        oracle: whether the stored oracle gives the verdicts that the card's fingerprint stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: int
    people: int
    prompts: int
    requests: int
    wordings: int
    disclosed: int
    unsafe: int
    oracle: bool


def check_samples(samples: Sequence[Sample], unsafe: int, oracle: bool) -> Checks:
    """Compare the splits; ``unsafe`` and ``oracle`` are the oracle's part (`Checks`)."""
    trained = {said.text for sample in samples if sample.split == "train" for said in sample.disclosure}
    tested = [said.text for sample in samples if sample.split == "test" for said in sample.disclosure]
    return Checks(
        ids=len(samples) - len({sample.id for sample in samples}),
        people=_in_two_splits(samples, lambda sample: cluster_of(sample.id)),
        prompts=_in_two_splits(
            samples, lambda sample: tuple((m.role, _plain(m.content)) for m in sample.prompt)
        ),
        requests=_in_two_splits((s for s in samples if len(_request(s).split()) >= _WORDS), _request),
        wordings=sum(text in trained for text in tested),
        disclosed=len(tested),
        unsafe=unsafe,
        oracle=oracle,
    )


def _in_two_splits(samples: Iterable[Sample], key: _Key) -> int:
    splits: dict[Hashable, set[str]] = defaultdict(set)
    for sample in samples:
        splits[key(sample)].add(sample.split)
    return sum(len(held) > 1 for held in splits.values())


def undisclosed(sample: Sample) -> str:
    """The last message as it was before anything was written into it, but for the spaces."""
    text = sample.prompt[-1].content
    for said in sample.disclosure:
        text = text.replace(said.text, " ")
    return " ".join(text.split())


def _request(sample: Sample) -> str:
    return _plain(undisclosed(sample))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
