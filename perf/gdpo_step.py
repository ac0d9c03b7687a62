"""Step time of Safe-GDPO against TRL's plain GRPO: same model, prompts, seed and completions.

    python perf/gdpo_step.py [--steps 4] [--rounds 5] [--threads 1]

Plain GRPO gets the cheapest reward there is, the length of the text, so the whole cost of reading lists,
asking the oracle and crediting ranks shows. Learning is off (rate 0): every trainer writes the same texts.
Rounds alternate between the trainers and the fastest step of each counts, because the machine may be busy
with other things; two threads on a busy machine wait for each other, so one is the default.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
import warnings
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import median

import datasets
import numpy as np
import torch
from trl import GRPOConfig, GRPOTrainer

from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle
from safecrs.scoring.scored import Case
from safecrs.taxonomy import load_taxonomy
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.gdpo.trainer import SafeGDPOTrainer
from safecrs.training.models.tiny import TinySize, save_tiny

FILMS = 1200


def characters(completions: list, **_: object) -> list[float]:
    return [float(len(completion[0]["content"])) for completion in completions]


def world(folder: Path) -> tuple[Oracle, datasets.Dataset]:
    """An oracle over 1,200 films, a tiny model that knows each as one token, and 64 prompts."""
    catalog = Catalog.from_items(Item(f"Film {number}", 1960 + number % 60) for number in range(FILMS))
    taxonomy = load_taxonomy("film")
    risk = np.random.default_rng(0).random((FILMS, len(taxonomy.traits)), dtype=np.float32)
    save_tiny(folder, ["Recommend ten films please. I cannot stand gore."], catalog.labels, TinySize())
    rows = []
    for number in range(64):
        liked = ", ".join(catalog.labels[number * 7 + step] for step in range(3))
        text = f"I loved {liked}. Recommend ten films please. I cannot stand gore."
        wanted = range(number, number + 5)
        case = Case(
            tuple((catalog.title(row), catalog.year(row)) for row in wanted), tuple(wanted), ("gore",)
        )
        rows.append({"prompt": [{"role": "user", "content": text}], "id": str(number)} | case.columns())
    return Oracle.from_risk(catalog, taxonomy, risk), datasets.Dataset.from_list(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    datasets.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        oracle, data = world(folder)

        def config() -> GRPOConfig:
            return GRPOConfig(
                str(Path(temporary) / "run"),
                per_device_train_batch_size=64,
                num_generations=8,
                max_completion_length=50,
                max_steps=given.steps,
                learning_rate=0.0,
                bf16=False,
                gradient_checkpointing=False,
                use_cpu=True,
                save_strategy="no",
                report_to="none",
                logging_steps=given.steps + 1,
                disable_tqdm=True,
            )

        def build(name: str) -> GRPOTrainer:
            if name == "plain GRPO":
                return GRPOTrainer(str(folder), [characters], config(), data)
            settings = GdpoSettings(credit="rank" if name.endswith("rank") else "sequence")
            return SafeGDPOTrainer(str(folder), settings, oracle, config(), data)

        seconds: dict[str, list[float]] = {"plain GRPO": [], "Safe-GDPO, sequence": [], "Safe-GDPO, rank": []}
        for _ in range(given.rounds):  # interleaved, so that a busy machine slows all alike
            for name, found in seconds.items():
                trainer = build(name)
                ends = [time.perf_counter()]
                inner = trainer.training_step

                def timed(*args: object, _inner=inner, _ends=ends) -> torch.Tensor:
                    loss = _inner(*args)
                    _ends.append(time.perf_counter())
                    return loss

                trainer.training_step = timed
                with redirect_stdout(StringIO()):
                    trainer.train()
                found += np.diff(ends)[1:].tolist()  # the first step warms up
        plain = min(seconds["plain GRPO"])
        print(f"64 completions × up to 50 tokens, threads: {given.threads}")
        for name, found in seconds.items():
            best, usual = min(found) * 1e3, median(found) * 1e3
            print(f"{name:20} {best:7.1f} ms a step (median {usual:.1f}), {min(found) / plain:.3f}×")


if __name__ == "__main__":
    main()
