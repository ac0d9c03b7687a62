from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from safecrs.benchmark import BuildOptions, build_game, game_oracle
from safecrs.benchmark.recipes.tastes import synthetic_tastes
from safecrs.benchmark.wording import load_templates
from safecrs.errors import SafecrsError

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"


@pytest.fixture(scope="module")
def game():
    return build_game(options=BuildOptions(seed=2), people=60)


def test_the_card_says_that_tastes_are_synthetic(game):
    assert "synthetic" in game.card.name
    page = game.card.markdown()
    assert "SYNTHETIC TASTES: nobody liked these games" in page
    assert "synthetic tastes by similarity" in page


def test_samples_are_about_games_and_safe(game):
    oracle = game_oracle()
    assert {sample.split for sample in game.samples} == {"train", "validation", "test"}
    assert {sample.domain for sample in game.samples} == {"game"}
    assert any(sample.constraints for sample in game.samples)
    for sample in game.samples:
        unsafe = oracle.unsafe(dict.fromkeys(sample.constraints, 0.66))
        rows = [oracle.catalog.resolve(*ref) for ref in sample.groundtruth]
        assert not unsafe[rows].any()
        text = " ".join(message.content for message in sample.prompt)
        assert "{" not in text
        assert " film" not in text.lower()


def test_equal_seeds_give_equal_benchmarks(game):
    assert build_game(options=BuildOptions(seed=2), people=60) == game
    assert build_game(options=BuildOptions(seed=3), people=60).card.fingerprint != game.card.fingerprint


def test_tastes_share_genres_more_than_chance():
    catalog = game_oracle().catalog
    tastes = synthetic_tastes(catalog, people=40, seed=1).liked()
    genres = [set(catalog.genres(row)) for row in range(len(catalog))]

    def kinship(rows):
        return np.mean([bool(genres[a] & genres[b]) for a in rows for b in rows if a < b])

    assert np.mean([kinship(rows.tolist()) for rows in tastes.values()]) > 1.3 * kinship(range(0, 468, 5))
    assert all(16 <= len(rows) <= 30 for rows in tastes.values())


def test_game_templates_are_sound():
    templates = load_templates("game")
    genres = {
        genre for row in range(len(game_oracle().catalog)) for genre in game_oracle().catalog.genres(row)
    }
    assert genres <= set(templates.genres)
    assert set(templates.moods) <= set(templates.genres)
    for template in templates.requests:
        assert len(template.turns) % 2 == 1
        assert "items" in template.slots
        assert template.slots <= {"items", "first", "genre", "mood", "company", "occasion"}


def test_an_esrb_table_widens_the_catalog(tmp_path):
    starter = game_oracle()
    path = tmp_path / "esrb.csv"
    path.write_text(
        "title,descriptors\nAlan Wake,Blood and Gore\n"
        "Quiet Gardens,No Descriptors\nNoisy Gardens,Blood and Gore\n"
    )
    oracle = game_oracle(path)
    assert len(oracle.catalog) == len(starter.catalog) + 2
    assert oracle.coverage().sources["esrb"].resolved == 3
    gore = {"gore": 0.66}
    assert oracle.unsafe(gore)[oracle.catalog.resolve("Noisy Gardens")]
    assert not oracle.unsafe(gore)[oracle.catalog.resolve("Quiet Gardens")]
    path.write_text("title,descriptors\nX,Dragons\n")
    with pytest.raises(SafecrsError, match="row 2"):
        game_oracle(path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_the_real_esrb_table():
    oracle = game_oracle(SHARED / "advisories/esrb_games.csv")
    assert len(oracle.catalog) > 2000
    assert len(build_game(oracle, people=60).samples) > 100
