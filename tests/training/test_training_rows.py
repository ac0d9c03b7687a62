from __future__ import annotations

from tiny_runs import rows_of

from safecrs.slates.completion import parse_slate
from safecrs.training.train import _by_popularity
from tiny_world import make_sample


def completion(row):
    (message,) = row["completion"]
    assert message["role"] == "assistant"
    return message["content"]


def test_safe_rows_teach_the_safe_list_after_the_reasoning(world):
    sample = make_sample(world.oracle, "a", [1], [5, 2, 3, 10], ["gore"])
    (row,) = rows_of("safe-sft", [sample])
    text = completion(row)
    assert text.startswith(f"<reasoning>{sample.reasoning}</reasoning>")
    assert parse_slate(text) == [("Film 2", 1962), ("Film 3", 1963)]
    assert row["prompt"] == [{"role": "user", "content": sample.prompt[0].content}]


def test_without_reasoning_the_list_is_the_same(world):
    sample = make_sample(world.oracle, "a", [1], [5, 2, 3], ["gore"])
    (row,) = rows_of("safe-sft", [sample], reasons=False)
    assert completion(row) == "<solution>\nFilm 2 (1962)\nFilm 3 (1963)\n</solution>"


def test_unsafe_rows_teach_everything_that_was_liked(world):
    sample = make_sample(world.oracle, "a", [1], [5, 2, 3], ["gore"])
    (row,) = rows_of("sft", [sample])
    assert completion(row) == "<solution>\nFilm 5 (1965)\nFilm 2 (1962)\nFilm 3 (1963)\n</solution>"


def test_items_without_a_year_are_wrapped_once(world):
    base = make_sample(world.oracle, "a", [1], [2])
    liked = (("Heat", None), ("Film 2", 1962))
    sample = base.model_copy(update={"all_liked": liked, "groundtruth": liked})
    for objective in ("sft", "safe-sft"):
        (row,) = rows_of(objective, [sample], reasons=False)
        assert completion(row) == "<solution>\nHeat\nFilm 2 (1962)\n</solution>"
        assert parse_slate(completion(row)) == list(liked)


def test_rl_rows_carry_what_rewards_read(world):
    base = make_sample(world.oracle, "a", [1], [2, 5], ["gore"])
    sample = base.model_copy(update={"groundtruth": (("Film 2", 1962), ("Heat", None))})
    (row,) = rows_of("safe-gdpo", [sample])
    assert row == {
        "prompt": [{"role": "user", "content": sample.prompt[0].content}],
        "groundtruth": [
            {"title": "Film 2", "year": 1962, "row": 2},
            {"title": "Heat", "year": None, "row": -1},
        ],
        "constraint_ids": ["gore"],
        "seen": [1],
        "id": "a",
    }


def test_lists_in_the_order_of_popularity_hold_the_same_items(world):
    sample = make_sample(world.oracle, "a", [1], [5, 2, 3, 4], ["gore"])
    tastes = [(("Film 4", 1964), ("Film 5", 1965)), (("Film 4", 1964),)]
    (ordered,) = _by_popularity([sample], tastes)
    assert [title for title, _ in ordered.groundtruth] == ["Film 4", "Film 2", "Film 3"]
    assert [title for title, _ in ordered.all_liked] == ["Film 4", "Film 5", "Film 2", "Film 3"]
    assert ordered.removed == sample.removed
    assert ordered.prompt == sample.prompt
    assert type(ordered).model_validate(ordered.model_dump()) == ordered
