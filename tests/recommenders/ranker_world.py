"""What the ranker tests share besides fixtures: requests, tiny models and the paths of a trie."""

from __future__ import annotations

import torch

from safecrs.catalog import Catalog
from safecrs.conversation import Message
from safecrs.recommenders.constrained import CatalogTrie
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.slates.base import Request
from safecrs.training.models.tiny import TinySize, tiny_model, tiny_tokenizer


def ask(text: str, constraints=(), seen=()) -> Request:
    return Request((Message(role="user", content=text),), dict.fromkeys(constraints, 0.66), frozenset(seen))


def make_tiny(catalog: Catalog, seed: int = 0, whole_labels: bool = True) -> LanguageModel:
    """A random model; in double precision, so that no order of summation decides a choice.

    Its labels are one token each, or spelled in pieces as by a model that was not made for the catalog.
    """
    size = TinySize(hidden=32, layers=2, heads=2, inner=48, vocabulary=320, context=512)
    texts = [f"I liked {label}, what else is there? No gore please." for label in catalog.labels]
    tokenizer = tiny_tokenizer(texts, catalog.labels if whole_labels else [], size)
    model = tiny_model(tokenizer, size, seed).double().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "embed" not in name:
                weight.normal_(std=0.8, generator=generator)  # fresh weights just repeat the last token
    return LanguageModel(model, tokenizer)


def path_of(trie: CatalogTrie, row: int) -> list[int]:
    """The tokens that lead to a catalog row, line break included."""
    leaf, node, tokens = trie.leaf[row], 0, []
    while trie.first_child[node] < trie.first_child[node + 1]:
        children = range(trie.first_child[node], trie.first_child[node + 1])
        (node,) = (child for child in children if trie.low[child] <= leaf < trie.high[child])
        tokens.append(int(trie.token[node]))
    return tokens
