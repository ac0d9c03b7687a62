from __future__ import annotations

import datasets
import pytest

from safecrs.benchmark import (
    BuildOptions,
    build_released,
    build_starter,
    load_benchmark,
    read_released,
    save_benchmark,
)
from safecrs.errors import SafecrsError
from safecrs.taxonomy import load_taxonomy

NAMES = [trait.name for trait in load_taxonomy("film").assigned.traits]
GORE, DRUGS = (load_taxonomy("film").assigned.trait(name).name for name in ("gore", "substances"))


def row(**changes):
    """An SFT row as the authors write it; a struct column gets every trait, null where it was not given."""
    return {
        "prompt": [{"role": "user", "content": "I faint at blood. Something like Film 3?"}],
        "completion": [
            {
                "role": "assistant",
                "content": "<reasoning> No gore. </reasoning>\n<solution>\nFilm 1 (1961)\n</solution>",
            }
        ],
        "seen_titles": ["Film 3 (1963)", "Film 4"],
        "groundtruth_with_release_year": [["Film 1", "1961"], ["Film 2", "1962"], ["Nowhere", ""]],
        "constraints": {GORE: True, DRUGS: None},
    } | changes


def stored(tmp_path, rows, name="train", whole=False):
    folder = tmp_path / name
    table = datasets.Dataset.from_list(rows)
    (datasets.DatasetDict({"train": table, "val": table}) if whole else table).save_to_disk(str(folder))
    return folder


def test_sft_rows_become_samples(tmp_path):
    (sample,), source = read_released(stored(tmp_path, [row(), row(groundtruth_with_release_year=[])]))
    assert (source.read, source.dropped) == (2, {"row without ground truth": 1})
    assert (sample.id, sample.split) == ("reddit-v2:train:1", "train")
    assert sample.constraints == ("gore",)
    assert sample.groundtruth == (("Film 1", 1961), ("Film 2", 1962), ("Nowhere", None))
    assert sample.seen == (("Film 3", 1963), ("Film 4", None))
    assert sample.reasoning == "No gore."
    assert (sample.removed, sample.disclosure) == ((), ())


def test_rl_rows_have_no_completion_and_often_no_constraint(tmp_path):
    rows = [row(constraints={GORE: False, DRUGS: None}), row(constraints={GORE: True, DRUGS: True})]
    for entry in rows:
        del entry["completion"]
    (plain, both), _ = read_released(stored(tmp_path, rows, "any"), split="test")
    assert plain.constraints == ()
    assert "no sensitivity" in plain.reasoning
    assert both.constraints == ("gore", "substances")
    assert {plain.split, both.split} == {"test"}


def test_folders_of_splits_and_single_datasets(tmp_path):
    both = stored(tmp_path, [row()], "both", whole=True)
    assert [sample.split for sample in read_released(both)[0]] == ["train", "validation"]
    with pytest.raises(SafecrsError, match="holds several splits"):
        read_released(both, split="test")
    with pytest.raises(SafecrsError, match="say whether it is train"):
        read_released(stored(tmp_path, [row()], "sft"))
    with pytest.raises(SafecrsError, match="does not exist"):
        read_released(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SafecrsError, match="not a Hugging Face dataset"):
        read_released(tmp_path / "empty")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"constraints": {"Anti-gorillas": True}}, "row 2: Unknown film trait"),
        ({"groundtruth_with_release_year": [["Film 1", "soon"]]}, "row 2: groundtruth.*'soon' is not a year"),
        (
            {"groundtruth_with_release_year": [["", "1999"]]},
            "row 2: groundtruth_with_release_year.0.0 String",
        ),
        (
            {"groundtruth_with_release_year": [["Film 1"]]},
            "row 2: groundtruth_with_release_year.0.1 Field required",
        ),
        ({"prompt": []}, "row 2: prompt"),
        ({"prompt": [{"role": "assistant", "content": "Hi"}]}, "row 2: .*must be the user's"),
    ],
)
def test_errors_name_split_and_row(tmp_path, changes, words):
    with pytest.raises(SafecrsError, match=words):
        read_released(stored(tmp_path, [row(constraints={}), row(**changes)]))


def test_a_missing_column_is_named(tmp_path):
    short = row()
    del short["seen_titles"]
    with pytest.raises(SafecrsError, match="no column 'seen_titles'"):
        read_released(stored(tmp_path, [short]))


def test_our_stored_benchmarks_read_as_theirs(oracle, interactions, tmp_path):
    ours = build_starter(oracle, interactions, BuildOptions(seed=3))
    save_benchmark(ours, tmp_path / "b")
    theirs, source = read_released(tmp_path / "b/samples")
    assert source.dropped == {}
    for split in ("train", "validation", "test"):
        got = [sample for sample in theirs if sample.split == split]
        for mine, read in zip(ours.split(split), got, strict=True):
            for name in ("prompt", "constraints", "groundtruth", "reasoning", "domain"):
                assert getattr(read, name) == getattr(mine, name)
            assert [title for title, _ in read.seen] == [title for title, _ in mine.seen]


def test_a_benchmark_of_released_samples(oracle, tmp_path):
    # Film 0 is unsafe for gore and Film 6 unknown; nobody knows "Nowhere".
    truth = [["Film 0", "1960"], ["Film 1", "1961"], ["Film 6", "1966"], ["Nowhere", "1999"]]
    built = build_released(stored(tmp_path, [row(groundtruth_with_release_year=truth)]), oracle)
    assert "Of their 4 ground-truth items, 1 are unsafe" in built.card.notes[0]
    facts = built.card.splits["train"]
    assert (facts.samples, facts.constrained, facts.traits) == (1, 1, {"gore": 1})
    assert facts.unknown_share == 0.5
    assert len(built.histories) == 1
    save_benchmark(built, tmp_path / "saved")
    assert load_benchmark(tmp_path / "saved").samples == built.samples
    with pytest.raises(SafecrsError, match="no row has any ground truth"):
        build_released(stored(tmp_path, [row(groundtruth_with_release_year=[])], "test"), oracle)
