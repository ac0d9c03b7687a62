"""Certificates that a message asks for: "rated PG or milder", "nothing beyond PG-13", "not R"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from safecrs.preferences.lexicon import Wish
from safecrs.preferences.times import Time

_FILM = (
    ("MPA:G", "TV:TV-G", "TV:TV-Y"),
    ("MPA:PG", "TV:TV-PG"),
    ("MPA:PG-13", "TV:TV-14"),
    ("MPA:R", "TV:TV-MA"),
    ("MPA:NC-17",),
)
_GAME = (
    ("ESRB:E", "PEGI:3", "PEGI:7"),
    ("ESRB:E10+",),
    ("ESRB:T", "PEGI:12"),
    ("ESRB:M", "PEGI:16", "PEGI:18"),
    ("ESRB:AO",),
)
"""Certificates from the mildest on; those of one level are alike."""
_LEVELS = {
    **{name: (_FILM, level) for level, name in enumerate(("G", "PG", "PG13", "R", "NC17"))},
    **{name: (_GAME, level) for level, name in enumerate(("E", "E10", "T", "M", "AO"))},
    **{name: (_GAME, level) for level, name in enumerate(("EVERYONE", "EVERYONE10", "TEEN", "MATURE"))},
}
_SURE = frozenset(["PG", "PG13", "NC17", "E10"])
"""Certificates that are no word or letter of other talk."""
_WORDS = frozenset(["EVERYONE", "TEEN", "MATURE"])
_ONE = r"(?:everyone(?: 10\+)?|teen|mature|NC[- ]?17|PG[- ]?13|PG|E10\+?|AO|[GRETM])(?![\w'’+])"
_TOKEN = re.compile(rf"(?<!\w){_ONE}", re.IGNORECASE)
_LIST = re.compile(rf"(?<![\w'’-]){_ONE}(?:(?: ?[,/] ?(?:or |and )?| or | and ){_ONE})*", re.IGNORECASE)
_NEAR = 40
_CAP = r"(?:limit|ceiling|maximum|max|cap)"
_RATED = re.compile(rf"(?:rat(?:ed|ing)|certificate|rule|hard|{_CAP}) *(?:is|:|of|at|as)? *(?:a )?$")
_RATED_BEHIND = re.compile(r"[- ](?:rat(?:ed|ing)|certificate)")
_MOST = re.compile(
    r"(?:(?:nothing|not|no|none|never|isn['’]?t|anything) (?:\w+ )?(?:beyond|above|over|past|rated above|"
    r"rated over|(?:higher|stronger|harsher|worse|more) than)|at most|up to|max(?:imum)?|"
    rf"no (?:more|higher) than|{_CAP} (?:in our house |here |for us |at home )?(?:is|of|:|at))(?: an?)? *$"
)
_MOST_BEHIND = re.compile(
    r"[- ]?(?:rated )?(?:(?:or|and) (?:milder|below|under|lower|less|gentler|softer|younger|cleaner|tamer|"
    r"safer)|"
    rf"at (?:the )?(?:most|max)|tops|{_CAP}\b|(?:is|as) (?:the|our|my) {_CAP}|is as far as|"
    rf"[ ,]*but (?:that['’]?s|that is) (?:the|our|my) {_CAP})"
)
_UNDER = re.compile(r"(?:under|below|less than|milder than)(?: an?)? *$")
_LEAST_BEHIND = re.compile(r"[- ]?(?:or|and) (?:above|up|higher|older|over|harder|stronger)")
_DENIED = re.compile(
    r"(?:\bnot|\bno|\bnothing|\bnon|\bisn['’]?t|\baren['’]?t|\bwithout|\bnever|\bavoid|\bskip|\bexcept)[ -]+"
    r"(?:(?:too|any|an?|the|be) )?(?:rated )?$"
)
_BARE, _BARE_BEHIND = re.compile(r"(?:^|,|\band|\bor|\bbut|\bis|:)\s*$"), re.compile(r"\s*(?:[,.;!?]|$)")
_NOUN_BEHIND = re.compile(r" (?:only|films?|movies?|stuff)\b")


def milder(certificates: Sequence[str]) -> tuple[str, ...]:
    """The certificates milder than all of these."""
    for scale in (_FILM, _GAME):
        places = [place for place, level in enumerate(scale) if set(level) & set(certificates)]
        if places:
            return tuple(value for level in scale[: min(places)] for value in level)
    return ()


def find_certificates(text: str) -> Iterator[Time]:
    """Certificates that are asked for or denied, as those that are wanted, in time linear in ``text``."""
    for match in _LIST.finditer(text):
        names = [re.sub(r"[- +]", "", name[0]).upper() for name in _TOKEN.finditer(match[0])]
        before = text[max(0, match.start() - _NEAR) : match.start()].lower()
        behind = text[match.end() : match.end() + _NEAR].lower()
        most, denied = _MOST.search(before), _DENIED.search(before) or _UNDER.search(before)
        named = names[0] in _WORDS and (match[0][0].isupper() or "rated" in before)
        bounded = most or _MOST_BEHIND.match(behind)
        rated = _RATED.search(before) or _RATED_BEHIND.match(behind)
        alone = (
            denied
            or bounded
            or _LEAST_BEHIND.match(behind)
            or _NOUN_BEHIND.match(behind)
            or (_BARE.search(before) and _BARE_BEHIND.match(behind))
        )
        if not (
            rated or _SURE & set(names) or (alone and match[0].isupper()) or (named and (bounded or alone))
        ):
            continue
        scale = _LEVELS[names[0]][0]
        places = [place for of, place in map(_LEVELS.__getitem__, names) if of is scale]
        wanted = [scale[place] for place in places]
        if bounded:
            wanted = list(scale[: max(places) + 1])
        elif denied:
            wanted = list(scale[: min(places)])
        elif _LEAST_BEHIND.match(behind):
            wanted = list(scale[min(places) :])
        said = most or denied  # words that would deny what they bound
        start = match.start() - len(said[0].lstrip()) if said else match.start()
        if wanted:
            yield Time(start, match.end(), Wish("certificates", tuple(v for level in wanted for v in level)))
