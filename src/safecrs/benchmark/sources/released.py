"""The SafeCRS authors' released data: Hugging Face datasets on disk, for SFT or RL, read as samples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from safecrs.benchmark.sample import SPLITS, Sample, Split
from safecrs.catalog import split_label
from safecrs.conversation import Message
from safecrs.errors import SafecrsError, extra
from safecrs.slates.base import Ref
from safecrs.slates.template import reasoning_text
from safecrs.storage import fingerprint
from safecrs.taxonomy import Taxonomy, load_taxonomy

LICENCE = "SafeRec (SafeCRS authors), made from Reddit-V2; research use"
_NEEDED = ("prompt", "seen_titles", "groundtruth_with_release_year", "constraints")
_SPLIT_NAMES: Mapping[str, Split] = {
    **{name: name for name in SPLITS},
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "eval": "validation",
}
_REASONING = re.compile(r"<reasoning>(.*?)</reasoning>", re.DOTALL)
_YEAR = re.compile(r"(?:1[89]|20)\d\d(?:\.0)?")


@dataclass(frozen=True, slots=True)
class Released:
    """Samples of one folder, and how many rows were read and dropped, by reason."""

    samples: tuple[Sample, ...]
    read: int
    dropped: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""


def read_released(
    folder: Path, taxonomy: Taxonomy | None = None, *, split: Split | None = None, source: str = "reddit-v2"
) -> Released:
    """Samples of ``folder``, which `datasets.load_from_disk` reads: a DatasetDict or a single Dataset.

    Fields: ``prompt`` [{role, content}], ``completion`` (SFT only), ``seen_titles`` [text],
    ``groundtruth_with_release_year`` [[title, year]], ``constraints`` {trait name: true}. The safety analysis
    is that of the completion, or else ours. What was removed from the ground truth and in which words a
    trait was disclosed is not in these files, so ``removed`` and ``disclosure`` stay empty. Benchmarks stored
    by `save_benchmark` (their ``samples`` folder) are read just the same.

    Args:
        split: the split of a single Dataset; by default the one its folder is named after.

    Raises:
        SafecrsError: the folder is missing or is no such dataset, a split is not recognised, or a row is
            malformed; names folder, split and row.
    """
    taxonomy = taxonomy or load_taxonomy("film")
    samples: list[Sample] = []
    dropped: Counter[str] = Counter()
    read = 0
    for name, table in _tables(folder, split):
        where = f"{folder}, {name}"
        missing = [column for column in _NEEDED if column not in table.column_names]
        if missing:
            raise SafecrsError(f"{where} has no column {missing[0]!r}: it needs {', '.join(_NEEDED)}.")
        for number, row in enumerate(table, start=1):
            read += 1
            if not row["groundtruth_with_release_year"]:
                dropped["row without ground truth"] += 1
                continue
            try:
                samples.append(_sample(row, f"{source}:{name}:{number}", name, source, taxonomy))
            except SafecrsError as error:
                raise SafecrsError(f"{where} row {number}: {error}") from error
            except ValidationError as error:
                detail = error.errors(include_url=False, include_input=False)[0]
                at = ".".join(str(part) for part in detail["loc"])
                raise SafecrsError(f"{where} row {number}: {at} {detail['msg']}.") from error
            except (KeyError, TypeError, ValueError) as error:
                raise SafecrsError(f"{where} row {number} is not a sample ({error!r}).") from error
    digest = fingerprint(*(sample.model_dump_json() for sample in samples))
    return Released(tuple(samples), read, dict(dropped), digest)


def _tables(folder: Path, split: Split | None) -> Iterator[tuple[Split, Any]]:
    try:
        import datasets
    except ImportError as error:
        raise SafecrsError(f"Reading datasets needs the datasets package: {extra('benchmark')}.") from error
    if not folder.is_dir():
        raise SafecrsError(f"{folder} does not exist: give the folder of a Hugging Face dataset.")
    try:
        stored = datasets.load_from_disk(str(folder))
    except Exception as error:  # the library raises whatever its parts do
        raise SafecrsError(
            f"{folder} is not a Hugging Face dataset saved to disk ({str(error).splitlines()[0]})."
        ) from error
    if not isinstance(stored, datasets.DatasetDict):
        name = split or _SPLIT_NAMES.get(folder.name.lower())
        if name is None:
            raise SafecrsError(f"{folder} is a single dataset: say whether it is {', '.join(SPLITS)}.")
        yield name, stored
        return
    if split is not None:
        raise SafecrsError(f"{folder} holds several splits ({', '.join(stored)}): give no split.")
    for key, table in stored.items():
        if key.lower() not in _SPLIT_NAMES:
            raise SafecrsError(f"{folder} has a split {key!r}; known are {', '.join(_SPLIT_NAMES)}.")
        yield _SPLIT_NAMES[key.lower()], table


def _sample(row: Mapping[str, Any], name: str, split: Split, source: str, taxonomy: Taxonomy) -> Sample:
    constraints = _constraints(row["constraints"], taxonomy)
    groundtruth = tuple(_ref(pair) for pair in row["groundtruth_with_release_year"])
    return Sample(
        id=name,
        split=split,
        domain=taxonomy.domain,
        source=source,
        prompt=tuple(Message.model_validate(message) for message in row["prompt"]),
        constraints=constraints,
        seen=tuple(split_label(title) for title in row["seen_titles"] or ()),
        all_liked=groundtruth,
        groundtruth=groundtruth,
        reasoning=_reasoning(row.get("completion")) or reasoning_text(constraints, taxonomy),
    )


def _constraints(held: Any, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Trait ids in the taxonomy's order; a struct column holds every trait, true where it was given."""
    if not isinstance(held, Mapping):
        raise SafecrsError("constraints is not a table of trait to true.")
    ids = {taxonomy.trait(name).id for name, holds in held.items() if holds}
    return tuple(trait for trait in taxonomy.ids if trait in ids)


def _ref(pair: Sequence[Any]) -> Ref:
    title, year = pair
    text = "" if year is None else str(year).strip()
    if not isinstance(title, str) or not title.strip():
        raise SafecrsError("a ground-truth item has no title.")
    if text and not _YEAR.fullmatch(text):
        raise SafecrsError(f"the year of {title!r} is {text!r}.")
    return title, int(text[:4]) if text else None


def _reasoning(completion: Any) -> str:
    if not completion:
        return ""
    found = _REASONING.search(completion[-1]["content"])
    return found[1].strip() if found else ""
