"""From which age an item suits: certificates, severities and topics as one table."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, Field

from safecrs.storage import read_toml

UNCERTIFIED = 0.5
"""The risk of a topic that counts only where no certificate suits the age."""
OLDEST = 17
"""Adults: from this age on nothing is kept from anybody by age alone, but for what only adults may see."""

Severity = Annotated[int, Field(ge=0, le=3)]


class _Limit(BaseModel, frozen=True, extra="forbid"):
    below: int
    most: tuple[Severity, Severity, Severity, Severity, Severity]


class _Topics(BaseModel, frozen=True, extra="forbid"):
    below: int
    always: tuple[str, ...]
    uncertified: tuple[str, ...]


class AudienceTable(BaseModel, frozen=True, extra="forbid"):
    """What suits an age (``audience.toml``).

    Attributes:
        certificates: certificate → the age from which it suits by itself, and that below which it never does.
    """

    certificates: Mapping[str, tuple[int, int]]
    limits: tuple[_Limit, ...]
    topics: tuple[_Topics, ...]

    def most(self, age: int) -> tuple[int, ...]:
        """The highest severity of each category that suits ``age``."""
        return next((limit.most for limit in self.limits if age < limit.below), (3,) * 5)

    def kept_from(self, age: int) -> dict[str, float]:
        """Topics that keep an item from ``age``: 1 whatever its certificate, `UNCERTIFIED` without one."""
        groups = [group for group in self.topics if age < group.below]
        weak = {name: UNCERTIFIED for group in groups for name in group.uncertified}
        return weak | {name: 1.0 for group in groups for name in group.always}


@cache
def audience_table() -> AudienceTable:
    """The shipped table."""
    resource = files("safecrs.taxonomy") / "audience.toml"
    return AudienceTable.model_validate(read_toml(resource.read_text, "audience.toml"))
