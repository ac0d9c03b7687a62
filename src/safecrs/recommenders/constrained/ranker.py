"""A language model that can only write titles that are in the catalog and allowed for this user."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.constrained.decoder import Completion, ConstrainedDecoder
from safecrs.recommenders.constrained.trie import AllowedTitles, CatalogTrie
from safecrs.recommenders.filtered import Unknown, blocked_rows
from safecrs.recommenders.language_models.checkpoint import encode
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.slates.base import Request, Slate
from safecrs.slates.template import REASONING_OPEN


class ConstrainedRanker:
    """The model of ``inner``, with the same settings, under the oracle's mask.

    No item that the oracle knows to be unsafe for the request, none that was seen and none twice can appear;
    every item is in the catalog; a slate is shorter than k only when fewer items are allowed.

    Args:
        oracle: None allows any title of the catalog that was not seen, each once.
        unknown: whether items without a verdict of the oracle may appear.
        trie: built for the catalog's labels by this model's tokenizer; rankers may share one.

    Attributes:
        reasoning_budget: the most tokens of safety analysis that the model writes when ``inner.reasoning`` is
            "generate".
    """

    reasoning_budget = 96

    def __init__(
        self,
        inner: LanguageModelRanker,
        oracle: Oracle | None,
        unknown: Unknown = "allow",
        *,
        trie: CatalogTrie | None = None,
    ) -> None:
        if oracle and oracle.catalog is not inner.catalog and oracle.catalog.labels != inner.catalog.labels:
            raise SafecrsError("The oracle and the ranker have different catalogs; give both the same.")
        self.inner, self.oracle, self.unknown = inner, oracle, unknown
        self.name = f"{inner.name} + constrained"
        self.trie = trie or CatalogTrie.build(inner.catalog.labels, inner.language_model.tokenizer)

    @classmethod
    def of(cls, ranker: Ranker, oracle: Oracle, unknown: Unknown) -> ConstrainedRanker:
        """A language model under these constraints, or ``ranker`` itself if it has these already."""
        if isinstance(ranker, LanguageModelRanker):
            return cls(ranker, oracle, unknown)
        if isinstance(ranker, cls) and ranker.oracle is oracle and ranker.unknown == unknown:
            return ranker
        raise SafecrsError("Only a language model can decode under constraints; filter any other ranker.")

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        return [as_slate(completion.rows, self.inner.catalog) for completion in self.write(requests, k)]

    def write(self, requests: Sequence[Request], k: int = 10) -> list[Completion]:
        """Each completion with the choices that led to it."""
        prompts, decoders = self.prepare(requests, k)
        generate(self.inner.language_model.model, prompts, decoders, batch_size=self.inner.batch_size)
        return [decoder.completion for decoder in decoders]

    def prepare(
        self, requests: Sequence[Request], k: int = 10
    ) -> tuple[list[list[int]], list[ConstrainedDecoder]]:
        """The inputs of `generate`: the token ids of each prompt, and the decoder of each completion."""
        model, budget = self.inner.language_model, self.reasoning_budget
        if self.inner.reasoning == "generate":
            openings, reasoning = encode([REASONING_OPEN], model.tokenizer) * len(requests), budget
        else:
            openings, reasoning = self.inner.prefills(requests), 0
        decoders = [
            ConstrainedDecoder(
                model,
                AllowedTitles(self.trie, self._blocked(request)),
                k,
                opening,
                reasoning,
                self.inner.sampler(index),
            )
            for index, (request, opening) in enumerate(zip(requests, openings, strict=True))
        ]
        longest = max((len(decoder.pending) for decoder in decoders), default=0) + budget
        return self.inner.prompts(requests, longest + k * self.trie.depth), decoders

    def _blocked(self, request: Request) -> NDArray[np.bool_]:
        """The rows that must not appear, [items]."""
        blocked = (
            blocked_rows(self.oracle, request.constraints, self.unknown)
            if self.oracle
            else np.zeros(len(self.inner.catalog), dtype=bool)
        )
        blocked[list(request.seen)] = True
        return blocked
