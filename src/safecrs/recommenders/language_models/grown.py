"""Models with more tokens than the one they were made from."""

from __future__ import annotations

from typing import Any

GROWN = "item_tokens.json"
"""In the folder of such a model: ``base``, the model it was made from, and ``first``, its first new token."""


def grow_embeddings(model: Any, tokenizer: Any) -> None:
    """Give ``model`` an embedding row for every token of ``tokenizer``; new rows have arbitrary values.

    Spare rows of the model are kept.
    """
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
