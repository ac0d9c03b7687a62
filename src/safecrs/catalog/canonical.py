"""The canonical key of a title: one for all spellings that people and models use.

Looser than `normalize_title`: all separators part words ("Kick Ass", "Kick-Ass"), numbers are digits
("Saw II", "Saw Two", "Kill Bill Volume 2"), signs are words, HTML entities, look-alike letters, invisible
characters and edition remarks are undone. All titles of a batch pass through as one text, a title a line.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from safecrs.catalog.batch import Titles
from safecrs.catalog.normalize import ARTICLES, spells

_LONGEST = 1000  # characters of a title; what is longer has no key
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"\w+")
_EDITION = (
    r"[(](?:[^()\n]*[^\S\n])?(?:cut|edition|extended|unrated|uncut|uncensored|remastered|restored|restoration"
    r"|redux|theatrical|imax|3d|4k|uhd|hd|dvd|bluray|blu-ray)[^\S\n]*[)][^\S\n]*"
)
# A sign, and where a lower-case text holds it, what is replaced by what.
_REWRITES = (
    ("[", re.compile(r"\["), "("),
    ("]", re.compile(r"\]"), ")"),
    (")", re.compile(f"(?:{_EDITION}){{1,2}}$", re.MULTILINE), ""),
    (".", re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)"), ""),  # acronyms
    (",", re.compile(r"(?<=\d),(?=\d{3})"), ""),
    (",", re.compile(r"^(.*),[^\S\n]*(an?)[^\S\n]*$", re.MULTILINE), r"\2 \1"),
    ("/", re.compile(r"\b([123])/([234])\b"), r"\1⁄\2"),
    ("$", re.compile(r"\$(?=[^\W\d_])|(?<=[^\W\d_])\$"), "s"),
    ("$", re.compile(r"\$"), " dollar "),
    ("&", re.compile("&"), " and "),
    ("+", re.compile(r"\+"), " and "),
    ("%", re.compile("%"), " percent "),
    ("and a half", re.compile("and a half"), " 1⁄2"),
)
_SPACES = bytes(code if chr(code).isalnum() or code in b"\n" or code > 127 else 32 for code in range(256))

# The form of a word in a key, and the words that have it. "v" is five and versus: one form for all of them.
_SPELLINGS = """
1 one i
2 two ii
3 three iii
4 four iv
5 five v vs versus
6 six vi
7 seven vii
8 eight viii
9 nine ix
10 ten x
11 eleven xi
12 twelve xii
13 thirteen xiii
14 fourteen xiv
15 fifteen xv
16 sixteen xvi
17 seventeen xvii
18 eighteen xviii
19 nineteen xix
20 twenty xx
30 thirty
40 forty
50 fifty
60 sixty
70 seventy
80 eighty
90 ninety
1st first
2nd second
3rd third
4th fourth
5th fifth
6th sixth
7th seventh
8th eighth
9th ninth
10th tenth
11th eleventh
12th twelfth
13th thirteenth
dr doctor
mr mister
st saint
mt mount
sgt sergeant
capt captain
lt lieutenant
vol volume
part pt
episode ep
and n
dollar dollars
"""
_FORMS = {word: form for form, *words in map(str.split, _SPELLINGS.strip().split("\n")) for word in words}
_MARKERS = frozenset({"part", "pt", "vol", "volume", "chapter", "episode", "ep"})
_SPECIAL = _MARKERS | _FORMS.keys()

_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТУХЅІЈҺԌԚԜаекмнорстухѕіјһԁԛԝгпьвԍӏѵ"  # Cyrillic
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχωγηβ"  # Greek
    "ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᎩᏃ"  # Cherokee
    "ՏՍՕօսոհցզ"  # Armenian
    "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡıøłđØŁĐ",  # Latin
    "ABEKMHOPCTYXSIJhGQWaekmhopctyxsijhdqwrnbbglv"
    "ABEZHIKMNOPTYXaeikvoptuxwynb"
    "ABCDEGHiJKLMPRSTVWYZ"
    "SUOouuhgq"
    "abcdefghijklmnoprstuvwyzagioldOLD",
)
# What a character becomes that `_bare` would read otherwise.
_BARE = {
    **dict.fromkeys("’‘‛ʼ´′", "'"),
    **dict.fromkeys("™℠\u115f\u1160\u3164\uffa0", ""),
    **{"⁄": "⁄", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"},
}


def canonical_title(title: str) -> str:
    """The canonical key of one title; empty where nothing but signs is left."""
    return canonical_keys([title])[1][0]


def canonical_keys(titles: Sequence[str]) -> tuple[list[str], list[str]]:
    """The leading or trailing article and the canonical key of each title.

    A title of one word keeps it ("Nine" is not "9"), and a word such as "part" does not count where a number
    follows it ("The Godfather Part II" is "The Godfather 2"), unless it comes first.
    """
    articles, keys = [""] * len(titles), []
    for at, words in enumerate(map(str.split, _folded(titles))):
        if len(words) > 1 and (words[-1] == "the" or words[0] in ARTICLES):
            articles[at] = words.pop(-1 if words[-1] == "the" else 0)
        if len(words) > 1 and not _SPECIAL.isdisjoint(words):
            forms = [_FORMS.get(word, word) for word in words]
            words = [forms[0], *filter(None, _counting(words, forms)[1:])]
        keys.append(" ".join(words))
    return articles, keys


def canonicalize_many(titles: Sequence[str]) -> Titles:
    """`canonical_keys` as columns."""
    articles, keys = canonical_keys(titles)
    return Titles.of([key.encode() for key in keys], [ARTICLES.index(article) for article in articles])


def running_keys(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """What each word of a running text adds to the key of a title of several words, and its own key alone.

    The first is empty for a word that does not count, such as "Part" in "Part II".
    """
    lines = [line.split() for line in _folded(words)]
    forms = [" ".join([_FORMS.get(word, word) for word in line]) for line in lines]
    alone = [line[0] if len(line) == 1 else form for line, form in zip(lines, forms, strict=True)]
    return _counting(alone, forms), alone


def _counting(words: Sequence[str], forms: Sequence[str]) -> list[str]:
    """The forms of the words, empty for "part" before a number."""
    return [
        "" if word in _MARKERS and ahead[:1].isdigit() else form
        for word, form, ahead in zip(words, forms, [*forms, ""][1:], strict=True)
    ]


def _folded(titles: Sequence[str]) -> list[str]:
    """Each title as lower-case words of letters and digits with white space between them."""
    text = "\n".join(titles)
    if text.count("\n") != max(len(titles) - 1, 0) or max(map(len, titles), default=0) > _LONGEST:
        text = "\n".join([title.replace("\n", " ") * (len(title) <= _LONGEST) for title in titles])
    if "&" in text:
        text = _ENTITY.sub(_entity, _ENTITY.sub(_entity, text))
    if not text.isascii():
        text = "\n".join([line if line.isascii() else _plain(line) for line in text.split("\n")])
    text = text.casefold()
    for sign, pattern, plain in _REWRITES:
        if sign in text:
            text = pattern.sub(plain, text)
    return text.encode().translate(_SPACES, b"'`").decode().split("\n")[: len(titles)]


def _entity(entity: re.Match[str]) -> str:
    return html.unescape(entity[0]).replace("\n", " ")


def _plain(line: str) -> str:
    """A line in ASCII letters where each character or a whole word has such."""
    line = _FOREIGN.sub(lambda run: "".join(map(_bare, run[0])), line)
    return line if line.isascii() else _WORD.sub(_latin, line)


@cache
def _bare(character: str) -> str:
    """What is left of a character without marks.

    Invisible ones vanish, signs beyond ASCII part words, and so do raised figures and fractions ("Alien³").
    """
    decomposed = unicodedata.normalize("NFKD", character)
    plain = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf") or spells(c))
    if unicodedata.decomposition(character).startswith(("<super>", "<fraction>")) and character.isnumeric():
        plain = f" {plain}"
    return _BARE.get(character, plain if plain.isascii() or spells(character) else " ")


def _latin(word: re.Match[str]) -> str:
    """A word all of whose letters look like Latin ones, in Latin letters; any other as it is."""
    latin = word[0].translate(_LOOK_ALIKES)
    return latin if latin.isascii() else word[0]
