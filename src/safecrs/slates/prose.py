"""Titles that sentences recommend, and sentences that recommend none."""

from __future__ import annotations

import re
from bisect import bisect_left
from operator import attrgetter

from safecrs.slates.grammar import (
    BRACKET,
    CONNECTORS,
    SPAN,
    AnswerItem,
    Known,
    Source,
    clean,
    prosaic,
    year_in,
)

_LEFT_OUT = (
    r"avoid(?:ed)?|(?:left|leave|leaving)\s(?:\w+\s){0,2}?out|skip(?:ped)?|exclud(?:e|ed|ing)|omitted|"
    r"steer clear|stay away|ruled out|reject(?:ed)?|removed|filtered out|unsuitable|unsafe|"
    r"(?:not|never|cannot|\w{1,8}n['’]t)\s(?:\w+\s){0,2}?"
    r"(?:recommend(?:ed)?|suggest(?:ed)?|watch|suitable|safe|right|appropriate|included?|for you)"
)
_THEIRS = (
    r"you(?:['’]ve)?\s(?:already\s|have\s|also\s|really\s)?"
    r"(?:liked?|loved?|enjoyed|mentioned|watched|saw|seen|said|hated|disliked)|"
    r"your\s(?:favou?rites?|history|watch\s?list)"
)
_OFFER = (
    r"try|watch|(?:recommend|suggest|enjoy|consider|includ|pick)(?:e?d|s|e|ing|ations?|ions?)?|check out|"
    r"see|give|loves?|go (?:for|with)|start with|how about|what about|why not|here (?:are|is)|here['’]s|"
    r"instead(?! of)|you (?:might|may|could|would|will|should)|you['’](?:ll|d)|with (?:these|the following)|"
    r"such as"
)
_THING = r"(?:films?|movies?|something|titles?|games?|ones?)"
_OTHERS = (
    r"instead of|rather than|unlike|similar to|fans? of|reminiscent of|reminds|(?:re)?make of|sequel to|"
    r"prequel to|based on|inspired by|comparable to|in the vein of|than|not|no|never|without|like|as|made|"
    r"director of|creators? of"
)
_CUE = re.compile(
    rf"\b(?:(?:that|which|who) avoid|{_LEFT_OUT}|{_THEIRS}|"
    rf"(?P<offer>(?:{_OFFER})(?:\s(?:\w+\s)?{_THING}\s(?:like|as))?)|{_OTHERS})\b",
    re.IGNORECASE,
)
_UNFIT = r"(?<!not\s)(?<!n['’]t\s)too\s(?:violent|gory|scary|intense|dark|graphic|disturbing|bloody)"
_AFTER = re.compile(
    rf"[^.!?,;\n]{{0,60}}?\b(?:{_LEFT_OUT}|{_UNFIT}|(?:is|are)\sout(?!\s(?:now|on)))\b", re.IGNORECASE
)
OFF = re.compile(rf"\W*(?:(?:is|are|it['’]s)\s)?(?:{_LEFT_OUT}|{_UNFIT})\b", re.IGNORECASE)
"""Words behind a listed title that say that it is not recommended."""
_STILL = re.compile(r"\s*(?:should|will|would|might|may|could|can|is|has|(?!as\b)\w{2,20}s)\b")
LEAD = re.compile(
    r"\b(?:suggest|recommend|enjoy|enjoyed|liked|loved|try|similar to|check out|such as|left out|avoid|"
    r"instead of|fans of|here are|how about|remake of|sequel to|not recommended|you['’](?:d|ll|ve)|"
    r"you (?:might|may|could|should|can|like|liked|loved|mentioned|have))\b"
    r"|^\W*(?:If you|Since you|Because you|As you|Similar to|Based on|More like|Films? like|Movies? like|"
    r"Fans of|Have you|Do you|Would you|Are you|How about|What about|Why not|Unlike|"
    r"I (?:can|could|would|also|left|avoid|chose)|I['’]\w+ [a-z]|As an? |Here['’]s|Here is|"
    r"(?:Okay|Ok|Sure|Certainly|Of course|Great|Absolutely)[.!,])"
)
"""Words before a title that are a sentence's rather than the title's own."""
_CHAT = re.compile(
    r"\W*(?:(?:I|I['’]\w+|Please|Sorry|Let|Let['’]s|Hope|Happy|Thanks?|These|This|All|Each|Both|Do|Would|"
    r"Could|Are|What|Which|Have|Feel|You|If|Since|Because|Based|As|My|Here|There|Great|Just|Note|While|"
    r"Unfortunately|However)\s(?-i:[a-z])|(?:title|movie|film|name|rank|year|#)\s*[,|\t;]|\d+[.,/]\d|"
    r"(?:Sure|Certainly|Absolutely|Enjoy|Of course|Okay|Ok|Sorry|Thanks|None)\s?(?:[!,.:]|$))",
    re.IGNORECASE,
)
DETAIL = re.compile(
    r"\s*(?:director|directed by|(?:release )?year|released?(?: date)?|genres?|why\b[^:\n]{0,40}|runtime|"
    r"(?:\w+ )?rating|rated|plot|synopsis|summary|description|cast|starring|stars|notes?|language|country|"
    r"(?:content )?warnings?|content|similar\b[^:\n]{0,20}|imdb|rotten tomatoes|where to watch|available|"
    r"streaming|tone|themes?|reasons?|pros?|cons?|tips?|safety|length|duration|trailer|link|mood|vibe|age|important|disclaimer|bonus|overall|"
    rf"{_LEFT_OUT})\b[^:\n]{{0,20}}[:：]",
    re.IGNORECASE,
)
"""A line that tells about a title ("Director: …", "Avoid: …") rather than names one."""
_HEADER = re.compile(
    r"\W*(?:(?:the |some |other |any )?(?:films?|movies?|titles?|games?|ones?|what|picks)\s)?"
    r"(?:(?:that |which )?(?:i|you|we)(?:['’]\w+)?\s(?:\w+\s){0,2}?)?"
    rf"(?:to\s)?(?:{_LEFT_OUT})\b|(?!\W*(?:based|since|because|given|considering|if|as|similar|more|like|inspired)\b).{{0,200}}\b(?<!that\s)(?<!which\s)(?:{_LEFT_OUT}|{_THEIRS})"
    r"(?:\s(?:these|this|them|for you|for now|because|due to|so far|before)\b.{0,100})?\W*$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?。！？])[\s\"'”’)]+(?=\S)|\n\s*\n|\n(?=\s*[-*•])")
