"""SafeRec: conversations with a disclosed sensitivity and the items the person really liked.

``sources`` import conversations and ratings, ``wording`` holds the templates and phrasings, ``build`` is the
pipeline, ``recipes`` are the benchmarks made with it, ``adversarial`` holds hand-written hard cases.
"""

from safecrs.benchmark.adversarial import AdversarialCase, load_adversarial
from safecrs.benchmark.assignment import Assigned, Assigner, AssignmentPlan, LlmAssigner, LocalAssigner
from safecrs.benchmark.build import build
from safecrs.benchmark.card import DataCard
from safecrs.benchmark.options import BuildOptions
from safecrs.benchmark.recipes.dialogues import build_inspired, build_reddit, build_redial
from safecrs.benchmark.recipes.released import build_released
from safecrs.benchmark.recipes.shared import film_oracle
from safecrs.benchmark.recipes.tastes import build_game, build_starter, game_oracle
from safecrs.benchmark.rows import completion_text
from safecrs.benchmark.sample import SPLITS, Disclosed, Sample, Split
from safecrs.benchmark.seeding import Splitter, rng_for
from safecrs.benchmark.sources.dialogue import Dialogue, Imported
from safecrs.benchmark.sources.inspired import read_inspired
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.movielens import movielens_small, read_movielens
from safecrs.benchmark.sources.reddit import read_reddit, read_reddit_items
from safecrs.benchmark.sources.redial import read_redial, read_redial_items
from safecrs.benchmark.sources.released import read_released
from safecrs.benchmark.store import Benchmark, export_jsonl, load_benchmark, save_benchmark
from safecrs.benchmark.wording import ConversationPlan, template_conversations

__all__ = [
    "SPLITS",
    "AdversarialCase",
    "Assigned",
    "Assigner",
    "AssignmentPlan",
    "Benchmark",
    "BuildOptions",
    "ConversationPlan",
    "DataCard",
    "Dialogue",
    "Disclosed",
    "Imported",
    "Interactions",
    "LlmAssigner",
    "LocalAssigner",
    "Sample",
    "Split",
    "Splitter",
    "build",
    "build_game",
    "build_inspired",
    "build_reddit",
    "build_redial",
    "build_released",
    "build_starter",
    "completion_text",
    "export_jsonl",
    "film_oracle",
    "game_oracle",
    "load_adversarial",
    "load_benchmark",
    "movielens_small",
    "read_inspired",
    "read_movielens",
    "read_reddit",
    "read_reddit_items",
    "read_redial",
    "read_redial_items",
    "read_released",
    "rng_for",
    "save_benchmark",
    "template_conversations",
]
