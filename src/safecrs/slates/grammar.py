"""Title, year and the words around them, in one line of any model's answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import NamedTuple
from unicodedata import decimal

Known = Callable[[str], bool]
"""Whether a catalog has an item of this title."""

# Every pattern is bounded in length, or cannot fail once it has begun: the text is untrusted.
_SYMBOLS = (
    "\u2022\u2023\u2043\u2190-\u21ff\u2219\u25a0-\u2775\u2794-\u27bf\u2b00-\u2bff\ufe0f\u200d"
    "\U0001f000-\U0001faff"
)
_NOUNS = "movie|film|title|game|pick|option|recommendation|suggestion|choice|number|rank"
_BULLET = rf"\[[ xX]?\]\s+|[-*+•·–—>|\#]{{1,6}}(?:\s+|$)|[{_SYMBOLS}]{{1,8}}\s*"
_NUMBER = rf"""(?:\*\*|__)?(?:
    \(\d{{1,2}}\)(?=\s) | \[\d{{1,2}}\](?=\s)
  | \d{{1,3}}(?:\s?\\?[.)](?=\D|$)|[、．])
  | \d{{1,2}}(?::(?=\s)|\s?[-–—|](?=\s))
  | \d\ufe0f?\u20e3 | [①-⓿❶-➓🔟]
  | [^\W\d_]\)(?=\s) | [ivxIVX]{{1,5}}\)(?=\s) | [IVX]{{1,5}}\.(?=\s)
  | [一二三四五六七八九十]{{1,3}}[、.．] | 第\s?[\d一二三四五六七八九十]{{1,3}}[位名]
  | (?:\#|№|no\.\s)\d{{1,3}}(?:\s?[:.)–—-])?(?=\s)
  | (?:{_NOUNS}|day|night|week)\s\#?\d{{1,3}}\s?[:.)–—-](?=\s)
)(?:\*\*|__)?[:：]?\s*"""
_MARKS = re.compile(
    rf"\s*(?:(?:{_BULLET})\s*){{0,4}}(?:(?P<number>{_NUMBER})\s*(?:(?:{_BULLET})\s*){{0,2}})?",
    re.VERBOSE | re.IGNORECASE,
)
_MARKUP = re.compile(
    r"!\[[^\[\]\n]{0,300}\]\([^()\n]{0,500}\)"
    r"|\[(?=[^\[\]\n]{1,300}\]\((?!\s?\d{4}\s?\))[^()\n]{0,500}[()])"
    r"|\]\((?!\s?\d{4}\s?\))[^()\n]{0,500}(?:\([^()\n]{0,200}\)[^()\n]{0,200})?\)"
    r"|</?[A-Za-z][^<>\n]{0,200}>|<\|[^<>|\n]{1,30}\|>|https?://[^\s<>()]{1,500}"
    r"|(?<![\w*_~`])[*_~`]{1,4}+|[*_~`]{1,4}+(?!\w)|\\(?=[()\[\]])"
)
_BOLD_NUMBER = re.compile(r"^([ \t>]{0,20})(\*\*|__)(\d{1,3}[.)])([ \t]+)(?=\S)", re.MULTILINE)
_STRUCK = re.compile(r"~~[^~\n]{1,300}~~")
_ONE_FOR_ONE = str.maketrans(
    "\u00a0\u2002\u2003\u2009\u202f\u3000\u2028\u2029\x0b\x0c\x85\r（）［］【】｜０１２３４５６７８９",
    "      \n\n\n\n\n\n()[][]|0123456789",
)
_UNSEEN = "\u200b\ufeff\u2060\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSEEN_EDGE = re.compile(f"(?<![^\\W_])[{_UNSEEN}]|[{_UNSEEN}](?![^\\W_])")
SPAN = re.compile(
    r"\s*(?:(\*{1,3}|(?<!\w)_{1,3}|`)(?=\S)([^*_`\n]{1,300}?)\1(?!\w)|[\"“”„]([^\"“”„\n]{1,300})[\"“”]"
    r"|<(?:b|i|em|u|strong)>([^<>\n]{1,300})</|(?<!\w)['‘]([^\n]{1,100}?)['’](?!\w)|\[([^\[\]\n]{1,300})\]\("
    r"|[「『《〈«]([^「」『』《》〈〉«»\n]{1,300})[」』》〉»])",
    re.IGNORECASE,
)
BRACKET = re.compile(r"[(\[]([^()\[\]\n]{1,80})(?:[)\]]|$)")
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")
_OTHER_YEAR = re.compile(r"\b(?:novel|book|remake of|remade|based|set in|born|won|awards?|I)\b")
_FIRST_YEAR = re.compile(r"\s*[(\[]\s?((?:1[89]|20)\d\d)\s?[)\]](?:\s*[-–—:])?(?=\s*\w)")
_LOOSE_YEAR = re.compile(
    r"\s*(?:\s[-–—]|[|,\t]|\sfrom)\s*((?:1[89]|20)\d\d)(?!\d)(?=\s*(?:$|[-–—|,.;:(\[\t]))"
)
_NEXT = re.compile(
    rf"[\s*_\"'”’»]*(?:(?:[,;/|&+•·、，]|(?:and|or|then)\b)\s*(?:(?:and|or|then)\b|&)?|(?={_NUMBER}))\s*(?:{_NUMBER})?",
    re.VERBOSE | re.IGNORECASE,
)
_EDITION = (
    r"(?:director['’]s|extended|final|theatrical|ultimate|unrated|uncut|special|anniversary|remaster\w*|"
    r"restor\w*|collector['’]s|4k|imax|blu-?ray|redux|dubbed|subtitled)"
)
_ASIDE = re.compile(
    rf"\s*[(\[](?:(?-i:[a-z])|[^()\[\]]{{0,30}}\b{_EDITION}\b)[^()\[\]]{{0,60}}[)\]]"
    rf"|\s*[-–—:,]\s(?:the\s)?(?:[\w']{{1,12}}\s)?{_EDITION}\s(?:cut|edition|version)$|[{_UNSEEN}\\]",
    re.IGNORECASE,
)
_EDGE = re.compile(rf"^[\s*_`~|–—:：,;<>={_SYMBOLS}-]+|[\s*_`~|–—:：,;<>={_SYMBOLS}-]+$")
_QUOTED = re.compile(
    r"[\"“”„]([^\"“”„]+)[\"“”]|['‘](.+)['’]|[「『《〈«‹]([^「」『』《》〈〉«»]+)[」』》〉»›]"
)
_LABEL = re.compile(
    rf"\s*(?:my\s)?(?:top\s)?(?:(?:{_NOUNS}|name|watch|try|see|(?:final\s)?answer|otherwise)s?|(?:best|for)\b[^:\n]{{0,40}})\s?[:：]\s*",
    re.IGNORECASE,
)
_CREDIT = re.compile(r",?\s(?:directed\sby|dir\.|starring)\s|\s\d{1,3}\s?min\b")
_CUT = re.compile(
    r"\s+[-–—→|•·]+\s|\s?[|;\t—]|\s?[⭐★☆✩]|\s\d{1,2}(?:\.\d)?\s?/\s?10\b|,?\s(?:directed\sby|dir\.|starring)\s"
    r"|,\s(?:an?|the|by|from|with|which|where|who|about|if|it)\s(?=[a-z])|\sis\s(?:an?|the|about|one)\s|\s[(\[]"
    r"|(?P<maybe>[:：]\s|(?<=\w{3})[.!]\s)"
)
_PARTS = re.compile(r"[-–—,:：(\[|]|(?:by|directed|from|is|with|starring)\s")
_CONNECTING = "of the and in a an on for to with at from by & de la le les el das der die vs vs."
CONNECTORS = frozenset(_CONNECTING.split())
_SPACES = re.compile(r"\s+")


class AnswerItem(NamedTuple):
    """A title in ``text[start:end]``, its year where one is given, and its row in a catalog (−1 unknown)."""

    title: str
    year: int | None
    start: int
    end: int
    row: int = -1


class Source(NamedTuple):
    """A text with its markup (``raw``), and with blanks for it (``plain``); equal positions."""

    raw: str
    plain: str


def blank(match: re.Match[str]) -> str:
    """As many blanks as the match is long; lines stay lines."""
    return "\n".join(" " * len(line) for line in match[0].split("\n"))


def source_of(text: str) -> Source:
    """The text with one sign each for the kinds of blanks, line ends, digits and brackets."""
    raw = _UNSEEN_EDGE.sub(" ", text.replace("\r\n", " \n").translate(_ONE_FOR_ONE))
    raw = _BOLD_NUMBER.sub(r"\1\3\4\2", _STRUCK.sub(blank, raw))
    return Source(raw, _MARKUP.sub(blank, raw))


def clean(text: str) -> str:
    """A title without editions, quotes, emphasis, entities and signs around it."""
    text = unescape(_SPACES.sub(" ", text))
    for _ in range(3):
        text = _EDGE.sub("", _ASIDE.sub("", text))
        quoted = _QUOTED.fullmatch(text)
        text = quoted[quoted.lastindex or 0] if quoted else text
    return text


def skip_marks(raw: str, start: int, end: int) -> tuple[int, bool]:
    """Where the words of a line begin behind its list marks, and whether one of these is a number."""
    marks = _MARKS.match(raw, start, end)
    return (marks.end(), marks["number"] is not None) if marks else (start, False)


def is_bare(line: str, start: int) -> bool:
    """Whether a line has neither list marks nor a label from ``start`` on."""
    return skip_marks(line, start, len(line))[0] == start and not _LABEL.match(line, start)


def year_in(words: str) -> int | None:
    """The release year that the words in brackets tell."""
    match = _YEAR.search(words if words.isascii() else "".join(str(decimal(char, char)) for char in words))
    return int(match[0]) if match and not _OTHER_YEAR.search(words) else None


def prosaic(text: str) -> bool:
    """Whether most words are lower-case ones, as in a sentence."""
    words = [word for word in text.split() if word[0].isalpha() and word.casefold() not in CONNECTORS]
    return sum(word[0].islower() for word in words) * 2 > len(words)


def read_line(source: Source, start: int, end: int, known: Known) -> list[AnswerItem]:
    """The titles that one line lists, behind its list mark: dated ones, else at most one without a year.

    Further titles count when they are listed ("A (1999), B (2001)"), not when they are told about ("A (1999),
    much like B (2001)").
    """
    plain, found = source.plain, list[AnswerItem]()
    first = _FIRST_YEAR.match(plain, start, end)
    begin = first.end() if first else start
    for bracket in BRACKET.finditer(plain, begin, end):
        if not (year := year_in(bracket[1])):
            continue
        if found:
            joint = _NEXT.match(plain, found[-1].end, bracket.start())
            rest = clean(plain[joint.end() : bracket.start()]) if joint else ""
            if not joint or not rest or rest[0].islower() or prosaic(rest):
                break
            begin = joint.end()
        found += _found(source, begin, bracket.start(), known, year, bracket.end())
    if not found and end - begin <= 4000:
        loose = None if first else _LOOSE_YEAR.search(plain, begin, end)
        year = int(first[1]) if first else int(loose[1]) if loose else None
        found = _found(
            source, begin, loose.start() if loose else end, known, year, loose.end() if loose else 0
        )
    return found


def _found(
    source: Source, start: int, end: int, known: Known, year: int | None, until: int
) -> list[AnswerItem]:
    """The title in the words before a year that ends at ``until``, or in a line where none does (0)."""
    at, to = _bounds(source, start, end, known, dated=until > 0)
    words = source.plain[at:to]
    title = clean(words)
    if len(title) > 300 or not any(map(str.isalnum, title)):
        return []
    at, to = at + len(words) - len(words.lstrip()), at + len(words.rstrip())
    return [AnswerItem(title, year, at, until or to)]


def _bounds(source: Source, start: int, end: int, known: Known, *, dated: bool) -> tuple[int, int]:
    """Where the title lies: what is emphasised or quoted at the beginning, else up to a description."""
    plain = source.plain
    if (span := SPAN.match(source.raw, start, end)) and span.lastindex:
        begin, close = span.span(span.lastindex)
        inner, rest = plain[begin:close].rstrip(), plain[span.end() : end].strip(' \t"”*_.')
        named = inner.endswith((":", "：")) or rest.startswith((":", "："))
        if (
            rest
            and inner.endswith((":", "："))
            and (dated or _LABEL.match(f"{inner} ") or known(clean(rest)))
        ):
            return _bounds(source, span.end(), end, known, dated=dated)
        parted = named or _PARTS.match(rest) or (not dated and source.raw[begin - 1] in "*_>`[")
        if not rest or (parted and not known(clean(plain[start:end]))):
            return begin, close
    label = _LABEL.match(plain, start, end)
    start = label.end() if label else start
    credit = _CREDIT.search(plain, start, end)
    if dated:
        return start, credit.start() if credit else end
    cuts = [
        match.start()
        for match in _CUT.finditer(plain, start, end)
        if not match["maybe"] or _describes(plain[match.end() : end])
    ]
    longer = (cut for cut in [end, *cuts[:0:-1]] if cuts and known(clean(plain[start:cut])))
    return start, next(longer, cuts[0] if cuts else end)


def _describes(rest: str) -> bool:
    """Whether what follows a colon describes the title rather than goes on with it."""
    return len(rest.split(maxsplit=7)) > 6 or rest.rstrip().endswith((".", "!", "…")) or prosaic(rest)