_ASKED = re.compile(
    r"\W*(?:(?:how|what) about|have you (?:considered|tried)|may i)\b|.{0,40}\bwhy not\b", re.IGNORECASE
)
_CONNECTING = "|".join(map(re.escape, CONNECTORS))
_UNTITLED = re.compile(rf"^[a-z]|\s(?!(?:{_CONNECTING})\s)[a-z]")
_CAPITAL = (
    r"(?!(?i:watch|try|see|avoid|consider|also|then|maybe|perhaps|definitely|i['’]\w+|my|skip|enjoy|rent|stream|"
    r"check|unlike|instead|rather|similar|based|since|because|otherwise|okay|sure|here['’]s|like|not|but|or|so)\b|"
    r"(?i:(?:answer|recommendation|suggestion|pick|movie|film|title|choice)s?:))"
    r"(?:(?:Mr|Mrs|Ms|Dr|St|vs|Vol|Inc|Jr|Sr|No|Lt|Sgt|Capt|(?:[A-Z]\.){0,5}[A-Z])\.|[\"“'‘(#¡¿]?[^\W_a-z]\S{0,40}(?<![,;!?.]))"
)
_BEFORE_YEAR = re.compile(
    rf"(?<!\S)(?:{_CAPITAL}\s+(?:(?:{_CAPITAL}|{_CONNECTING})\s+){{0,11}})?\S{{1,60}}\s*$"
)
_DATED = re.compile(r"[\s*_\"”»]{0,9}" + BRACKET.pattern)
_start = attrgetter("start")
_LIST_LEAD = re.compile(r"[^:\n]{1,200}[:：]\s")
_LIST_JOINT = re.compile(r",\s(?:and\s)?|\sand\s|;\s")


