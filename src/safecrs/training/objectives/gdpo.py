"""Safe-GDPO (Hao et al. 2026): reinforcement learning for relevance, safety and complete lists."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safecrs.errors import SafecrsError
from safecrs.training.objectives.base import Objective, Task, messages

if TYPE_CHECKING:
    from pydantic import BaseModel


class SafeGdpo(Objective):
    """Safe-GDPO, and with the options of ``[gdpo]`` Safe-GRPO and Rank-GRPO."""

    id, name = "safe-gdpo", "Safe-GDPO"
    summary = "Safe-GDPO: reinforcement learning for relevance, safety and full lists"
    tables = ("rl",)
    needs = frozenset({"rollouts", "reference"})
    defaults = {"logging_steps": 1}  # noqa: RUF012, ClassVar in the base

    def options(self) -> dict[str, type[BaseModel]]:
        """The table ``[gdpo]``."""
        from safecrs.training.gdpo.settings import GdpoSettings

        return {"gdpo": GdpoSettings}

    def safe(self, options: Mapping[str, Any]) -> bool:
        """Whether safety has a weight among the rewards."""
        return bool(options["gdpo"].rewards.safety > 0)

    def describe(self, options: Mapping[str, Any]) -> str:
        """By aggregation and rewards: a model that was rewarded for hits alone is not called a safe one."""
        gdpo = options["gdpo"]
        name = gdpo.aggregation.upper()
        how = (
            f"Safe-{name}: reinforcement learning"
            if self.safe(options)
            else f"{name} without safety, that is"
        )
        return f"{how} by the rewards {', '.join(gdpo.rewards.weights)}"

    def adapt(self, options: Mapping[str, Any], reasons: bool) -> Mapping[str, Any]:
        """Constrained rollouts write no analysis where the model was trained without."""
        gdpo = options["gdpo"]
        if gdpo.rollouts == "constrained" and not reasons:
            gdpo = gdpo.model_copy(update={"reasoning": "none"})
        return {"gdpo": gdpo}

    def check(self, settings: Mapping[str, Any], base: Path | None) -> None:
        """Refuse vLLM where it is not installed or cannot know the model's title tokens."""
        from safecrs.training.models.adapters import has_item_tokens

        if not settings.get("use_vllm"):
            return
        if find_spec("vllm") is None:
            raise SafecrsError(
                "Rollouts by vLLM need vLLM and a GPU: pip install vllm, or do without "
                "(--set rl.use_vllm=false)."
            )
        if base and has_item_tokens(base):
            raise SafecrsError(
                f"vLLM would load the model that {base} was made from, which has no tokens for titles: do "
                "without vLLM (rl.use_vllm=false), or train without such tokens (model.item_tokens=false)."
            )

    def rows(self, task: Task) -> list[dict[str, Any]]:
        """What rewards and rollouts need of each sample; ``seen`` are catalog rows."""
        from safecrs.scoring.scored import sample_cases, slate_rows

        catalog = task.oracle.catalog
        seen = slate_rows([sample.seen for sample in task.samples], catalog).tolist()
        return [
            {"prompt": messages(sample), "id": sample.id}
            | case.columns()
            | {"seen": [row for row in rows if row >= 0]}
            for sample, case, rows in zip(
                task.samples, sample_cases(task.samples, catalog), seen, strict=True
            )
        ]

    def trl(self) -> tuple[Any, Any]:
        """`SafeGDPOTrainer`."""
        from trl import GRPOConfig

        from safecrs.training.gdpo.trainer import SafeGDPOTrainer

        return GRPOConfig, SafeGDPOTrainer

    def arguments(self, task: Task) -> dict[str, Any]:
        """The options and the oracle, which judges rollouts."""
        return {"settings": task.options["gdpo"], "oracle": task.oracle}
