"""Ways in which people and models write a title."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

WORDS = "zero one two three four five six seven eight nine ten eleven twelve thirteen".split()  # noqa: SIM905
ROMANS = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII"]
_WORD = re.compile(r"(?<![\w'’./])\w+(?![\w'’./])")
_ALIKE = str.maketrans("aceopxyAEKMOT", "асеорхуΑЕКМОТ")
_WIDE = str.maketrans({code: code + 0xFEE0 for code in range(33, 127)})
_RAISED = str.maketrans("123", "¹²³")


def spellings(title: str) -> Iterator[str]:
    """Other spellings of ``title`` that mean the same item."""
    yield from (title.lower(), title.upper(), f"  {title} ")
    yield from (title.replace(":", " -"), title.replace(": ", " – "), title.replace(": ", " | "))
    yield from (title.replace("-", " "), title.replace("-", "–"), title.replace("·", "-"))
    yield re.sub(r"(?<=[^\W\d])/", " ", title)
    yield from (title.replace(" ", "-"), title.replace(" ", " · "), title.replace(" ", "\u00a0 "))
    yield from (html.escape(title), html.escape(html.escape(title)), title.replace("'", "&rsquo;"))
    yield from (title.replace("'", "’"), title.replace("&", "and"), title.replace(" and ", " & "))
    yield from (title.translate(_ALIKE), title.translate(_WIDE))
    yield "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in title)  # mathematical bold
    yield from ("\u200b".join(title), re.sub(r"(?<=\w)(?=\w)", "\u00ad", title), f"\ufeff{title}")
    yield from (f"{title} (Director's Cut)", f"{title} [Extended Edition]", f"{title} (Unrated) [4K]")
    yield re.sub(r"\bDr\.", "Doctor", title)
    if title.casefold().startswith("the ") and len(title.split()) > 2:
        yield from (f"{title[4:]}, The", f"{title[4:]} the")
    for marker in ("Part", "Vol.", "Chapter"):
        for other in ("Part", "Pt.", "Vol", "Volume", "Chapter", "Episode"):
            yield re.sub(rf"(?<=\w\W)\b{marker} (?=[IVX]+\b|\d|One|Two)", f"{other} ", title)
    yield from _numbers(title)


def _numbers(title: str) -> Iterator[str]:
    """The title's numbers in digits, words and Roman numerals; a title of one word keeps it."""
    for found in _WORD.finditer(title):
        word, before, behind = found[0], title[: found.start()], title[found.end() :]
        number = next(
            (forms.index(word) for forms in (ROMANS, [*map(str, range(14))]) if word in forms), None
        )
        if number is None and word.lower() in WORDS:
            number = WORDS.index(word.lower())
        if number and re.sub(r"(?i)^(the|an?) | \(uncut\)$", "", title).strip() != word:
            yield from (f"{before}{form}{behind}" for form in (str(number), WORDS[number], ROMANS[number]))
            yield f"{before}{WORDS[number].title()}{behind}"
            if before.endswith(" ") and number < 4:
                yield f"{before.rstrip()}{str(number).translate(_RAISED)}{behind}"
