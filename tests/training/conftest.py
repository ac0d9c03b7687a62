"""A film world with known risks, and a tiny model that can name every film of it."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from fake_oracle import make_numbered_oracle
from safecrs.oracle import Oracle


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return make_numbered_oracle()


@pytest.fixture(scope="session")
def model_folder(oracle, tmp_path_factory):
    from safecrs.training.models.tiny import TinySize, save_tiny

    folder = tmp_path_factory.mktemp("tiny")
    size = TinySize(hidden=32, layers=1, heads=2, inner=32, context=256, vocabulary=300)
    save_tiny(folder, ["recommend films please, no gore"], oracle.catalog.labels, size)
    return folder


@pytest.fixture(scope="module")
def one_thread():
    """Sums in one order, so that equal runs give equal weights."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def samples(world):
    return world.benchmark.split("train")


@pytest.fixture(scope="session")
def base(world, tmp_path_factory):
    """An untrained model for the tiny world."""
    from tiny_runs import SMALL

    from safecrs.training.models.base import base_model

    return base_model(SMALL, world.benchmark, tmp_path_factory.mktemp("base") / "base")
