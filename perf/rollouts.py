"""Rollouts for reinforcement learning: free, by TRL and by our loop, beside those constrained to the catalog.

    python perf/rollouts.py                # the tiny model of the demo, a minute
    python perf/rollouts.py --smollm2      # SmolLM2-135M, some minutes on two cores

All write for the same prompts, several completions each. Free rollouts may have as many tokens as the
constrained ones have on average, safety analysis included, and hardly ever end before that: the same amount
of text is compared. Variants take turns on one thread, whose own time is measured, and the fastest of each
counts, because the machine may be busy.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import datasets
import numpy as np
import torch
from trl import GRPOConfig

from safecrs.oracle import Oracle, load_starter
from safecrs.recommenders.language_models.bases import SMOLLM2, base_folder
from safecrs.recommenders.language_models.generation import FreeDecoder, Sampler, generate
from safecrs.recommenders.language_models.quiet import silence
from safecrs.scoring.scored import Case
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.gdpo.trainer import SafeGDPOTrainer
from safecrs.training.models.tiny import TinySize, save_tiny

TEMPERATURE = 0.9


def rows_for(oracle: Oracle, count: int) -> list[dict]:
    catalog, rng = oracle.catalog, np.random.default_rng(0)
    rows = []
    for number in range(count):
        liked, wanted = np.split(rng.choice(len(catalog), 8, replace=False), 2)
        loved = ", ".join(catalog.label(int(row)) for row in liked)
        text = f"Hi! I loved {loved}. What should I watch tonight? Nothing gory, please."
        refs = tuple((catalog.title(row), catalog.year(row)) for row in wanted.tolist())
        prompt = [{"role": "user", "content": text}]
        rows.append(
            {"prompt": prompt, "id": str(number)} | Case(refs, tuple(wanted.tolist()), ("gore",)).columns()
        )
    return rows


class Bench:
    """One model, its prompts, and trainers that differ in how they roll out."""

    def __init__(self, folder: Path, oracle: Oracle, prompts: int, group: int, temporary: Path) -> None:
        self.folder, self.oracle, self.group, self.temporary = folder, oracle, group, temporary
        self.rows = rows_for(oracle, prompts)
        self.batch = [dict(row) for row in self.rows for _ in range(group)]
        self.constrained = self.trainer("constrained", 1)
        self.constrained._rows = self.batch
        written = self.constrained._write([], None)
        self.tokens = [len(ids) for ids in written["completion_ids"]]
        self.choices = [sum(mask) for mask in written["env_mask"]]
        self.budget = round(float(np.mean(self.tokens)))
        self.free = self.trainer("free", self.budget)

    def trainer(self, rollouts: str, budget: int, steps: int = 1) -> SafeGDPOTrainer:
        config = GRPOConfig(
            str(self.temporary / "run"),
            per_device_train_batch_size=len(self.rows) * self.group,
            num_generations=self.group,
            max_completion_length=budget,
            max_steps=steps,
            learning_rate=1e-6,
            beta=0.01,
            temperature=TEMPERATURE,
            bf16=False,
            gradient_checkpointing=False,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            logging_steps=steps + 1,
            disable_tqdm=True,
        )
        settings = GdpoSettings(credit="rank", rollouts=rollouts)
        return SafeGDPOTrainer(
            str(self.folder), settings, self.oracle, config, datasets.Dataset.from_list(self.rows)
        )

    def by_trl(self) -> int:
        trainer = self.free
        prompts, _, _ = trainer._tokenize_prompts([row["prompt"] for row in self.batch])
        completions, _ = trainer._generate_single_turn(prompts, None, {}, self.group)
        return sum(map(len, completions))

    def by_our_loop(self) -> int:
        trainer = self.free
        prompts, _, _ = trainer._tokenize_prompts([row["prompt"] for row in self.batch])
        ends = {trainer._tokenizer.eos_token_id}
        decoders = [
            FreeDecoder([], ends, self.budget, Sampler(TEMPERATURE, (row,))) for row in range(len(prompts))
        ]
        generate(trainer.model, prompts, decoders, batch_size=len(prompts))
        return sum(len(decoder.tokens) for decoder in decoders)

    def by_choices(self) -> int:
        return sum(map(len, self.constrained._write([], None)["completion_ids"]))

    def step(self, rollouts: str, steps: int) -> float:
        """The fastest whole step after the first: rollouts, rewards, loss, gradient, update."""
        trainer = self.trainer(rollouts, self.budget, steps + 1)
        ends: list[float] = []
        inner = trainer.training_step

        def timed(*args: object) -> torch.Tensor:
            loss = inner(*args)
            ends.append(time.process_time())
            return loss

        trainer.training_step = timed
        with redirect_stdout(StringIO()):
            trainer.train()
        return float(np.diff(ends).min())


def compare(title: str, bench: Bench, repeats: int, steps: int) -> None:
    variants: dict[str, Callable[[], int]] = {
        "free, TRL's generate": bench.by_trl,
        "free, our loop": bench.by_our_loop,
        "constrained": bench.by_choices,
    }
    best: dict[str, tuple[float, int]] = {}
    for _ in range(repeats):
        for name, run in variants.items():
            started = time.process_time()
            tokens = run()
            seconds = time.process_time() - started
            best[name] = min(best.get(name, (seconds, tokens)), (seconds, tokens))
    completions = len(bench.batch)
    titles = bench.constrained.settings.rewards.target
    print(f"\n{title}: {len(bench.oracle.catalog):,} titles, {len(bench.rows)} prompts × {bench.group}")
    print(
        f"{np.mean(bench.tokens):.1f} tokens a list of {titles}, {np.mean(bench.choices):.1f} of them choices"
    )
    print(f"{'rollouts':24} {'s/completion':>12} {'tokens/s':>9} {'× TRL':>7}")
    base = best["free, TRL's generate"]
    for name, (seconds, tokens) in best.items():
        speed = base[0] / base[1] * tokens / seconds  # of tokens: a free text may end early
        print(f"{name:24} {seconds / completions:12.4f} {tokens / seconds:9.0f} {speed:7.2f}")
    times = {name: bench.step(name, steps) for name in ("free", "constrained")}
    print(f"{'whole step':24} {'s/step':>12} {'× free':>17}")
    for name, seconds in times.items():
        print(f"{name:24} {seconds:12.3f} {times['free'] / seconds:17.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smollm2", action="store_true")
    parser.add_argument("--prompts", type=int, default=None)
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=None)
    parser.add_argument("--steps", type=int, default=None)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    silence()
    oracle = load_starter("film")
    print(f"torch {torch.__version__}, one thread")
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        if given.smollm2:
            bench = Bench(base_folder(SMOLLM2), oracle, given.prompts or 2, given.group, temporary)
            compare("SmolLM2-135M", bench, given.repeats or 1, given.steps or 1)
            return
        texts = [row["prompt"][0]["content"] for row in rows_for(oracle, 200)]
        for title, labels in (("tiny, a token a title", oracle.catalog.labels), ("tiny, in pieces", [])):
            folder = temporary / title.split()[-1]
            save_tiny(folder, texts, labels, TinySize())
            bench = Bench(folder, oracle, given.prompts or 8, given.group, temporary)
            compare(title, bench, given.repeats or 3, given.steps or 3)


if __name__ == "__main__":
    main()
