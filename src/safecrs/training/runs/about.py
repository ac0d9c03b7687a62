"""Where a run comes from, for its model card: the data, the model it starts from, the commands.

Nothing here decides what a run produces; that is its record (`safecrs.training.runs.record`).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from safecrs.benchmark import DataCard
from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_folder, hub_id
from safecrs.recommenders.language_models.grown import GROWN
from safecrs.storage import read_json, write_json
from safecrs.training.models.base import MADE_FROM

ABOUT = "about.json"


class BaseFacts(BaseModel):
    """What is known of the model that training began with.

    Attributes:
        hub: its name on the Hugging Face hub, where there is one.
        licence: as its own card states it.
        made_here: whether safecrs made it, of the benchmark's data and nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    hub: str | None = None
    licence: str | None = None
    made_here: bool = False


class About(BaseModel):
    """Where a run comes from.

    Attributes:
        base: the model under all training, not the one an earlier run left.
        data: the benchmark's card.
        earlier: those of other benchmarks, which earlier stages were trained on.
        commands: what was typed, this run's last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: BaseFacts
    data: DataCard | None = None
    earlier: tuple[DataCard, ...] = ()
    commands: tuple[str, ...] = ()


def describe(base: Path, data: DataCard | None = None, command: str | None = None) -> About:
    """What is known of a run that starts from the model in ``base``."""
    earlier = read_about(base.parent) if base.name == "model" else None
    commands = earlier.commands if earlier else ()
    before = (*earlier.earlier, earlier.data) if earlier else ()
    others = {
        card.fingerprint: card
        for card in before
        if card and (data is None or card.fingerprint != data.fingerprint)
    }
    if command and (not commands or commands[-1] != command):
        commands = (*commands, command)
    return About(
        base=earlier.base if earlier else _base_facts(base),
        data=data,
        earlier=tuple(others.values()),
        commands=commands,
    )


def write_about(run: Path, about: About) -> None:
    """Keep it in the run's folder."""
    write_json(run / ABOUT, about.model_dump(mode="json"))


def read_about(run: Path) -> About | None:
    """What `write_about` kept; None where there is nothing.

    Raises:
        SafecrsError: it is damaged.
    """
    path = run / ABOUT
    if not path.is_file():
        return None
    try:
        return About.model_validate(read_json(path))
    except ValidationError as error:
        raise SafecrsError(f"{path} is damaged; delete it, and the model card does without it.") from error


def _base_facts(folder: Path) -> BaseFacts:
    if (folder / GROWN).is_file():
        inside = _base_facts(base_folder(str(read_json(folder / GROWN)["base"])))
        return inside.model_copy(update={"name": f"{inside.name} with the catalog's titles as tokens"})
    if (folder / MADE_FROM).is_file():
        return BaseFacts(name="a tiny Llama made for this catalog", made_here=True)
    hub = hub_id(folder)
    header = _header(folder / "README.md")
    named = header.get("base_model")
    if hub is None and isinstance(named, str):
        hub = named
    licence = header.get("license")
    return BaseFacts(
        name=hub or folder.resolve().name,
        hub=hub,
        licence=licence if isinstance(licence, str) else None,
    )


def _header(card: Path) -> dict[str, object]:
    """The header of a model card; nothing where there is none."""
    if not card.is_file():
        return {}
    from huggingface_hub import metadata_load

    try:
        return metadata_load(card) or {}
    except Exception:  # a stranger's file: whatever the parser makes of it
        return {}
