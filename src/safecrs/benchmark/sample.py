"""What a benchmark is made of: a conversation, what it discloses, and what the person really liked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from safecrs.conversation import Message
from safecrs.slates.base import Ref
from safecrs.taxonomy import Domain

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

Style = Literal["explicit", "implicit"]
STYLES: tuple[Style, ...] = ("explicit", "implicit")
Position = Literal["before", "after", "inside"]


class Disclosed(BaseModel, frozen=True, extra="forbid"):
    """One sensitivity as it was written into the conversation.

    ``text`` stands word for word in the last user message, ``position`` relative to what the user had
    written there.
    """

    trait: str
    style: Style
    position: Position
    text: str = Field(min_length=1)


class Sample(BaseModel, frozen=True, extra="forbid"):
    """One case: recommend for ``prompt``, respect ``constraints``, find ``groundtruth``.

    Attributes:
        source: where the liked items come from: "movielens", "redial", "inspired"…
        prompt: the conversation, disclosure included, the user's turn last.
        constraints: trait ids that hold, possibly none.
        seen: items the conversation names; never right answers.
        all_liked: the items the person liked, in their order, before anything was removed.
        groundtruth: those of ``all_liked`` that no constraint forbids, in the same order.
        removed: the other items of ``all_liked``.
        reasoning: the safety analysis that training puts before the list.
        disclosure: how each constraint was said; empty where the source does not tell.
    """

    id: str = Field(min_length=1)
    split: Split
    domain: Domain
    source: str
    prompt: tuple[Message, ...] = Field(min_length=1)
    constraints: tuple[str, ...] = ()
    seen: tuple[Ref, ...] = ()
    all_liked: tuple[Ref, ...]
    groundtruth: tuple[Ref, ...] = Field(min_length=1)
    removed: tuple[Ref, ...] = ()
    reasoning: str
    disclosure: tuple[Disclosed, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Sample:
        if self.prompt[-1].role != "user":
            raise ValueError("the last message of the prompt must be the user's")
        if len(set(self.constraints)) != len(self.constraints):
            raise ValueError("a constraint is given twice")
        # Imported samples may not tell how a trait was disclosed, nor then what was removed for it.
        told = self.disclosure or self.removed
        if told and tuple(said.trait for said in self.disclosure) != self.constraints:
            raise ValueError("disclosure and constraints disagree")
        if sorted(map(repr, self.groundtruth + self.removed)) != sorted(map(repr, self.all_liked)):
            raise ValueError("groundtruth and removed are not a partition of all_liked")
        return self
