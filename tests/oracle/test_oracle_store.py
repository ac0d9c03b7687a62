"""Compiled oracles on disk: round trips, and clear words about files that are not what they should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safecrs.advisories import Advisory, Statement
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, compile_oracle, store
from safecrs.oracle.store import sealed
from safecrs.storage import map_tensors, write_tensors
from safecrs.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("film")


@pytest.fixture
def oracle() -> Oracle:
    catalog = Catalog.from_items(
        [Item("Amélie", 2001), Item("Saw", 2004, "tt0387564", ("horror",), "A trap.")]
    )
    said = (Statement("torture", 1, "chained – “in a bathroom”"), Statement("violence", 3))
    return compile_oracle(catalog, [Advisory("Saw", 2004, "ddd", said)], TAXONOMY)


def test_round_trip(oracle: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "a" / "films.oracle"
    oracle.save(path)
    loaded = Oracle.load(path)
    np.testing.assert_array_equal(loaded.risk, oracle.risk)
    np.testing.assert_array_equal(loaded.possible_risk, oracle.possible_risk)
    assert loaded.taxonomy == oracle.taxonomy
    assert loaded.fusion == oracle.fusion
    assert loaded.fingerprint == oracle.fingerprint
    assert loaded.coverage() == oracle.coverage()
    assert loaded.catalog.labels == oracle.catalog.labels
    assert loaded.explain(1) == oracle.explain(1)
    assert loaded.check("saw", 2004, {"torture": 0.66}) == oracle.check("saw", 2004, {"torture": 0.66})
    loaded.save(path)  # over the file it is mapped from
    assert Oracle.load(path).fingerprint == oracle.fingerprint


def test_an_oracle_without_evidence_round_trips(oracle: Oracle, tmp_path: Path) -> None:
    bare = Oracle.from_risk(oracle.catalog, TAXONOMY, np.full(oracle.risk.shape, 0.5))
    bare.save(tmp_path / "o")
    assert Oracle.load(tmp_path / "o").explain(0) == bare.explain(0)


def test_files_of_an_older_format_are_refused_with_the_remedy(oracle: Oracle, tmp_path: Path) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    tensors, metadata = map_tensors(path)
    del metadata["checksum"], metadata["checksums"]
    copied = {name: np.array(value) for name, value in tensors.items()}
    write_tensors(path, copied, sealed(copied, metadata | {"version": "3"}))
    with pytest.raises(SafecrsError, match=r"oracle format 3.*safecrs oracle compile"):
        Oracle.load(path)


def test_equal_inputs_give_equal_bytes(tmp_path: Path) -> None:
    """In two processes that order sets and mappings differently."""
    code = "from safecrs.oracle import load_starter; from pathlib import Path; import sys; "
    files = [tmp_path / name for name in ("a", "b")]
    for seed, path in enumerate(files):
        done = [sys.executable, "-c", f"{code}load_starter('game').save(Path(sys.argv[1]))", str(path)]
        subprocess.run(done, check=True, env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)})
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_file_is_one_that_safetensors_reads(oracle: Oracle, tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.numpy import load_file

    path = tmp_path / "o"
    oracle.save(path)
    np.testing.assert_array_equal(load_file(path)["risk"].T, oracle.risk)
    with safe_open(path, "np") as file:
        assert json.loads(file.metadata()["evidence_subjects"])[0] == "sex"


def test_fingerprint_follows_risks_and_titles(oracle: Oracle) -> None:
    changed = Oracle.from_risk(oracle.catalog, TAXONOMY, np.nan_to_num(oracle.risk))
    assert changed.fingerprint != oracle.fingerprint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SafecrsError, match=r"none\.oracle does not exist"):
        Oracle.load(tmp_path / "none.oracle")


@pytest.mark.parametrize("keep", [0, 7, 200, -1])
def test_a_truncated_file_is_damaged(oracle: Oracle, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(SafecrsError, match="damaged"):
        Oracle.load(path)


def rewrite(path: Path, drop: str | None = None, **metadata: str) -> None:
    tensors, old = map_tensors(path)
    copied = {name: np.array(value) for name, value in tensors.items() if name != drop}
    write_tensors(path, copied, sealed(copied, old | metadata))


@pytest.mark.parametrize(
    ("metadata", "drop", "message"),
    [
        ({"version": "99"}, None, "update safecrs"),
        ({"version": "0"}, None, "safecrs oracle compile"),
        ({"version": "9" * 5000}, None, "update safecrs"),
        ({"format": "something"}, None, "not a compiled oracle"),
        ({"taxonomy": "{}"}, None, "damaged .its taxonomy"),
        ({"fusion": "magic"}, None, "damaged"),
        ({"sources": "["}, None, "damaged"),
        ({"evidence_sources": "3"}, None, "damaged"),
        ({"sources": '{"a": [1e999, 2, 3]}'}, None, "damaged"),
        ({"evidence_sources": "[" * 10**5}, None, "damaged"),
        ({"evidence_sources": "9" * 5000}, None, "damaged"),
        ({}, "risk", "damaged"),
        ({}, "evidence.words", "damaged"),
        ({}, "catalog.titles", "damaged"),
    ],
)  # fmt: skip
def test_wrong_files_say_what_is_wrong(
    oracle: Oracle, tmp_path: Path, metadata: dict[str, str], drop: str | None, message: str
) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    rewrite(path, drop, **metadata)
    with pytest.raises(SafecrsError, match=message) as caught:
        Oracle.load(path)
    assert str(path) in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_is_noticed(oracle: Oracle, tmp_path: Path, place: int, change: int) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= change
    path.write_bytes(content)
    loaded = None
    with suppress(SafecrsError):
        loaded = Oracle.load(path)
    if loaded is not None:  # white space that fills up the header
        assert loaded.fingerprint == oracle.fingerprint
        np.testing.assert_array_equal(loaded.risk, oracle.risk)
        assert loaded.explain(1) == oracle.explain(1)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["checksums", "sources", "evidence_sources", "taxonomy", "fusion", "version", "format"]),
    st.text()
    | st.recursive(
        st.none() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("risk"), inner),
    ).map(json.dumps),
)
def test_whatever_the_header_says_the_error_is_ours(
    oracle: Oracle, tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    tensors, metadata = map_tensors(path)
    lying = sealed(tensors, metadata) | {key: value}
    lying["checksum"] = store._of_header(tensors, lying)
    write_tensors(path, tensors, lying)
    with suppress(SafecrsError):
        Oracle.load(path)


def damage(path: Path, part: bytes) -> None:
    content = path.read_bytes()
    at = content.index(part)
    path.write_bytes(content[:at] + bytes(len(part)) + content[at + len(part) :])


def age(path: Path, seconds: int) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_above_the_limit_arrays_are_checked_on_request(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    damage(path, oracle.risk.T.tobytes())
    with pytest.raises(SafecrsError, match=r"damaged .its array 'risk'"):
        Oracle.load(path)
    monkeypatch.setattr("safecrs.oracle.store._CHECKED_UP_TO", 0)
    assert not np.array_equal(Oracle.load(path).risk, oracle.risk, equal_nan=True), "only the header is read"
    with pytest.raises(SafecrsError, match=r"damaged .its array 'risk'"):
        Oracle.load(path, whole=True)
    oracle.save(path)
    path.write_bytes(path.read_bytes().replace(b"Anti-gore", b"Anti-core"))
    with pytest.raises(SafecrsError, match=r"damaged .its header"):
        Oracle.load(path)


def test_a_file_is_checked_once_as_long_as_it_is_the_same(
    oracle: Oracle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "o"
    oracle.save(path)
    told: list[bool] = []
    check = store._check
    monkeypatch.setattr(store, "_check", lambda *given: told.append(given[-1]) or check(*given))
    for _ in range(2):  # just written: a second write might leave the time as it is
        Oracle.load(path)
    age(path, 60)
    for _ in range(3):
        Oracle.load(path)
    assert told == [True, True, True, False, False]
    damage(path, oracle.risk.T.tobytes())
    age(path, 50)
    with pytest.raises(SafecrsError, match="'risk'"):
        Oracle.load(path)


def test_equal_oracles_are_equal_files(oracle: Oracle, tmp_path: Path) -> None:
    oracle.save(tmp_path / "a")
    Oracle.load(tmp_path / "a").save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
