"""The benchmarks this package builds, one file each: which sources, which oracle, what a reader must know."""

from safecrs.benchmark.recipes.dialogues import build_inspired, build_redial
from safecrs.benchmark.recipes.game import build_game, game_oracle
from safecrs.benchmark.recipes.reddit import build_reddit
from safecrs.benchmark.recipes.released import build_released
from safecrs.benchmark.recipes.shared import film_oracle
from safecrs.benchmark.recipes.starter import build_starter

__all__ = [
    "build_game",
    "build_inspired",
    "build_reddit",
    "build_redial",
    "build_released",
    "build_starter",
    "film_oracle",
    "game_oracle",
]
