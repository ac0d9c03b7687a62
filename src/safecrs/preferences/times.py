"""Years and lengths that a message states in numbers: "early 90s", "before 1970", "under two hours"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import ceil
from typing import NamedTuple

from safecrs.preferences.lexicon import Wish

_DECADES = {
    **{"twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960},
    **{"seventies": 1970, "eighties": 1980, "nineties": 1990},
    **dict.fromkeys(("noughties", "naughties", "aughts", "two thousands", "two-thousands"), 2000),
    **dict.fromkeys(("twenty-tens", "twenty tens"), 2010),
}
_NUMBERS = {
    **{"a": 1, "an": 1, "one": 1, "two": 2, "couple": 2, "couple of": 2, "few": 4, "three": 3, "four": 4},
    **{"five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15},
    **{
        "twenty": 20,
        "thirty": 30,
        "forty": 40,
        "fifty": 50,
        "sixty": 60,
        "seventy": 70,
        "eighty": 80,
        "ninety": 90,
    },
    **{"thirteen": 13, "fourteen": 14, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19},
    **{"hundred": 100, "several": 7, "half": 0.5, "half a": 0.5, "half an": 0.5},
}
_PART_OF = {"early": (0, 4), "mid": (3, 6), "late": (5, 9)}
_SIMPLE = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_TENS = "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_UNIT = "(?:one|two|three|four|five|six|seven|eight|nine)"
_TEENS = "(?:thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_NUMBER = (
    rf"(?:\d{{1,3}}|(?:(?:a|one) )?hundred(?: and)? (?:{_TENS}|{_UNIT}|ten|fifteen)|"
    rf"{_TENS}[- ]{_UNIT}|{_SIMPLE})"
)
_YEAR = r"(?:18[89]\d|19\d\d|20\d\d)"
_DECADE = rf"(?:(?:18|19|20)?\d0['’´]?s|{'|'.join(_DECADES)})"
_WHEN = rf"(?:{_DECADE}|{_YEAR})"
_THE = r"(?:the {1,3})?(?:year {1,3})?['’]?"
_BEFORE = (
    "before|pre|prior to|older than|earlier than|up to|until|till|no later than|not later than|not after|"
    "nothing (?:after|newer than|later than|more recent than)|no newer than|not newer than"
)
_AFTER = (
    "after|post|since|this side of|newer than|later than|more recent than|not before|no older than|"
    "not older than|no earlier than|nothing (?:before|older than|earlier than)"
)
_OPEN = (
    r"(?:or|and) (?:later|newer|up|after|above|onwards?)|on(?:wards?)?\b|\+|"
    "(?:or|and) (?:earlier|older|before)"
)
_KINDS = (
    "movie|film|flick|comed|drama|thriller|horror|game|release|hit|title|action|western|one|romance|musical"
)
_BORN = "(?: (?:was|were)(?: even)? (?:born|alive|around|a thing))?"
_YOUNG = (
    r"when i was (?:a (?:little |young )?(?:kid|child|girl|boy|teen|teenager)|little|young|growing up|"
    r"in (?:high )?school|at school)|(?:from|of) my (?:childhood|youth|teens|teenage years|school days)"
)
_VAGUE = ("around", "circa", "near", "roughly")
_AT_MOST = "(?:no|not|nothing) (?:older|more) than|nothing over|newer than|within|less than|under|at most"
_PATTERNS = (
    rf"between {_THE}(?P<low>{_WHEN}) (?:and|to|&) {_THE}(?P<high>{_WHEN})",
    rf"(?:from )?{_THE}(?P<first>{_WHEN}) ?(?:-|–|—|to|until|till|through|thru|up to) ?"
    rf"(?:{_THE}(?P<last>{_WHEN})|(?:now|today|date|the present)\b)",
    rf"(?P<before>{_BEFORE})[ -]{{1,3}}{_THE}(?P<end>{_WHEN})",
    rf"(?P<after>{_AFTER})[ -]{{1,3}}{_THE}(?P<begin>{_WHEN})",
    rf"(?:(?:from|in|made in|released in|since) )?{_THE}(?P<then>{_WHEN}) (?P<way>{_OPEN})",
    r"(?:of |from |in )?the years? (?P<years_of>\d0)s?\b",
    rf"(?P<about>around|circa|about|near|roughly|like) {_THE}(?P<near>{_WHEN})",
    r"(?:in |from |of |during )?(?:the )?"
    r"(?:(?P<part>early|mid|middle|late)(?: to (?P<until>mid|late))?[- ]{1,3})?"
    rf"{_THE}(?P<decade>{_DECADE})(?!['’]?\w)",
    rf"(?:in|from|of|the|came out in|released in|made in) (?:the year )?(?P<year>{_YEAR})(?![\w%])",
    rf"(?P<alone>{_YEAR})(?= (?:\w{{1,20}} ){{0,2}}(?:{_KINDS}))",
    r"(?:from |in |of |within )?(?:the )?(?:last|past|previous|recent) "
    rf"(?:(?:{_NUMBER} (?:or|to) )?(?P<years>{_NUMBER}) ?|(?=years|decade))"
    r"(?P<unit>years?|yrs?|decades?|months)\b(?! of my| i\b)",
    rf"(?P<ago>{_NUMBER}) (?:of )?(?:years?|yrs?|decades?) (?:ago|back)",
    rf"(?:{_AT_MOST}) (?P<young>{_NUMBER}) years?(?: old)?\b",
    rf"(?:(?:more than|over|at least) (?P<aged>{_NUMBER}) years? old|older than (?P<over>{_NUMBER}) years)\b",
    r"(?:of|from|in|out|made|released|new) (?:the )?"
    r"(?P<this>(?:this|the current) (?:year|decade|century)|last year)\b(?! i\b)",
    r"(?P<current>this (?:year|decade|century)|last year)['’]s\b",
    r"(?:^|(?<=[.!?,] ))(?P<lead>(?:this|the current) (?:year|decade))\b",
    rf"(?P<born>(?:from |made |released )?(?:before|older than) (?:i|me|my birth|we)\b{_BORN})",
    rf"(?P<youth>{_YOUNG})",
    r"(?P<lifetime>(?:in|during|from|within) my (?:own )?lifetime)",
    rf"(?:have ?n['’]?t|not|never) (?:\w{{1,9}} ){{1,6}}(?:in|for) (?P<away>{_NUMBER}) (?:years|decades)\b",
    r"(?P<half_of>first|second|latter|last) half of the (?P<century>19th|20th|21st|last) century",
    r"older than (?:my|her|his|our) \w{1,20} ?,? ?(?:who )?(?:was )?born (?:in )?(?P<elder>(?:19|20)\d\d)",
    r"the year (?:[\w'’]{1,12}[,:]? ){1,5}\(?(?P<event>(?:19|20)\d\d)",
)
_ERA = re.compile(rf"(?<![\w$£€])(?:{'|'.join(_PATTERNS)})", re.IGNORECASE)
_LIFE = re.compile(
    r"\b(?:my|his|her|their|our|your|mid|late|early|in[ ]his|in[ ]her)[ -](?:mid[ -]|late[ -]|early[ -])?$",
    re.IGNORECASE,
)
_AGE = re.compile(
    rf"\b(?:i['’]?m|i am|im|aged?|turned|turning) (\d\d|{_TEENS}|{_TENS}(?:[- ]{_UNIT})?)\b"
    r"(?! ?(?:min|hour|%|st|nd|rd|th|/))|"
    r"\b(\d\d)[ -]?(?:years?[ -]old|yo|yrs? old)\b|\bborn,? (?:in )?(?:the )?(?:year )?((?:19|20)\d\d)",
    re.IGNORECASE,
)
_COMPARED = (
    "keep it to|keep it at|stick to|gives? (?:me|us)|lasts? about|lasts?|"
    "under|less than|shorter than|below|at most|max(?:imum)?(?: of)?|up to|within|no (?:longer|more) than|"
    "not (?:longer|more) than|not over|no over|nothing (?:over|longer than|above|past|beyond|more than)|"
    "longer than|more than|over|above|at least|min(?:imum)?(?: of)?|around|about|roughly|approximately|circa|"
    "only have|only got|just have|have only|have about|have around|have|ve got|got(?: only| about)?|"
    "isn['’]?t|is not|not|no"
)
_BEHIND = (
    r"or (?:less|shorter|under|so|more|longer)|max(?:imum)?|tops|at most|at the most|or thereabouts|"
    r"(?:is|are|will be|would be) (?:plenty|enough|the (?:limit|max(?:imum)?)|my limit|fine)|"
    r",? ?(?:and )?(?:not more|no more|not a minute (?:over|more|longer))|"
    r"at least|minimum|long\b|(?:\w{1,15} ){0,2}(?:movie|film|flick|epic|runtimes?|comedy|show)"
)
_LENGTH = re.compile(
    rf"(?<![\w.])(?:(?P<comparison>{_COMPARED}) (?:a |an (?=hour)|like |about )?)?"
    rf"(?:(?P<hours>{_NUMBER}(?:\.5| and a half)?)[ -]?(?:hours?|hrs?|h)(?:\b|(?=\d\d\b))"
    rf"(?: ?(?:and )?(?:(?P<half>a half)|(?P<more>{_NUMBER}) ?(?:minutes?|mins?|m)\b|"
    rf"(?P<bare>\d\d|{_TENS}(?:[- ]{_UNIT})?)\b))?"
    rf"|(?P<minutes>{_NUMBER})[ -]?(?:minutes?|mins?|min)\b)(?P<behind> ?(?:{_BEHIND}))?",
    re.IGNORECASE,
)
_BAD_AFTER = re.compile(
    " (?:ago|old|later|away|from now|drive|flight|shift|trip|of sleep|of work|late|commute|straight)",
    re.IGNORECASE,
)
_BARE = (60, 180)
"""Minutes that say how much time there is without a word that compares: "the train takes 95 minutes"."""
_SPENT = re.compile(
    r"(?:for|worked|slept|drove|drive|waited|spent|everything|was|were|been|ran|runs|every|after|another|are|"
    r"now) "
    r"(?:the |an? |about |like |over |nearly |almost )?$",
    re.IGNORECASE,
)
_UPPER = (
    *("keep it", "stick to", "give", "last"),
    *("under", "less", "shorter", "below", "at most", "max", "up to", "within", "no longer", "no more"),
    *("not longer", "not more", "not over", "no over", "nothing", "only", "just", "have", "ve got", "got"),
)
_NOT = frozenset(["not", "no", "not a", "no a", "isn't", "isnt", "isn’t", "is not"])


class Time(NamedTuple):
    """``text[start:end]`` states years or a length; ``vague`` where the number is a guess."""

    start: int
    end: int
    wish: Wish
    vague: bool = False


def find_years(text: str, today: int) -> Iterator[Time]:
    """Years that a text states in numbers, oldest and newest inclusive."""
    spaced = text.translate(_BLANKS)
    age = None
    for match in _ERA.finditer(spaced):
        kinds: Mapping[str, str] = {name: value.lower() for name, value in match.groupdict().items() if value}
        start = match.start() + (len(match[0]) - len(match[0].lstrip()))
        if (kinds.get("decade") or kinds.get("first")) and _LIFE.search(spaced, max(0, start - 24), start):
            continue
        if spaced[max(0, start - 8) : start].lower().endswith(("born ", "born in ", "born the ")) or (
            match[0].lower().startswith("in ") and spaced[max(0, start - 5) : start].lower() == "born "
        ):
            continue
        if age is None and kinds.keys() & {"born", "youth", "lifetime"}:
            age = _birth(spaced, today)
        bounds = _bounds(kinds, today, age or 0)
        if bounds is None or (bounds[0] or 1880) > today + 3:
            continue
        vague = (
            "youth" in kinds
            or ("born" in kinds and not age)
            or kinds.get("about") in _VAGUE
            or "unit" in kinds
        )
        yield Time(start, match.end(), Wish("years", (), *bounds), vague and not kinds.get("unit"))


def _birth(text: str, today: int) -> int:
    """The year of birth that a text states, 0 if none."""
    found = _AGE.search(text)
    return (
        0
        if found is None
        else int(found[3])
        if found[3]
        else today - int(_number((found[1] or found[2]).lower()))
    )


def _bounds(kinds: Mapping[str, str], today: int, birth: int) -> tuple[int | None, int | None] | None:
    if "low" in kinds or "first" in kinds:
        low = _span(kinds.get("low") or kinds["first"])[0]
        end = kinds.get("high") or kinds.get("last")
        if end is None:
            return low, None
        high = _span(end)[1]
        return (low, high) if low <= high else None
    if "end" in kinds:
        low, high = _span(kinds["end"])
        strict = kinds["before"].split()[0] in ("before", "pre", "prior", "older", "earlier")
        return None, low - 1 if strict else high
    if "begin" in kinds:
        low, high = _span(kinds["begin"])
        strict = kinds["after"] in ("after", "post", "newer than", "later than", "more recent than")
        return (high + 1 if strict else low), None
    if "then" in kinds:
        low, high = _span(kinds["then"])
        return (None, high) if any(w in kinds["way"] for w in ("earlier", "older", "before")) else (low, None)
    if "near" in kinds:
        low, high = _span(kinds["near"])
        return (low - 2, high + 2) if low == high else (low, high)
    if "years_of" in kinds:
        low = _span(f"{kinds['years_of']}s")[0]
        return low, low + 9
    if "lifetime" in kinds:
        return (birth or today - 30), None
    if "away" in kinds:
        return today - int(_number(kinds["away"])), None
    if "half_of" in kinds:
        begin = 1900 if kinds["century"] == "last" else (int(kinds["century"][:2]) - 1) * 100
        return (begin, begin + 50) if kinds["half_of"] == "first" else (begin + 50, begin + 99)
    if "elder" in kinds:
        return None, int(kinds["elder"]) - 1
    if "event" in kinds:
        return int(kinds["event"]), int(kinds["event"])
    if "decade" in kinds:
        low = _span(kinds["decade"])[0]
        part = kinds.get("part", "").replace("middle", "mid")
        return low + _PART_OF.get(part, (0, 9))[0], low + _PART_OF.get(kinds.get("until", part), (0, 9))[1]
    if year := kinds.get("year") or kinds.get("alone"):
        return int(year), int(year)
    if "unit" in kinds:
        unit = 10.0 if kinds["unit"].startswith("decade") else 1 / 12 if kinds["unit"] == "months" else 1.0
        if "years" not in kinds and kinds["unit"] in ("year", "yr"):
            return today - 1, None
        return today - ceil(_number(kinds.get("years") or ("one" if unit == 10 else "five")) * unit), None
    if "ago" in kinds:
        number = int(_number(kinds["ago"]))
        return today - number - max(2, number // 5), today - number + max(1, number // 5)
    if "young" in kinds:
        return today - int(_number(kinds["young"])), None
    if aged := kinds.get("aged") or kinds.get("over"):
        return None, today - int(_number(aged))
    if said := kinds.get("this") or kinds.get("current") or kinds.get("lead"):
        if said == "last year":
            return today - 1, today - 1
        return {"year": today, "decade": today // 10 * 10, "century": 2000}[said.split()[-1]], None
    if "born" in kinds:
        return None, (birth or today - 30) - 1
    return (birth + 4, birth + 16) if birth else (today - 40, today - 15)


def _span(when: str) -> tuple[int, int]:
    """The first and the last year of a year or a decade."""
    if when in _DECADES:
        return _DECADES[when], _DECADES[when] + 9
    digits = "".join(filter(str.isdecimal, when))
    if not when.endswith("s"):
        return int(digits), int(digits)
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year < 20 else 1900
    return year, year + 9


def _number(text: str) -> float:
    text = text.strip()
    half = 0.5 if text.endswith((".5", "and a half")) else 0.0
    text = text.removesuffix(".5").removesuffix("and a half").strip()
    if text.isdecimal():
        return float(text) + half
    if text in _NUMBERS:
        return float(_NUMBERS[text]) + half
    parts = (part for part in re.split("[- ]", text) if part not in ("a", "and"))
    return sum(float(_NUMBERS.get(part, 1)) for part in parts) + half


def find_lengths(text: str) -> Iterator[Time]:
    """Lengths that a text asks for in minutes; a length in other talk is none."""
    spaced = text.translate(_BLANKS)
    for match in _LENGTH.finditer(spaced):
        said, behind = (match["comparison"] or "").lower().strip(), (match["behind"] or "").lower().strip()
        if _BAD_AFTER.match(spaced, match.end()):
            continue
        hours = _number(match["hours"].lower()) if match["hours"] else 0.0
        rest = match["more"] or match["bare"] or match["minutes"]
        minutes = int(60 * hours + (30.0 if match["half"] else _number(rest.lower()) if rest else 0.0))
        bare = not (said or behind)
        if not (_BARE[0] <= minutes <= _BARE[1] if bare else 5 <= minutes <= 600):
            continue
        if bare and _SPENT.search(spaced, max(0, match.start() - 24), match.start()):
            continue
        low: int | None = minutes - 15
        high: int | None = minutes + 15
        if bare:
            low, high = None, minutes
        elif said in _NOT:
            low, high = None, minutes - 15
        elif said.startswith(_UPPER) or any(
            w in behind
            for w in (
                "less",
                "shorter",
                "under",
                "max",
                "tops",
                "most",
                "plenty",
                "enough",
                "limit",
                "no",
                "fine",
            )
        ):
            low, high = None, minutes
        elif said.startswith(("over", "more", "longer", "above", "at least", "min")) or any(
            w in behind for w in ("more", "longer", "at least", "minimum")
        ):
            low, high = minutes, None
        yield Time(match.start(), match.end(), Wish("runtime", (), low, high), bare)


_BLANKS = str.maketrans("\t\r\n\u00a0", "    ")
