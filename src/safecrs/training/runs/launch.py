"""Configurations for `accelerate launch`: TRL's, and those that it does not ship."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from safecrs.errors import SafecrsError

PURPOSES = {
    "cpu": "two processes on the CPU, to try it out",
    "single_gpu": "one GPU",
    "multi_gpu": "eight GPUs, each with the whole model",
    "zero1": "eight GPUs that share optimiser states (DeepSpeed)",
    "zero2": "eight GPUs that share gradients and optimiser states (DeepSpeed)",
    "zero3": "eight GPUs that share weights too (DeepSpeed)",
    "fsdp2": "the same with PyTorch alone; needs --set selection.samples=0",
    "nodes": "an example of two machines with eight GPUs each (DeepSpeed ZeRO-3)",
}


def launch_config(name: str) -> Path:
    """The file of one of them, for ``accelerate launch --config_file``."""
    if name not in PURPOSES:
        raise SafecrsError(f"There is no launch configuration {name!r}: choose {', '.join(PURPOSES)}.")
    ours = Path(str(files("safecrs.training"))) / "accelerate" / f"{name}.yaml"
    trl = find_spec("trl")
    path = (
        ours if ours.is_file() or not trl else Path(str(trl.origin)).parent / "accelerate_configs" / ours.name
    )
    if not path.is_file():
        raise SafecrsError(f"The launch configuration {name!r} comes with TRL, which is not installed.")
    return path
