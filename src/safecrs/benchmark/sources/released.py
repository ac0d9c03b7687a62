"""The SafeCRS authors' released data: Hugging Face datasets on disk, for SFT or RL, read as samples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, StringConstraints, ValidationError

from safecrs.benchmark.card import Source
from safecrs.benchmark.sample import SPLITS, Sample, Split
from safecrs.benchmark.store import datasets_library
from safecrs.catalog import split_label
from safecrs.conversation import Message
from safecrs.errors import SafecrsError, first_problem
from safecrs.slates.template import reasoning_text
from safecrs.storage import fingerprint
from safecrs.taxonomy import Taxonomy, load_taxonomy

LICENCE = "SafeRec (SafeCRS authors), made from Reddit-V2; research use"
_SPLIT_NAMES: Mapping[str, Split] = {
    **{name: name for name in SPLITS},
    "val": "validation",
    "valid": "validation",
    "dev": "validation",
    "eval": "validation",
}
_REASONING = re.compile(r"<reasoning>(.*?)</reasoning>", re.DOTALL)
_YEAR = re.compile(r"(?:(?:1[89]|20)\d\d(?:\.0)?)?")


def _year(value: object) -> int | None:
    text = "" if value is None else str(value).strip()
    if not _YEAR.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a year")
    return int(text[:4]) if text else None


class _Row(BaseModel):
    prompt: list[Message]
    completion: list[Message] | None = None
    seen_titles: list[str] | None
    groundtruth_with_release_year: list[
        tuple[Annotated[str, StringConstraints(pattern=r"\S")], Annotated[int | None, BeforeValidator(_year)]]
    ]
    constraints: dict[str, bool | None]


_NEEDED = [name for name, field in _Row.model_fields.items() if field.is_required()]


def read_released(
    folder: Path, taxonomy: Taxonomy | None = None, *, split: Split | None = None, source: str = "reddit-v2"
) -> tuple[tuple[Sample, ...], Source]:
    """Samples of ``folder``, and what a data card says of this source.

    `datasets.load_from_disk` reads the folder: a DatasetDict or a single Dataset.

    Fields: ``prompt`` [{role, content}], ``completion`` (SFT only), ``seen_titles`` [text],
    ``groundtruth_with_release_year`` [[title, year]], ``constraints`` {trait name: true}. The safety analysis
    is that of the completion, or else ours. What was removed from the ground truth and in which words a
    trait was disclosed is not in these files, so ``removed`` and ``disclosure`` stay empty. Benchmarks stored
    by `save_benchmark` (their ``samples`` folder) are read just the same.

    Args:
        split: the split of a single Dataset; by default the one its folder is named after.
    """
    taxonomy = taxonomy or load_taxonomy("film").assigned
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
            except (SafecrsError, ValidationError) as error:
                reason = f"{first_problem(error)}." if isinstance(error, ValidationError) else error
                raise SafecrsError(f"{where} row {number}: {reason}") from error
    facts = Source(
        name=source,
        licence=LICENCE,
        fingerprint=fingerprint(*(sample.model_dump_json() for sample in samples)),
        read=read,
        used=len(samples),
        dropped=dict(dropped),
    )
    return tuple(samples), facts


def _tables(folder: Path, split: Split | None) -> Iterator[tuple[Split, Any]]:
    datasets = datasets_library()
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


def _sample(fields: Mapping[str, Any], name: str, split: Split, source: str, taxonomy: Taxonomy) -> Sample:
    row = _Row.model_validate(fields)
    # A struct column holds every trait, true where it was given.
    ids = {taxonomy.trait(trait).id for trait, holds in row.constraints.items() if holds}
    constraints = tuple(trait for trait in taxonomy.ids if trait in ids)
    groundtruth = tuple(row.groundtruth_with_release_year)
    said = _REASONING.search(row.completion[-1].content) if row.completion else None
    return Sample(
        id=name,
        split=split,
        domain=taxonomy.domain,
        source=source,
        prompt=tuple(row.prompt),
        constraints=constraints,
        seen=tuple(map(split_label, row.seen_titles or ())),
        all_liked=groundtruth,
        groundtruth=groundtruth,
        reasoning=(said[1].strip() if said else "") or reasoning_text(constraints, taxonomy),
    )
