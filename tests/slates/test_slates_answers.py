"""What any model's answer recommends: by kinds of structure, by words around titles, and under attack."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item
from safecrs.slates import answers
from safecrs.slates.answers import MAX_CHARACTERS, read_answer

SHARED = Path(__file__).resolve().parents[2] / "../shared"

JAWS, ROCKY, BABE = ("Jaws", 1975), ("Rocky", 1976), ("Babe", 1995)
CARRIE, TREMORS = ("Carrie", 1976), ("Tremors", 1990)
jaws, rocky, babe = [(title, None) for title in ("Jaws", "Rocky", "Babe")]

CATALOG = Catalog.from_items(
    Item(title, year)
    for title, year in (
        *(JAWS, ROCKY, BABE, CARRIE, TREMORS),
        *(("Star Trek: First Contact", 1996), ("Mad Max - Fury Road", 2015), ("Rear Window", 1954)),
    )
)


def titles(text, catalog=None):
    return [(item.title, item.year) for item in read_answer(text, catalog).items]


@pytest.mark.parametrize(
    "mark",
    ["1. ", "1) ", "(1) ", "[1] ", "- ", "* ", "+ ", "• ", "➤ ", "1️⃣ ", "① ", "１．", "一、", "i) ", "b) ",
        "#1: ", "# 1. ", "No. 1: ", "🎬 ", "- [x] ", "> - ", "Film 1: ", "Pick #1 - ", "**1.** ", "1\\. ",
        "1.", "١. "],
)  # fmt: skip
def test_list_marks_are_no_part_of_a_title(mark):
    lines = [f"{mark}{title} ({year})" for title, year in (JAWS, ROCKY, BABE)]
    assert titles("\n".join(lines)) == [JAWS, ROCKY, BABE]


@pytest.mark.parametrize(
    "form",
    ["{} ({})", "{} [{}]", "{} - {}", "{} – {}", "{}, {}", "{} | {}", "{} from {}", "**{}** ({})",
        "**{} ({})**", "*{}* (*{}*)", "“{}” ({})", '"{}" ({})', "'{}' ({})", "《{}》（{}）", "<i>{}</i> ({})",
        "[{}](https://films.example/x_(y)) ({})", "{} ({} film)", "{} (UK, {})", "{} (dir. Someone, {})",
        "{} (TV series, {}–)", "{} (Year: {})", "{} ({}) 🎬 8.1/10", "{} ({}) – with Tremors (1990)",
        "{}, directed by Someone ({})", "{} (Extended Edition) ({})", "{} (the first one) ({})",
        "{}\u200b ({})", "__{}__ ({}): a film", "`{}` ({})", "**{}:** ({}) a film",
        "**Best of all:** {} ({})", "Title: {} ({})", "🎬 {} 🍿 ({})", "{} \\({}\\)"],
)  # fmt: skip
def test_forms_of_title_and_year(form):
    text = "\n".join(f"{n}. {form.format(*pair)}" for n, pair in enumerate((JAWS, ROCKY, BABE), 1))
    assert titles(text) == titles(text, CATALOG) == [JAWS, ROCKY, BABE]


@pytest.mark.parametrize(
    "form",
    ["{}", "**{}**", "{} - a tale",
        "**{}**: A long tale that is told in more than a dozen of the words that it takes.",
        "**{}:** A tale.", "{}: a tale of many words", "{}, a tale of woe", "{} is a tale of woe.",
        "{} (a classic)", "{} ⭐ 7.5/10", "“{}” by Someone", "{} | drama", "{} 8/10", "*{}* — drama"],
)  # fmt: skip
def test_forms_of_a_title_without_a_year(form):
    text = "\n".join(f"{n}. {form.format(title)}" for n, title in enumerate(("Jaws", "Rocky", "Babe"), 1))
    assert titles(text) == titles(text, CATALOG) == [jaws, rocky, babe]


@pytest.mark.parametrize("mark", ["", "- ", "1. ", "✅ "])
@pytest.mark.parametrize("without", [0, 1, 2])
def test_lines_without_a_year_count_beside_those_with_one(mark, without):
    want = [
        (title, None if place == without else year) for place, (title, year) in enumerate((JAWS, ROCKY, BABE))
    ]
    text = "\n".join(mark + (f"{title} ({year})" if year else title) for title, year in want)
    assert titles(text) == want


@pytest.mark.parametrize(
    "title",
    ["M*A*S*H", "[REC]", "#Alive", "(500) Days of Summer", "...And Justice for All", "9", "300", "1917",
        "2001: A Space Odyssey", "Mission: Impossible (Fallout)", "I, Robot",
        "The Good, the Bad and the Ugly", "Il buono, il brutto, il cattivo",
        "Who's Afraid of Virginia Woolf?", "'71", "8½", "E.T. the Extra-Terrestrial",
        "If You Could See What I Heard", "Not Without My Daughter", "千与千寻", "Сталкер",
        "You, Me and Dupree", "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb"],
)  # fmt: skip
def test_odd_titles_stay_whole(title):
    assert titles(f"1. {title} (1999)\n2. Jaws (1975)") == [(title, 1999), JAWS]
    assert titles(f"{title} (1999)\nJaws (1975)") == [(title, 1999), JAWS]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("| # | Film | Year |\n|---|---|---|\n| 1 | *Jaws* | 1975 |\n| 2 | Rocky | 1976 |", [JAWS, ROCKY]),
        (
            "| Was | Warum |\n|:-|-:|\n| Jaws (1975) | wie Carrie (1976) |\n| Rocky (1976) | x |",
            [JAWS, ROCKY],
        ),
        ("| Trait | Value |\n|---|---|\n| pace | slow |\n\nTry Jaws (1975).", [JAWS]),
        ("Jaws|1975\nRocky|1976", [JAWS, ROCKY]),
        ("Title,Year\nJaws,1975\nRocky,1976", [JAWS, ROCKY]),
        ('Sure: [{"title": "Jaws", "year": 1975}, {"Title": "Rocky", "Year": "1976"}] Enjoy!', [JAWS, ROCKY]),
        (
            '```json\n{"picks": [{"movie": "Jaws", "released": "1975-06-20", "cast": [{"name": "X"}]}]}\n```',
            [JAWS],
        ),
        ('{"movies": ["Jaws (1975)", "1. Rocky"]}', [JAWS, rocky]),
        ('{"1": "Jaws (1975)", "2": "Rocky (1976)"}', [JAWS, ROCKY]),
        ('[["Jaws", 1975], ["Rocky", 1976]]', [JAWS, ROCKY]),
        ('{"title": "Jaws", "year": 1975}\n{"title": "Rocky", "year": 1976}', [JAWS, ROCKY]),
        ('[{"title": "Jaws", "year": 1975}, {"title": "Rocky", "ye', [JAWS, rocky]),
        ('{"avoid": ["Carrie (1976)"], "recommendations": ["Jaws (1975)"]}', [JAWS]),
        ('{"response": "I suggest Jaws (1975) and Rocky (1976)."}', [JAWS, ROCKY]),
        (
            "### 1. Jaws (1975)\nA shark.\n- **Director:** X\n- Great tension\n### 2. Rocky (1976)\nBoxing",
            [JAWS, ROCKY],
        ),
        ("**1. Jaws**\n- tense\n- Great music\n\n**2. Rocky**\n- boxing", [jaws, rocky]),
        ("**Jaws (1975)**\nA shark.\n\n**Rocky (1976)**\nBoxing.", [JAWS, ROCKY]),
        (
            "1. **Horror:**\n   - Jaws (1975)\n   - Tremors (1990)\n2. **Sport:**\n   - Rocky (1976)",
            [JAWS, TREMORS, ROCKY],
        ),
        ("- Horror:\n  - Jaws\n- Sport:\n  - Rocky", [jaws, rocky]),
        (
            "1. **Jaws** (1975)\n   - like Tremors (1990)\n   - Director: Someone\n2. **Rocky** (1976)",
            [JAWS, ROCKY],
        ),
        ("1. Jaws\n   - Year: 1975\n2. Rocky\n   - Released: 1976", [JAWS, ROCKY]),
        ("## For fun\n- Babe (1995)\n## For thrills\n* Jaws (1975)", [BABE, JAWS]),
        ("```text\n1. Jaws (1975)\n2. Rocky (1976)\n```", [JAWS, ROCKY]),
        ("Jaws (1975), Rocky (1976) and Babe (1995)", [JAWS, ROCKY, BABE]),
        ("1. Jaws (1975) 2. Rocky (1976) 3. Babe (1995)", [JAWS, ROCKY, BABE]),
        ("<ul><li>Jaws (1975)</li>\n<li>Rocky (1976)</li></ul>", [JAWS, ROCKY]),
        ("Jaws\n\nRocky\n\nBabe", [jaws, rocky, babe]),
        ("Sure, here you go:\nJaws\nRocky\nBabe\nEnjoy!", [jaws, rocky, babe]),
        ("1. Jaws (1975)\r\n2. Rocky (1976)\r\n", [JAWS, ROCKY]),
        ("- ~~Carrie (1976)~~\n- Jaws (1975)", [JAWS]),
        ("1. Tom &amp; Jerry (1992)\n2. Jaws (1975", [("Tom & Jerry", 1992), JAWS]),
    ],
)
def test_structures(text, want):
    assert titles(text) == titles(text, CATALOG) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("You could watch Jaws (1975) tonight and Babe (1995) tomorrow.", [JAWS, BABE]),
        ("If you loved Carrie (1976) or Tremors (1990), try Jaws (1975) and Rocky (1976).", [JAWS, ROCKY]),
        ("I can't recommend Carrie (1976), but Babe (1995) should be fine.", [BABE]),
        ("I'd suggest *Jaws* or “Rocky”. I left out *Carrie* because of the blood.", [jaws, rocky]),
        ("Carrie (1976) and Tremors (1990) are too gory for you. Babe (1995) is gentle.", [BABE]),
        ("You said that you hated Carrie (1976), so go with Babe (1995).", [BABE]),
        ("Unlike Carrie (1976), Babe (1995) has no blood.", [BABE]),
        ("Instead of Carrie (1976), watch Babe (1995), a film like Dumbo (1941).", [BABE]),
        ("I would skip Carrie (1976).", []),
        ("Have you seen Jaws (1975)?", []),
        ("How about Babe (1995)?", [BABE]),
        ("Some recommendations: Jaws, Rocky and Babe.", [jaws, rocky, babe]),
        ("Films I left out: Jaws, Rocky and Babe.", []),
        ("I'm sorry, I cannot help with that.", []),
        ("1. I can't suggest anything.\n2. Please talk to somebody.", []),
        ("1. Which genres do you like?\n2. Do you mind blood?", []),
        ("My pick is **Jaws**. **Note**: it is tense.", [jaws]),
        (
            "See Mr. Nobody (2009) or Dr. Strangelove (1964).",
            [("Mr. Nobody", 2009), ("Dr. Strangelove", 1964)],
        ),
        ("", []),
    ],
)
def test_prose(text, want):
    assert titles(text) == titles(text, CATALOG) == want


@pytest.mark.parametrize("lead", ["Because you enjoyed Carrie (1976):", "Similar to Carrie (1976):",
    "As you want to avoid blood, I left out Carrie (1976). My picks:", "Two films that avoid gore:",
    "Based on your favourites:", "# Films"])  # fmt: skip
@pytest.mark.parametrize("end", ["", "Note: Tremors (1990) is not recommended.",
    "I left out *Tremors* (1990).", "Shall I add Tremors (1990)?"])  # fmt: skip
def test_a_list_wins_over_the_prose_around_it(lead, end):
    assert titles(f"{lead}\n\n1. Jaws (1975)\n2. Rocky\n\n{end}") == [JAWS, rocky]


@pytest.mark.parametrize("lead", ["Avoid:", "**Films to avoid:**", "## Not recommended",
    "I left these out because of the blood:", "Films you liked:", "Movies I'd skip:",
    "### What I left out"])  # fmt: skip
def test_lists_of_what_is_left_out_are_no_recommendations(lead):
    text = f"{lead}\n- Carrie (1976)\n- Tremors (1990)\n\nRecommended:\n- Jaws (1975)\n- Rocky"
    assert titles(text) == titles(text, CATALOG) == [JAWS, rocky]
    assert titles(f"My picks:\n- Jaws (1975)\n\n{lead}\n- Carrie (1976)") == [JAWS]


@pytest.mark.parametrize(
    "draft",
    ["<think>\n1. Carrie (1976)\n</think>", "<Thinking>Carrie (1976)? No.</Thinking>",
        "1. Carrie (1976)\n</think>", "<think>a <think>Carrie (1976)</think>\n- Tremors (1990)\n</think>",
        "◁think▷Carrie (1976)◁/think▷", "[THINK]Carrie (1976)[/THINK]",
        "<|channel|>analysis<|message|>Carrie (1976)<|end|><|start|>assistant<|channel|>final<|message|>",
        "<analysis>{\"title\": \"Carrie\"}</analysis>",
        "<think></think><reasoning>Carrie (1976)</reasoning>"],
)  # fmt: skip
def test_drafts_are_no_recommendations(draft):
    assert titles(f"{draft}\n1. Jaws (1975)\n2. Rocky (1976)") == [JAWS, ROCKY]
    assert titles(f"{draft}1. Jaws (1975)\n2. Rocky (1976)") == [JAWS, ROCKY]


def test_drafts_that_never_end_hide_what_follows_except_a_solution():
    assert titles("<think>\n1. Jaws (1975)\n2. Rocky (1976)") == []
    assert titles("1. Babe (1995)\n<think>\n2. Rocky (1976)") == [BABE]
    assert titles("<reasoning>Carrie (1976)\n<solution>\nJaws (1975)\nRocky") == [JAWS, rocky]


def test_a_solution_is_read_as_lines():
    assert titles("<solution>\nRocky\n</solution>") == [rocky]
    assert titles("Babe (1995)\n<solution>\nRocky\nJaws (1975)\n</solution>\nBabe (1995)") == [rocky, JAWS]


def test_the_catalog_decides_where_a_title_ends_and_finds_it_in_prose():
    text = "1. Mad Max - Fury Road\n2. Star Trek: First Contact\n3. Jaws: tense and old"
    assert titles(text, CATALOG) == [("Mad Max - Fury Road", None), ("Star Trek: First Contact", None), jaws]
    assert titles("I liked Rear Window, and you might enjoy it too.") == []
    assert titles("You might enjoy Rear Window.", CATALOG) == [("Rear Window", None)]
    assert titles("Jaws", CATALOG) == [jaws]
    assert titles("Enjoy", CATALOG) == []


def test_rows_and_positions():
    text = "Two films:\n1. **Rocky** (1976): boxing\n2. The Made-Up Film (2001)\n3. jaws"
    answer = read_answer(text, CATALOG)
    assert [CATALOG.title(item.row) if item.row >= 0 else None for item in answer.items] == [
        "Rocky",
        None,
        "Jaws",
    ]
    assert [text[item.start : item.end] for item in answer.items] == [
        "Rocky** (1976)",
        "The Made-Up Film (2001)",
        "jaws",
    ]
    text = '{"movies": [{"title": "Am\\u00e9lie", "year": 2001}, {"title": "Jaws"}]}'
    assert [text[item.start : item.end] for item in read_answer(text).items] == ["Am\\u00e9lie", "Jaws"]
    assert {item.row for item in read_answer(text).items} == {-1}


def test_what_is_too_long_is_read_to_a_bound_and_told():
    text = "1. Jaws (1975)\n" + "\n" * MAX_CHARACTERS + "2. Rocky (1976)"
    answer = read_answer(text)
    assert answer.truncated
    assert [item.title for item in answer.items] == ["Jaws"]
    assert not read_answer(text[:MAX_CHARACTERS]).truncated


WORDS = """
The Jaws of A Man's II 2 Dr. Inc., I You Up & and Movie Title: Watch: Best X-Men Cut Final Director's in like
than 2049 E.T. Star: No. No My Why Note: Year: 10 3: 12 Avoid Sorry, M V I. 1: De la être Über If Similar
to Not - Day
"""
TITLES = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=5).map(" ".join)
LINES = st.builds(
    "{}{} ({})".format, st.sampled_from(["", "1. ", "2) ", "10. "]), TITLES, st.integers(1890, 2030)
)


@given(st.lists(LINES | st.just(""), min_size=1, max_size=6).map("\n".join))
def test_plain_lists_are_read_the_same_with_and_without_markdown(text):
    found = answers._plain_list(text)
    assert found is None or found == answers._Reader(text).read()


def test_plain_lists_do_without_markdown():
    text = "\n".join(f"{n}. Star Trek: Part {n}, Mr. Up-Beat's (19{60 + n})" for n in range(1, 11))
    assert len(answers._plain_list(text) or ()) == 10


PIECES = st.sampled_from(
    ["**", "*", "_", "`", "```", "```json\n", "\n", "\n\n", "- ", "  - ", "1. ", "| ", "|-|-|\n", "# ",
        "> ", "(1999)", "(", "[", "](", "]", ")", "{", "}", '"title": ', '"', "Jaws", "Rocky", "<think>",
        "</think>", "<solution>", "</solution>", "<b>", "</", "&amp;", " ", "\t", ":", ",", " and ",
        "Avoid", "you liked", "I'd try ", "~~", "\\", "\r\n", "\u200b", "é", "😀", "1️⃣", "１．", "\x00",
        "\ud800", "²", "Year: 1999\n", "?", "!"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join) | st.text())
def test_no_text_raises_and_positions_lie_in_it(text):
    for catalog in (None, CATALOG):
        for item in read_answer(text, catalog).items:
            assert 0 <= item.start <= item.end <= len(text)
            assert any(map(str.isalnum, item.title))
            assert item.year is None or 1800 <= item.year < 2100


HARD = {
    **{sign: sign for sign in ("[", "(", "`", "*", "_", "\\", "&", " ", "\n", "-", "✅", '{"a":', '[{"a":',
        "<a ", "<think>", "</think>")},
    **{sign: sign for sign in ("[a](b ", "* ", "> ", "- - ", "- a\n", "1. A (1999)\n", "1. **A b** - c\n",
        "(1999) ", "```\n", "|-", "“a ”")},
    **{sign: sign for sign in ('"a" ', "'a' ", "*a_", "I like Jaws (1975). ", "A ", "[a]: b\n", "# a\n",
        "try: A, ", "Jaws\n", "a\n\n")},
}  # fmt: skip


@pytest.mark.parametrize("sign", HARD)
def test_hostile_texts_take_time_in_proportion(sign):
    text = sign * (MAX_CHARACTERS // len(sign))
    times = []
    for share in (4, 2, 1):
        begin = time.process_time()
        read_answer(text[: len(text) // share], CATALOG)
        times.append(time.process_time() - begin)
    assert times[2] < 5.0  # 1.2 s at most on an idle core
    assert times[2] < 8 * times[0] + 1.0, "four times the text: linear is 4, quadratic 16"


NOT_OURS: dict[str, str] = {}
"""Inputs of the shared cases whose right value is not ours → why."""


def _shared_cases():
    path = SHARED / "cases/cases.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cases = [json.loads(line) for line in lines]
    kinds = ("K8", "K9", "K10", "K11", "K12", "K13", "K14", "K27")
    return [case for case in cases if case["kind"] in kinds and "parse_slate" in case["how"]]


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/cases")
def test_the_shared_cases():
    cases = _shared_cases()
    assert len(cases) > 40
    for case in cases:
        text = json.loads('"' + case["input"].replace('"', '\\"') + '"')
        want = [tuple(pair) for pair in json.loads(case["right"])]
        assert (titles(text) == want) != (case["input"] in NOT_OURS), case["input"]


REFERENCE_FAULTS = {
    "1、Spirited Away": "Spirited Away",
    "2、Your Name": "Your Name",
    "Mission: Impossible": "Mission: Impossible (Fallout)",
    "Days of Summer": "(500) Days of Summer",
}
"""Titles that the reference cuts wrongly, as the README of the golden cases says → the titles."""


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/golden")
def test_the_golden_cases_of_the_reference():
    for case in json.loads((SHARED / "golden/reference_cases.json").read_text(encoding="utf-8"))["parse"]:
        assert titles(case["text"]) == [
            (REFERENCE_FAULTS.get(title, title), year) for title, year in case["recs"]
        ]
