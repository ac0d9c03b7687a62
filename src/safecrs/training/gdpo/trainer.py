"""Safe-GDPO: reinforcement learning of relevant, safe and complete lists, on TRL's GRPO trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer
from trl.models import unwrap_model_for_generation

from safecrs.conversation import Message
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.recommenders.constrained import CatalogTrie, Completion, ConstrainedRanker
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.scoring.rewards import Reward, score, stack_ranks, watch
from safecrs.scoring.scored import Case, ScoredSlates, pad_rows, score_rows, slate_rows
from safecrs.slates.base import Request
from safecrs.slates.completion import parse_slate
from safecrs.training.gdpo.advantages import ADVANTAGES
from safecrs.training.gdpo.choices import Choices, logits_only_at
from safecrs.training.gdpo.ranks import TokenRanks
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.adapters import copy_whole_rows

_COLUMNS = ("prompt", "groundtruth", "constraint_ids")
_AGGREGATION = {"gdpo": "normalize_then_sum", "grpo": "sum_then_normalize"}


class SafeGDPOTrainer(GRPOTrainer):  # type: ignore[misc]
    """``GRPOTrainer`` with SafeCRS's rewards and, on request, credit per rank.

    The dataset has the columns ``prompt`` (messages) and those of a `Case`; further columns are ignored.
    Advantages come from `safecrs.training.gdpo.advantages`: TRL's are the same, except that it scales
    rounding errors up where no group of a batch differs. With credit "sequence" they are [completions].
    With credit "rank" they are [completions, tokens]: every token gets the advantage of its rank
    (`TokenRanks`), tokens of rank 0 that of the whole completion, and the importance ratio is the
    geometric mean over the tokens of the rank (Zhu et al. 2025). The weight of tokens remains TRL's
    ``loss_type``: a long title weighs more than a short one. A ``scale_rewards`` other than "group",
    possible with credit "sequence" and aggregation "grpo", leaves the advantages to TRL.

    Logged by TRL beside its own metrics: ``rewards/<name>/mean`` and ``slate/<what>`` (`rewards.watch`).
    ``log_completions`` writes conversations, and with them what people disclosed, to disk and screen.

    With rollouts "constrained" two things change: TRL's hook ``rollout_func`` returns lists sampled under the
    catalog's trie, as `ConstrainedRanker` serves them, with ``env_mask`` 0 at forced tokens, so that these
    have no gradient and count in no ratio, KL or denominator; and log-probabilities are renormalised over the
    allowed continuations in `_get_per_token_logps_and_entropies`, for the policy, the old policy and the
    reference alike. Such a list has its full length and titles of the catalog, each once: the rewards for
    count, validity and format are constant and teach nothing. The dataset may then have a column ``seen``,
    the catalog rows that are never sampled.

    Args:
        model: a model folder, or a model loaded from one: TRL reads the frozen reference of the KL term
            (``beta``) from that folder again, and with PEFT disables the adapter instead.
        settings: the table ``[gdpo]``.
        oracle: judges the lists.
        args: TRL's configuration; ``reward_weights`` and ``multi_objective_aggregation`` follow the settings.
        train_dataset: a Hugging Face dataset.
        kwargs: passed on to ``GRPOTrainer``: processing_class, eval_dataset, peft_config, callbacks…
    """

    _tag_names = ["trl", "safecrs", "gdpo"]  # noqa: RUF012, TRL's own form
    _name = "Safe-GDPO"

    def __init__(
        self,
        model: Any,
        settings: GdpoSettings,
        oracle: Oracle,
        args: GRPOConfig,
        train_dataset: Any,
        **kwargs: Any,
    ) -> None:
        self.settings, self.oracle = settings, oracle
        weights = settings.rewards.weights
        if not weights:
            raise SafecrsError("No reward has a weight: give at least one of them a weight above 0.")
        compared_as_sums = settings.credit == "sequence" and settings.aggregation == "grpo"
        if args.scale_rewards != "group" and not compared_as_sums:
            raise SafecrsError(
                f"scale_rewards={args.scale_rewards!r} would be ignored: leave it out, or set "
                'gdpo.credit="sequence" and gdpo.aggregation="grpo", the only ones that it changes.'
            )
        if absent := [name for name in _COLUMNS if name not in train_dataset.column_names]:
            raise SafecrsError(f"The training data has no column {absent[0]!r}: make it with SafeGdpo.rows.")
        adapted = kwargs.get("peft_config") is not None or hasattr(model, "peft_config")
        if args.beta and not adapted and not isinstance(model, str) and not model.config.name_or_path:
            raise SafecrsError(
                "The KL reference is read from the model's folder, and this model has none: save the model "
                "and load it from there, or set beta to 0."
            )
        args = copy(args)
        args.reward_weights = list(weights.values())
        args.multi_objective_aggregation = _AGGREGATION[settings.aggregation]
        self._rewards: dict[str, Reward] = {}
        self._advantages: torch.Tensor | None = None
        self._token_ranks: list[list[int]] = []
        self._loss_inputs: dict[str, Any] | None = None
        self._rows: Sequence[Mapping[str, Any]] = ()
        self._written: list[Completion] = []
        self._choices: Choices | None = None
        super().__init__(model, list(map(self._reward_function, weights)), args, train_dataset, **kwargs)
        copy_whole_rows(self.model)
        self._ranks_of = TokenRanks(self._tokenizer)
        if settings.rollouts == "constrained":
            check_sampling(args, sharded=self.is_fsdp_enabled)
            self._trie = CatalogTrie.build(oracle.catalog.labels, self._tokenizer)
            self.rollout_func = self._write

    def _reward_function(self, name: str) -> Callable[..., list[float]]:
        """TRL asks each reward by itself; all are computed at once, in `_calculate_rewards`."""

        def reward(**_: Any) -> Any:
            return self._rewards[name].sequence.tolist()

        reward.__name__ = name
        return reward

    def _calculate_rewards(
        self,
        inputs: Sequence[dict[str, Any]],
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids_list: Sequence[Sequence[int]],
    ) -> torch.Tensor:
        texts = [text if isinstance(text, str) else text[0]["content"] for text in completions]
        scored = self._scored(texts, [Case.from_row(row) for row in inputs])
        self._rewards = score(scored, texts, self.settings.rewards)
        for name, value in watch(scored).items():
            self._log_metric(f"slate/{name}", value)
        rewards: torch.Tensor = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        if self.settings.credit == "rank":
            self._token_ranks = [one.ranks for one in self._written] or [
                self._ranks_of(ids, text) for ids, text in zip(completion_ids_list, texts, strict=True)
            ]
            self._advantages = self._compared(self._rewards_by_rank(), len(texts))
        elif self.scale_rewards == "group":
            self._advantages = self._compared(rewards, len(texts))
        return rewards

    def _scored(self, texts: Sequence[str], cases: Sequence[Case]) -> ScoredSlates:
        """Constrained completions are catalog rows already; free ones are read and resolved."""
        catalog, threshold = self.oracle.catalog, self.settings.rewards.threshold
        if self._written:
            listed = [one.rows for one in self._written]
            return score_rows(pad_rows(listed), cases, self.oracle, threshold=threshold)
        refs = [parse_slate(text) for text in texts]
        return score_rows(slate_rows(refs, catalog), cases, self.oracle, refs, threshold)

    def _rewards_by_rank(self) -> Any:
        """The rewards of all processes, [completions, 1 + ranks, objectives]; TRL gathers sequences' own."""
        rewards = torch.as_tensor(
            stack_ranks(list(self._rewards.values())), dtype=torch.float32, device=self.accelerator.device
        )
        padded = self.accelerator.pad_across_processes(rewards, dim=1, pad_index=torch.nan)
        return self.accelerator.gather(padded)

    def _compared(self, rewards: torch.Tensor, local: int) -> torch.Tensor:
        """The advantages of this process's ``local`` completions, from the rewards of all processes."""
        group = self.num_generations if self.model.training else self.num_generations_eval
        weights = list(self.settings.rewards.weights.values())
        advantages = ADVANTAGES[self.settings.aggregation](rewards.cpu().numpy(), weights, group)
        start = self.accelerator.process_index * local
        return torch.as_tensor(
            advantages[start : start + local], dtype=torch.float32, device=self.accelerator.device
        )

    def _write(self, _prompts: Sequence[Any], _trainer: Any) -> dict[str, Any]:
        """TRL's ``rollout_func``: one completion for each of the current rows."""
        rewards = self.settings.rewards
        requests = [
            Request(
                tuple(Message(**message) for message in row["prompt"]),
                dict.fromkeys(row["constraint_ids"], rewards.threshold),
                frozenset(row.get("seen") or ()),
            )
            for row in self._rows
        ]
        # Drawn from torch's RNG, which checkpoints restore, so a resumed run repeats its rollouts.
        seed = int(torch.randint(2**62, ()))
        with unwrap_model_for_generation(
            self.model_wrapped,
            self.accelerator,
            gather_deepspeed3_params=self.args.ds3_gather_for_generation,
            gradient_checkpointing_kwargs=self.args.gradient_checkpointing_kwargs,
        ) as model:
            prompts, decoders = self._policy(model, seed).prepare(requests, rewards.target)
            generate(model, prompts, decoders, batch_size=len(requests))
        self._written = [decoder.completion for decoder in decoders]
        self._choices = Choices.of(self._written).to(self.accelerator.device)
        return {
            "prompt_ids": prompts,
            "completion_ids": [one.tokens for one in self._written],
            "logprobs": [one.log_probabilities for one in self._written],
            "env_mask": [[int(chosen) for chosen in one.chosen] for one in self._written],
        }

    def _policy(self, model: Any, seed: int) -> ConstrainedRanker:
        """What serves constrained lists, sampling: training and serving share prompt, template and mask."""
        inner = LanguageModelRanker(
            LanguageModel(model, self._tokenizer),
            self.oracle.catalog,
            name="policy",
            reasoning=self.settings.reasoning,
            temperature=self.temperature,
            seed=seed,
            taxonomy=self.oracle.taxonomy,
        )
        judge = self.oracle if self.settings.mask == "oracle" else None
        return ConstrainedRanker(inner, judge, trie=self._trie)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._rows = inputs
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        if self._choices is not None:
            output |= self._choices.columns()
            self._choices = None
        if self._advantages is not None:
            output["advantages"], self._advantages = self._advantages, None
        if self.settings.credit == "rank":
            ranks = torch.zeros_like(output["completion_ids"])
            for row, of_tokens in enumerate(self._token_ranks):
                ranks[row, : len(of_tokens)] = torch.tensor(of_tokens)
            output["ranks"] = ranks
            output["advantages"] = output["advantages"].gather(1, ranks)
        return output

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
        # A copy: a batch used for several updates keeps the log-probabilities it was sampled with.
        self._loss_inputs = dict(inputs) if "ranks" in inputs else None
        self._choices = Choices.from_batch(inputs)
        try:
            return super()._compute_loss(model, self._loss_inputs or inputs)
        finally:
            self._loss_inputs = self._choices = None

    def _get_per_token_logps_and_entropies(self, *args: Any, **kwargs: Any) -> Any:
        if self._choices is None:
            result = super()._get_per_token_logps_and_entropies(*args, **kwargs)
        else:
            result = self._logps_of_choices(self._choices, *args, **kwargs)
        if (inputs := self._loss_inputs) is not None:
            # TRL's ratio is exp(new − old) per token. Moving "old" makes it the rank's, with its gradient.
            new = result[0]
            old = inputs.get("old_per_token_logps", new.detach())
            mask = inputs["completion_mask"] * inputs.get("tool_mask", 1)
            inputs["old_per_token_logps"] = new - rank_means(new - old, inputs["ranks"], mask)
        return result

    def _logps_of_choices(
        self,
        choices: Choices,
        model: Any,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_aux_loss: bool = False,
        **_: Any,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Log-probabilities and entropies [completions, tokens], 0 at forced tokens; the auxiliary loss."""
        head_of = self.accelerator.unwrap_model(model)
        start = input_ids.shape[1] - logits_to_keep
        more = {"output_router_logits": True} if compute_aux_loss else {}
        logps, entropies, auxiliary = [], [], []
        for at in range(0, len(input_ids), batch_size or len(input_ids)):
            part = slice(at, at + (batch_size or len(input_ids)))
            rows, columns = choices[part].positions()
            with logits_only_at(head_of, rows, start + columns - 1), self.accelerator.autocast():
                output = model(
                    input_ids=input_ids[part], attention_mask=attention_mask[part], use_cache=False, **more
                )
            tokens = input_ids[part][rows, start + columns]
            logp, entropy = choices[part].judge(output.logits.float() / self.temperature, tokens)
            empty = logp.new_zeros(len(input_ids[part]), logits_to_keep)
            logps.append(empty.index_put((rows, columns), logp))
            entropies.append(empty.index_put((rows, columns), entropy))
            if compute_aux_loss:
                auxiliary.append(output.aux_loss)
        return torch.cat(logps), torch.cat(entropies), torch.stack(auxiliary).mean() if auxiliary else None


def rank_means(values: torch.Tensor, ranks: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Every token's value replaced by the mean over the unmasked tokens of its rank.

    All are [completions, tokens]. Of log-ratios it is the logarithm of the geometric mean of the ratios.
    """
    weight = mask.to(values.dtype)
    size = len(values), int(ranks.max()) + 1
    total = values.new_zeros(size).scatter_add(1, ranks, values * weight)
    count = values.new_zeros(size).scatter_add(1, ranks, weight)
    return (total / count.clamp(min=1)).gather(1, ranks)


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
