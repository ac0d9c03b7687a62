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

from safecrs.catalog.batch import Titles
from safecrs.catalog.normalize import ARTICLES

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_LETTERS = re.compile(r"\w+")
_EDITION = re.compile(r"[(\[]([^()\[\]\n]*)[)\]][^\S\n]*$", re.MULTILINE)
_TRAILING_ARTICLE = re.compile(r"^(.*),[^\S\n]*(an?)[^\S\n]*$", re.MULTILINE | re.IGNORECASE)
_ACRONYM_DOT = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_FRACTION = re.compile(r"\b([123])/([234])\b")
_LETTER_DOLLAR = re.compile(r"\$(?=[^\W\d_])|(?<=[^\W\d_])\$")
_SIGNS = (("&", " and "), ("+", " and "), ("%", " percent "), ("$", " dollar "), ("and a half", " 1⁄2"))
_SPACES = bytes(code if chr(code).isalnum() or code in b"\n" or code > 127 else 32 for code in range(256))

_EDITIONS = """
cut edition extended unrated uncut uncensored remastered restored restoration redux theatrical imax 3d 4k uhd
hd dvd bluray blu-ray
"""
_CARDINALS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty
"""
_ROMANS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
# "v" is five and versus: one form for all of them.
_OTHERS = """
1st=first 2nd=second 3rd=third 4th=fourth 5th=fifth 6th=sixth 7th=seventh 8th=eighth 9th=ninth 10th=tenth
11th=eleventh 12th=twelfth 13th=thirteenth 30=thirty 40=forty 50=fifty 60=sixty 70=seventy 80=eighty 90=ninety
5=vs 5=versus dr=doctor mr=mister st=saint mt=mount sgt=sergeant capt=captain lt=lieutenant vol=volume part=pt
episode=ep and=n dollar=dollars
"""
_EDITION_WORDS = frozenset(_EDITIONS.split())
_FORMS = {
    **{
        word: str(number)
        for words in (_CARDINALS, _ROMANS)
        for number, word in enumerate(words.split(), start=1)
    },
    **{word: form for form, word in (pair.split("=") for pair in _OTHERS.split())},
}
_MARKERS = frozenset({"part", "pt", "vol", "volume", "chapter", "episode", "ep"})
_SPECIAL = _MARKERS | _FORMS.keys()

_LONGEST = 1000
"""Characters of a title; what is longer has no key."""
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


class _Folds(dict[int, str]):
    """A character → what is left of it without marks.

    Invisible ones vanish, signs beyond ASCII part words, and so do raised figures and fractions ("Alien³").
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        decomposed = unicodedata.normalize("NFKD", character)
        plain = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
        if character.isnumeric() and unicodedata.decomposition(character).startswith(
            ("<super>", "<fraction>")
        ):
            plain = f" {plain}"
        self[code] = plain if plain.isascii() or character.isalnum() else " "
        return self[code]


_FOLDS = _Folds()
_FOLDS |= {ord(sign): "'" for sign in "’‘‛ʼ´′"} | {ord(sign): "" for sign in "™℠\u115f\u1160\u3164\uffa0"}
_FOLDS |= {ord("⁄"): "⁄", ord("æ"): "ae", ord("Æ"): "AE", ord("œ"): "oe", ord("Œ"): "OE"}


def drop_edition(title: str) -> str:
    """The title without an edition remark behind it: "(Director's Cut)", "[Extended]"."""
    for _ in range(2):
        title = _EDITION.sub(_edition, title)
    return title.rstrip()


def canonical_title(title: str) -> str:
    """The canonical key of one title; empty where nothing but signs is left."""
    return canonical_keys([title])[1][0]


def canonical_keys(titles: Sequence[str]) -> tuple[list[str], list[str]]:
    """The leading or trailing article and the canonical key of each title.

    A title of one word keeps it ("Nine" is not "9"), and a word such as "part" does not count where a number
    follows it ("The Godfather Part II" is "The Godfather 2"), unless it comes first.
    """
    articles, keys = [], []
    for line in _folded(titles):
        words, article = line.split(), ""
        if len(words) > 1:
            if words[-1] == "the":
                article = words.pop()
            elif words[0] in ARTICLES:
                article = words.pop(0)
            if len(words) > 1 and not _SPECIAL.isdisjoint(words):
                words = _forms(words)
        articles.append(article)
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
    for place, word in enumerate(alone[:-1]):
        if word in _MARKERS and forms[place + 1][:1].isdigit():
            forms[place] = ""
    return forms, alone


def _forms(words: list[str]) -> list[str]:
    """Numbers as digits, abbreviations, and nothing for "part" before a number."""
    forms = [_FORMS.get(word, word) for word in words]
    return [
        form
        for place, (word, form, ahead) in enumerate(zip(words, forms, (*forms[1:], ""), strict=True))
        if not (place and word in _MARKERS and ahead[:1].isdigit())
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
    if ")" in text or "]" in text:
        text = _EDITION.sub(_edition, _EDITION.sub(_edition, text))
    for sign, pattern, plain in (
        (".", _ACRONYM_DOT, ""),
        (",", _THOUSANDS, ""),
        (",", _TRAILING_ARTICLE, r"\2 \1"),
        ("/", _FRACTION, r"\1⁄\2"),
        ("$", _LETTER_DOLLAR, "s"),
    ):
        if sign in text:
            text = pattern.sub(plain, text)
    text = text.casefold()
    for sign, word in _SIGNS:
        text = text.replace(sign, word)
    return text.encode().translate(_SPACES, b"'`").decode().split("\n")[: len(titles)]


def _plain(line: str) -> str:
    """A line in ASCII letters where each character or a whole word has such."""
    line = _FOREIGN.sub(_fold, line)
    return line if line.isascii() else _LETTERS.sub(_latin, line)


def _fold(run: re.Match[str]) -> str:
    return run[0].translate(_FOLDS)


def _edition(remark: re.Match[str]) -> str:
    last = remark[1].split()[-1:]
    return "" if last and last[0].casefold() in _EDITION_WORDS else remark[0]


def _entity(entity: re.Match[str]) -> str:
    return html.unescape(entity[0]).replace("\n", " ")


def _latin(word: re.Match[str]) -> str:
    """A word all of whose letters look like Latin ones, in Latin letters; any other as it is."""
    latin = word[0] if word[0].isascii() else word[0].translate(_LOOK_ALIKES)
    return latin if latin.isascii() else word[0]
