"""A language model prompted with the conversation; its free completion is parsed into a slate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.checkpoint import LanguageModel, encode
from safecrs.recommenders.language_models.generation import FreeDecoder, Sampler, generate
from safecrs.recommenders.rankers.ranking import resolved_slate
from safecrs.slates.base import Request, Slate
from safecrs.slates.completion import parse_slate
from safecrs.slates.template import Reasoning, answer_prefix
from safecrs.taxonomy import Taxonomy, load_taxonomy

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class LanguageModelRanker:
    """Any causal language model with a chat template.

    The slate is what the model wrote: repeats, unknown titles and unsafe ones are kept, because they are what
    evaluation measures. `FilteredRanker` and `ConstrainedRanker` exclude them.

    Args:
        source: a folder (see `LanguageModel.load`) or a model in memory.
        reasoning: "generate" lets the model write the safety analysis, "given" writes it from the request's
            constraints and lets the model write the list alone, "none" begins the completion with the list.
        temperature: 0 is greedy. A request gets the same completion whenever it has the same position in the
            list of requests; ``seed`` varies it.
        taxonomy: names the traits in given reasoning; that of the catalog's domain by default.
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
        temperature: float = 0.0,
        seed: int = 0,
        taxonomy: Taxonomy | None = None,
    ) -> None:
        self.language_model = source if isinstance(source, LanguageModel) else LanguageModel.load(source)
        self.catalog, self.name, self.reasoning = catalog, name, reasoning
        self.batch_size, self.max_new_tokens = batch_size, max_new_tokens
        self.temperature, self.seed = temperature, seed
        self.taxonomy = taxonomy or load_taxonomy(catalog.domain)

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order: the first ``k`` titles of each completion."""
        return [resolved_slate(parse_slate(text)[:k], self.catalog) for text in self.complete(requests)]

    def complete(self, requests: Sequence[Request]) -> list[str]:
        """Each completion as text, prefix included, without special tokens."""
        model, budget = self.language_model, self.max_new_tokens
        prefills = self.prefills(requests)
        decoders = [
            FreeDecoder(prefill, model.ends, budget, self.sampler(index))
            for index, prefill in enumerate(prefills)
        ]
        prompts = self.prompts(requests, budget + max(map(len, prefills), default=0))
        generate(model.model, prompts, decoders, batch_size=self.batch_size)
        return [model.decode(decoder.tokens) for decoder in decoders]

    def prefills(self, requests: Sequence[Request]) -> list[list[int]]:
        """Token ids of each completion's prefix, which the model does not write (`answer_prefix`)."""
        texts = [answer_prefix(self.reasoning, request.constraints, self.taxonomy) for request in requests]
        return encode(texts, self.language_model.tokenizer)

    def prompts(self, requests: Sequence[Request], completion: int) -> list[list[int]]:
        """Token ids of each conversation, cut so that ``completion`` tokens fit in the context after it."""
        room = max(self.language_model.context - completion, 16)
        return prompt_ids(requests, self.language_model.tokenizer, room)

    def sampler(self, index: int) -> Sampler:
        """The sampler for request ``index``, seeded independently of the batch."""
        return Sampler(self.temperature, (self.seed, index))


def prompt_ids(
    requests: Sequence[Request], tokenizer: PreTrainedTokenizerBase, limit: int
) -> list[list[int]]:
    """Token ids of each conversation through the chat template, up to where the assistant begins.

    A conversation of more than ``limit`` tokens loses its oldest messages, then the beginning of its last.
    """
    if not tokenizer.chat_template:
        raise SafecrsError("The model's tokenizer has no chat template; use a chat (instruct) model.")

    def encoded(conversations: Sequence[list[dict[str, str]]]) -> list[list[int]]:
        return encode(
            [
                tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
                for messages in conversations
            ],
            tokenizer,
        )

    conversations = [[message.model_dump() for message in request.messages] for request in requests]
    prompts = encoded(conversations)
    for index, messages in enumerate(conversations):
        while len(prompts[index]) > limit and len(messages) > 1:
            messages.pop(0)
            (prompts[index],) = encoded([messages])
    return [ids[-limit:] for ids in prompts]
