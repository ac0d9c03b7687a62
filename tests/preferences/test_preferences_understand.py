"""What `understand` hears, on sentences labelled by hand (``labelled.txt``) and on any text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.small_catalog import small_catalog
from safecrs.catalog import Catalog, Item
from safecrs.conversation import Message, conversation
from safecrs.preferences import Preferences, question, understand

LINES = (Path(__file__).parent / "labelled.txt").read_text(encoding="utf-8").splitlines()
LABELLED = [line.partition("=>")[::2] for line in LINES if line and line[0] != "#"]
SHORT = {"must": "M", "rather": "R", "rather not": "r", "never": "N"}


def messages(said: str) -> tuple[Message, ...]:
    turns = [turn.strip().replace("\\n", "\n") for turn in said.split(" || ")]
    return conversation(
        [{"role": "user" if n % 2 == 0 else "assistant", "content": turn} for n, turn in enumerate(turns)]
    )


def heard(said: str, **options) -> Preferences:
    return understand(messages(said), small_catalog(), today=2026, **options)


def written(preferences: Preferences) -> set[str]:
    """What was understood, in the form of the labels."""
    found = set()
    for wish in preferences.stated:
        span = (
            f"{wish.low or ''}..{wish.high or ''}"
            if wish.facet in ("years", "runtime")
            else "|".join(wish.values)
        )
        found.add(f"{SHORT[wish.firmness]} {wish.facet} {span}")
    for item in preferences.named:
        found.add(f"{item.role} {item.title}{'' if item.row >= 0 else '?'}")
    if preferences.count:
        found.add(f"x{preferences.count}")
    unknown = {item.title for item in preferences.named if item.row < 0}
    texts = {wish.text for wish in preferences.stated if wish.facet == "text"}
    return found | {f"? {words}" for words in preferences.not_understood if words not in unknown | texts}


@pytest.mark.parametrize(("said", "label"), LABELLED, ids=[said.strip() for said, _ in LABELLED])
def test_what_people_say_is_understood(said, label):
    assert written(heard(said)) == {part.strip() for part in label.split(";") if part.strip()}


def test_there_are_many_sentences():
    assert len(LABELLED) >= 150


def spans_lie_in_the_text(preferences: Preferences, turns: tuple[Message, ...]) -> None:
    for part in (*preferences.stated, *preferences.named):
        content = turns[part.message].content
        assert turns[part.message].role == "user"
        assert 0 <= part.start < part.end <= len(content)
    for wish in preferences.stated:
        assert wish.text == turns[wish.message].content[wish.start : wish.end]


@pytest.mark.parametrize("said", [said for said, _ in LABELLED])
def test_a_wish_carries_the_words_that_state_it(said):
    spans_lie_in_the_text(heard(said), messages(said))


WORDS = st.sampled_from(sorted({word for said, _ in LABELLED for word in said.split()} | set("()*'’é–\n-\"")))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=200) | st.lists(WORDS, max_size=40).map(" ".join), min_size=1, max_size=4))
def test_any_text_is_read(texts):
    turns = tuple(
        Message(role="assistant" if n % 2 else "user", content=text) for n, text in enumerate(texts)
    )
    spans_lie_in_the_text(understand(turns, small_catalog(), today=2026), turns)


@pytest.mark.parametrize(
    "piece",
    [
        "no horror, not too dark but like Titanic (1997) or the 90s under two hours with Meg Ryan. ",
        "like Unknown Thing and ",
        "seen the second one ",
        "1990-",
        "not ",
        "older ",
        "A ",
        "a film about ",
        "((((1999)",
        "directed by Foo Bar ",
    ],
)
def test_a_longer_text_takes_proportionally_longer(piece):
    def seconds(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        turns = (Message(role="user", content=text),)
        best = float("inf")
        for _ in range(2):
            start = time.process_time()
            understand(turns, small_catalog(), today=2026)
            best = min(best, time.process_time() - start)
        return best

    heard("warm")
    ten, twenty, forty = (seconds(1000 * size) for size in (10, 20, 40))
    assert forty < 7 * ten + 0.2, (ten, twenty, forty)
    assert forty < 3 * twenty + 0.2, (ten, twenty, forty)


def test_what_cannot_be_borne_is_no_wish():
    text = "I want a thriller. The horror of losing a child is too much for me."
    start = text.index("The horror")
    assert "M genres horror" in written(heard("horror of losing"))
    assert written(heard(text, ignore=[(0, start, len(text))])) == {"M genres thriller"}


def test_recent_counts_from_the_year_given():
    turns = messages("something recent")
    years = [understand(turns, small_catalog(), today=today).stated[0].low for today in (2000, 2026)]
    assert years[1] - years[0] == 26


@pytest.mark.parametrize("said", ["hello", "what should I watch?", "movies like Zxqwv"])
def test_who_says_nothing_is_asked_one_question(said):
    asked = question(heard(said), "film")
    assert asked is not None
    assert asked.count("?") == 1
    assert "play" in (question(heard(said), "game") or "")


@pytest.mark.parametrize("said", ["a comedy", "like Titanic", "something about beekeeping"])
def test_who_says_something_is_asked_nothing(said):
    assert question(heard(said), "film") is None


def test_what_is_not_understood_is_named():
    assert heard("a Korean film like Oldboy").not_understood == ("Oldboy",)
    assert heard("a movie about beekeeping").not_understood == ("beekeeping",)
    assert heard("something starring Barbara Quinnipiac").not_understood == ("Barbara Quinnipiac",)
    assert heard("a comedy with Meg Ryan").not_understood == ()


def test_the_list_shown_is_counted_with_items_that_the_catalog_lacks():
    shown = "1. Some Film (1990)\\n2. Titanic (1997)\\n3. The Notebook (2004)"
    said = f"a sad film || {shown} || more like the second one"
    assert "more Titanic" in written(heard(said))


def games() -> Catalog:
    rows = {
        "Stardew Valley": "life-sim|rpg",
        "Portal 2": "puzzle|co-op",
        "Civilization VI": "strategy",
        "Forza": "racing",
    }
    return Catalog.from_items(
        [Item(title, 2016, genres=tuple(of.split("|"))) for title, of in rows.items()], "game"
    )


GAMES = games()


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("turn based strategy games", {"M genres strategy"}),
        ("a cosy farming sim", {"R text cosy", "M genres life-sim"}),
        ("co-op puzzlers to play with my wife", {"M genres co-op", "M genres puzzle"}),
        ("a kart racer on the Switch", {"M genres racing", "R text on the switch"}),
        ("something like Stardew Valley", {"more Stardew Valley"}),
        ("a short rpg", {"R text short", "M genres rpg"}),
        ("no racing please", {"N genres racing"}),
    ],
)
def test_games_are_asked_for_by_their_genres_and_what_is_not_known_of_them_is_text(said, label):
    preferences = understand(messages(said), GAMES, today=2026)
    assert written(preferences) == label
    texts = {wish.text for wish in preferences.stated if wish.facet == "text"}
    assert texts == set(preferences.not_understood)


def test_what_is_said_of_something_else_governs_no_wish() -> None:
    text = "no gore please, a comedy"
    messages = (Message(role="user", content=text),)
    (wish,) = understand(messages, small_catalog(), ignore=[(0, 0, 7)]).stated
    assert (wish.facet, wish.values, wish.firmness) == ("genres", ("comedy",), "must")
    assert text[wish.start : wish.end] == "comedy"