def is_talk(line: str) -> bool:
    """Whether a line without a year is a remark, a refusal or a question rather than a title."""
    words = len(line.split(maxsplit=13))
    ended = words > 3 and line.rstrip('"”*_ ')[-1:] in ".!?。！？…" and prosaic(line)
    return words > 12 or ended or _CHAT.match(line) is not None


def heads_left_out(line: str) -> bool:
    """Whether an introduction or heading says that the titles under it are not recommended."""
    last = _SENTENCE.split(line.strip(" \t*_#:："))[-1][:400]
    match = _HEADER.match(last)
    return match is not None and not any(cue["offer"] for cue in _CUE.finditer(last, match.end()))


def read_prose(
    source: Source, start: int, end: int, known: Known, mentions: list[AnswerItem]
) -> list[AnswerItem]:
    """The titles that a text recommends: dated, emphasised or quoted ones, and the catalog's ``mentions``."""
    plain, apart, kept = source.plain, list[AnswerItem](), list[AnswerItem]()
    for found in sorted(_titles(source, start, end, known, mentions), key=lambda one: (one.start, -one.end)):
        apart += [found] if not apart or found.start >= apart[-1].end else []
    begin, done = start, 0
    for limit in [*(match.start() for match in _SENTENCE.finditer(plain, start, end)), end]:
        upto = bisect_left(apart, limit, key=_start)
        if limit == end or not upto or apart[upto - 1].end <= limit:  # "Mr. Nobody" is one title
            kept += _recommended(plain, begin, limit, apart[done:upto])
            begin, done = limit, upto
    return kept


def _recommended(plain: str, start: int, end: int, titles: list[AnswerItem]) -> list[AnswerItem]:
    """Of the titles of one sentence, those that it recommends: the last words before a title tell."""
    kept: list[AnswerItem] = []
    good, at = not plain[start:end].rstrip().endswith("?") or bool(_ASKED.match(plain, start, end)), start
    for found in titles if good else []:
        for cue in _CUE.finditer(plain, at, found.start):
            good = cue["offer"] is not None
        at = found.end
        if (good or _STILL.match(plain, at, end)) and not _AFTER.match(plain, at, end):
            kept.append(found)
    return kept


def _titles(
    source: Source, start: int, end: int, known: Known, mentions: list[AnswerItem]
) -> list[AnswerItem]:
    plain, floor = source.plain, start
    found = mentions[bisect_left(mentions, start, key=_start) : bisect_left(mentions, end, key=_start)]
    for span in SPAN.finditer(source.raw, start, end):
        at, to = span.span(span.lastindex or 0)
        title, dated = clean(plain[at:to]), _DATED.match(plain, span.end(), end)
        year = year_in(dated[1]) if dated else None
        other = is_talk(title) or DETAIL.match(f"{title}:") or plain[at:to].rstrip().endswith((":", ")"))
        if year or known(title) or (len(title) > 1 and not other and not _UNTITLED.search(title)):
            found.append(AnswerItem(title, year, at, dated.end() if dated and year else span.end()))
    for bracket in BRACKET.finditer(plain, start, end):
        if year := year_in(bracket[1]):
            words = _BEFORE_YEAR.search(plain, max(floor, bracket.start() - 160), bracket.start())
            floor = bracket.end()
            found += [AnswerItem(clean(words[0]), year, words.start(), floor)] if words else []
    found += _enumerated(plain, start, end)
    return [one for one in found if any(map(str.isalnum, one.title))]


def _enumerated(plain: str, start: int, end: int) -> list[AnswerItem]:
    """The titles of "Here are some: Heat, Up and Big."."""
    lead = _LIST_LEAD.match(plain, start, end)
    cues = list(_CUE.finditer(lead[0])) if lead else []
    if not lead or not cues or not cues[-1]["offer"]:
        return []
    found, at = [], lead.end()
    for part in _LIST_JOINT.split(plain[at:end].rstrip(" .!\n")):
        at = plain.find(part, at)
        found.append(AnswerItem(clean(part), None, at, at + len(part)))
    good = all(one.title and not _UNTITLED.search(one.title) and not is_talk(one.title) for one in found)
    return found if good and len(found) > 1 else []
