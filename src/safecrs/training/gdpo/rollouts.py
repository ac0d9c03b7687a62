"""Rollouts under the catalog's trie: what `ConstrainedRanker` serves, sampled.

Training and serving then share prompt, template and distribution. A list always has its full length and
titles of the catalog, each once: the rewards for count, validity and format are constant and teach nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase
from trl import GRPOConfig

from safecrs.conversation import Message
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.recommenders.constrained import CatalogTrie, Completion, ConstrainedRanker
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.slates.base import Request
from safecrs.training.gdpo.settings import GdpoSettings


class ConstrainedRollouts:
    """Samples completions under the catalog's trie and, with the mask "oracle", the person's verdicts."""

    def __init__(
        self, settings: GdpoSettings, oracle: Oracle, tokenizer: PreTrainedTokenizerBase, temperature: float
    ) -> None:
        self.settings, self.oracle, self.tokenizer = settings, oracle, tokenizer
        self.temperature = temperature
        self.trie = CatalogTrie.build(oracle.catalog.labels, tokenizer)

    def write(
        self, model: PreTrainedModel, rows: Sequence[Mapping[str, Any]], seed: int
    ) -> tuple[list[list[int]], list[Completion]]:
        """The prompt's token ids and the completion of each row (`SafeGdpo.rows`)."""
        inner = LanguageModelRanker(
            LanguageModel(model, self.tokenizer),
            self.oracle.catalog,
            name="policy",
            reasoning=self.settings.reasoning,
            temperature=self.temperature,
            seed=seed,
            taxonomy=self.oracle.taxonomy,
        )
        judge = self.oracle if self.settings.mask == "oracle" else None
        policy = ConstrainedRanker(inner, judge, trie=self.trie)
        rewards = self.settings.rewards
        requests = [
            Request(
                tuple(Message(**message) for message in row["prompt"]),
                dict.fromkeys(row["constraint_ids"], rewards.threshold),
                frozenset(row.get("seen") or ()),
            )
            for row in rows
        ]
        prompts, decoders = policy.prepare(requests, rewards.target)
        generate(model, prompts, decoders, batch_size=len(rows))
        return prompts, [decoder.completion for decoder in decoders]


def check_sampling(args: GRPOConfig, *, sharded: bool) -> None:
    """Constrained rollouts sample with this package's own decoder, at a temperature."""
    asked = {
        "use_vllm": args.use_vllm,
        "use_transformers_continuous_batching": args.use_transformers_continuous_batching,
        "top_p": args.top_p != 1.0,
        "top_k": args.top_k > 0,
        "min_p": bool(args.min_p),
        "repetition_penalty": args.repetition_penalty != 1.0,
        "generation_kwargs": bool(args.generation_kwargs),
        # Without it every pass gathers weights, and processes with unequal numbers of passes deadlock.
        "ds3_gather_for_generation": not args.ds3_gather_for_generation,
    }
    if wrong := [name for name, given in asked.items() if given]:
        raise SafecrsError(
            f"Constrained rollouts sample by temperature alone, with the package's own decoder: leave out "
            f'{wrong[0]}, or choose rollouts = "free".'
        )
    if sharded:
        raise SafecrsError(
            "Constrained rollouts need the whole model in every process, and FSDP splits it: choose another "
            'way to distribute, or rollouts = "free".'
        )
