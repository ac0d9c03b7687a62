"""SafeRec: conversations with a disclosed sensitivity and the items the person really liked."""

from safecrs.benchmark.assign import AssignmentPlan
from safecrs.benchmark.build import build, build_redial, build_starter
from safecrs.benchmark.card import DataCard
from safecrs.benchmark.completion import completion_text, solution_text
from safecrs.benchmark.conversations import ConversationPlan, template_conversations
from safecrs.benchmark.dialogue import Dialogue, Imported
from safecrs.benchmark.hits import hits
from safecrs.benchmark.inspired import read_inspired
from safecrs.benchmark.interactions import Interactions
from safecrs.benchmark.movielens import movielens_small, read_movielens
from safecrs.benchmark.reasoning import reasoning_text
from safecrs.benchmark.redial import read_redial, read_redial_items, redial_catalog
from safecrs.benchmark.sample import SPLITS, Disclosed, Ref, Sample, Split
from safecrs.benchmark.seeding import Splitter, rng_for
from safecrs.benchmark.store import Benchmark, export_jsonl, load_benchmark, save_benchmark

__all__ = [
    "SPLITS",
    "AssignmentPlan",
    "Benchmark",
    "ConversationPlan",
    "DataCard",
    "Dialogue",
    "Disclosed",
    "Imported",
    "Interactions",
    "Ref",
    "Sample",
    "Split",
    "Splitter",
    "build",
    "build_redial",
    "build_starter",
    "completion_text",
    "export_jsonl",
    "hits",
    "load_benchmark",
    "movielens_small",
    "read_inspired",
    "read_movielens",
    "read_redial",
    "read_redial_items",
    "reasoning_text",
    "rng_for",
    "redial_catalog",
    "save_benchmark",
    "solution_text",
    "template_conversations",
]
