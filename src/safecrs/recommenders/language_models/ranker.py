"""A language model that is asked in plain chat, and whose answer is read as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safecrs.recommenders.language_models.checkpoint import LanguageModel, Precision
from safecrs.recommenders.language_models.free import FreeDecoder
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.prompting import encode, prompt_ids
from safecrs.recommenders.language_models.sampling import Sampler
from safecrs.recommenders.rankers.ranking import resolved_slate
from safecrs.slates.base import Request, Slate
from safecrs.slates.completion import parse_slate
from safecrs.slates.template import Reasoning, answer_prefix
from safecrs.taxonomy import load_taxonomy

if TYPE_CHECKING:
    from safecrs.catalog import Catalog
    from safecrs.taxonomy import Taxonomy


class LanguageModelRanker:
    """Any causal language model with a chat template.

    The slate is what the model wrote: repeats, unknown titles and unsafe ones are left in, because they
    are what evaluation measures. `FilteredRanker` and `ConstrainedRanker` do something about them.

    Args:
        source: a folder (see `LanguageModel.load`) or a model in memory.
        reasoning: "generate" leaves the safety analysis to the model, "given" writes it from the request's
            constraints and lets the model write the list alone, "none" begins the answer with the list.
        system: a system message put before each conversation.
        temperature: 0 is greedy. A request samples the same answer every time it stands at the same place
            of the list of requests; ``seed`` varies it.
        precision: of a model read from a folder.
        taxonomy: names the traits in given reasoning; that of the catalog's domain by default.

    Raises:
        SafecrsError: the folder holds no such model, or its tokenizer no chat template (when asked).
    """

    def __init__(
        self,
        source: Path | LanguageModel,
        catalog: Catalog,
        *,
        name: str,
        reasoning: Reasoning = "generate",
        batch_size: int = 64,
        max_new_tokens: int = 256,
        system: str | None = None,
        temperature: float = 0.0,
        seed: int = 0,
        precision: Precision = "float32",
        taxonomy: Taxonomy | None = None,
    ) -> None:
        self.language_model = (
            source if isinstance(source, LanguageModel) else LanguageModel.load(source, precision)
        )
        self.catalog = catalog
        self.name = name
        self.reasoning = reasoning
        self.batch_size, self.max_new_tokens = batch_size, max_new_tokens
        self.system = system
        self.temperature, self.seed = temperature, seed
        self.taxonomy = taxonomy or load_taxonomy(catalog.domain)

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order: the first ``k`` titles of each answer."""
        return [resolved_slate(parse_slate(text)[:k], self.catalog) for text in self.complete(requests)]

    def complete(self, requests: Sequence[Request]) -> list[str]:
        """Each answer as text: what was written for the model and what it wrote, without special tokens."""
        prefills = self.prefills(requests)
        writers = [
            FreeDecoder(prefill, self.language_model.ends, self.max_new_tokens, self.sampler(index))
            for index, prefill in enumerate(prefills)
        ]
        answer = self.max_new_tokens + max(map(len, prefills), default=0)
        generate(
            self.language_model.model,
            self.prompts(requests, answer),
            writers,
            batch_size=self.batch_size,
            chunk=1,
        )
        return [self.text(writer.tokens) for writer in writers]

    def prefills(self, requests: Sequence[Request]) -> list[list[int]]:
        """Token ids of how each answer begins before the model writes (`answer_prefix`)."""
        texts = [answer_prefix(self.reasoning, request.constraints, self.taxonomy) for request in requests]
        return encode(texts, self.language_model.tokenizer)

    def prompts(self, requests: Sequence[Request], answer: int) -> list[list[int]]:
        """Token ids of each conversation, cut so that an answer of ``answer`` tokens fits behind it."""
        room = max(self.language_model.context - answer, 16)
        return prompt_ids(requests, self.language_model.tokenizer, room, self.system)

    def sampler(self, index: int) -> Sampler:
        """The chance that the request at ``index`` is answered by."""
        return Sampler(self.temperature, (self.seed, index))

    def text(self, tokens: Sequence[int]) -> str:
        """Token ids as text, without special tokens."""
        text: str = self.language_model.tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text
