"""A language model that can only write titles that are in the catalog and allowed for this user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.constrained.decoder import (
    Completion,
    ConstrainedDecoder,
    ResponseTemplate,
)
from safecrs.recommenders.constrained.mask import AllowedTitles
from safecrs.recommenders.constrained.trie import CatalogTrie
from safecrs.recommenders.filtered import Unknown
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.oracle import Oracle

# Longer runs of forced tokens take several passes: one long title must not pad the whole batch.
DEFAULT_CHUNK = 8


class ConstrainedRanker:
    """The model of ``inner``, asked with the same settings, under the oracle's mask.

    No item that the oracle knows to be unsafe for the request, none that was seen and none twice can appear;
    every item is in the catalog; a slate is shorter than k only when fewer items are allowed.

    Args:
        oracle: None judges nothing: any title of the catalog that was not seen may be written, each once.
        unknown: whether items on which the oracle has no verdict may appear.
        reasoning_budget: the most tokens of safety analysis that the model writes when ``inner.reasoning`` is
            "generate".
        chunk: at most so many forced tokens a pass; 1 turns jumping forward off.
        trie: built for the catalog's labels by this model's tokenizer; policies may share one.

    Raises:
        SafecrsError: the oracle judges another catalog, or titles cannot be told apart by the tokenizer.
    """

    def __init__(
        self,
        inner: LanguageModelRanker,
        oracle: Oracle | None,
        unknown: Unknown = "allow",
        *,
        reasoning_budget: int = 96,
        chunk: int = DEFAULT_CHUNK,
        name: str | None = None,
        trie: CatalogTrie | None = None,
    ) -> None:
        catalog = oracle.catalog if oracle else inner.catalog
        if catalog is not inner.catalog and catalog.labels != inner.catalog.labels:
            raise SafecrsError("The oracle and the policy have different catalogs; give both the same.")
        self.inner, self.oracle, self.unknown = inner, oracle, unknown
        self.reasoning_budget, self.chunk = reasoning_budget, chunk
        self.name = name or f"{inner.name} + constrained"
        self.trie = trie or CatalogTrie.build(inner.catalog.labels, inner.language_model.tokenizer)

    @classmethod
    def of(cls, ranker: Ranker, oracle: Oracle, unknown: Unknown) -> ConstrainedRanker:
        """A language model under these constraints, or a ranker that is constrained just so already."""
        if isinstance(ranker, LanguageModelRanker):
            return cls(ranker, oracle, unknown)
        if isinstance(ranker, cls) and ranker.oracle is oracle and ranker.unknown == unknown:
            return ranker
        raise SafecrsError("Only a language model can decode under constraints; filter any other ranker.")

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        return [as_slate(written.rows, self.inner.catalog) for written in self.write(requests, k)]

    def complete(self, requests: Sequence[Request], k: int = 10) -> list[str]:
        """Each answer as text, special tokens left out."""
        return [self.inner.text(written.tokens) for written in self.write(requests, k)]

    def write(self, requests: Sequence[Request], k: int = 10) -> list[Completion]:
        """Each answer with the choices that led to it."""
        prompts, writers = self.prepare(requests, k)
        model = self.inner.language_model.model
        generate(model, prompts, writers, batch_size=self.inner.batch_size, chunk=self.chunk)
        return [writer.written for writer in writers]

    def prepare(
        self, requests: Sequence[Request], k: int = 10
    ) -> tuple[list[list[int]], list[ConstrainedDecoder]]:
        """What `generate` needs: the token ids of each conversation, and the writer of each answer."""
        model = self.inner.language_model
        writers = [
            ConstrainedDecoder(
                frame,
                AllowedTitles(self.trie, blocked),
                k,
                model.tokenizer,
                model.ends,
                self.inner.sampler(index),
            )
            for index, (frame, blocked) in enumerate(
                zip(self._frames(requests), self._blocked(requests), strict=True)
            )
        ]
        longest = max((len(writer.pending) for writer in writers), default=0) + self.reasoning_budget
        return self.inner.prompts(requests, longest + k * self.trie.depth), writers

    def _frames(self, requests: Sequence[Request]) -> list[ResponseTemplate]:
        tokenizer = self.inner.language_model.tokenizer
        if self.inner.reasoning == "generate":
            return [ResponseTemplate.reasoned(self.reasoning_budget, tokenizer)] * len(requests)
        return [ResponseTemplate.opened(prefix, tokenizer) for prefix in self.inner.prefills(requests)]

    def _blocked(self, requests: Sequence[Request]) -> list[NDArray[np.bool_]]:
        """For each request the rows that must not appear, [items]."""
        forbidden: dict[frozenset[tuple[str, float]], NDArray[np.bool_]] = {}
        blocked: list[NDArray[np.bool_]] = []
        for request in requests:
            key = frozenset(request.constraints.items())
            if key not in forbidden:
                forbidden[key] = self._forbidden(request.constraints)
            mine = forbidden[key].copy()
            mine[list(request.seen)] = True
            blocked.append(mine)
        return blocked

    def _forbidden(self, constraints: Mapping[str, float]) -> NDArray[np.bool_]:
        if self.oracle is None:
            return np.zeros(len(self.inner.catalog), dtype=bool)
        rows: NDArray[np.bool_] = np.asarray(self.oracle.unsafe(constraints))
        return rows | self.oracle.unknown(constraints) if self.unknown == "exclude" else rows
