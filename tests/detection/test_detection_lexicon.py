from __future__ import annotations

import pytest

from safecrs.detection import load_lexicon
from safecrs.detection.cues import CueMatcher
from safecrs.detection.tokens import tokenise
from safecrs.errors import SafecrsError
from safecrs.taxonomy import load_taxonomy

CLASSES = {"pet": frozenset({"dog", "cat"})}


def found(cue: str, text: str) -> list[str]:
    tokens = tokenise(text)
    matches = CueMatcher([(cue, "label")], CLASSES).find(tokens)
    return [text[tokens[match.start].start : tokens[match.end - 1].end] for match in matches]


@pytest.mark.parametrize(
    ("cue", "text", "spans"),
    [
        ("spider*", "Spiders and spiderwebs", ["Spiders", "spiderwebs"]),
        ("lost my ~ @pet", "I lost my dear old dog", ["lost my dear old dog"]),
        ("lost my ~ @pet", "I lost my one two three four dog", []),
        ("lost my ~ @pet", "I lost my keys. The dog", []),
        ("# (years|months) sober?", "after 3 years sober, 2 months", ["3 years sober", "2 months"]),
        (
            "cant (even look at|stand)",
            "I cannot even look at it, can't stand it",
            ["cannot even look at", "can't stand"],
        ),
        ("dont like", "I do not like it", ["do not like"]),
        ("without gore", "w/o gore", ["w/o gore"]),
    ],
)
def test_cue_language(cue, text, spans):
    assert found(cue, text) == spans


@pytest.mark.parametrize(
    "cue", ["~ dog", "(a|)", "(a (b|c))", "do*", "@bird", "Dog", "dog + cat", "", "maybe?"]
)
def test_a_broken_cue_is_named(cue):
    with pytest.raises(SafecrsError, match="cue"):
        CueMatcher([(cue, "label")], CLASSES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[trait.x]\ntopics = ['~ x']", "trait 'x'.*begin with words"),
        ("[trait.x]\nwords = ['x']", "trait 'x': only topics"),
        ("[trait.x]\ntopics = 'x'", "must be a list"),
        ("[other]", "holds no cues"),
        ("trait =", "not readable TOML"),
    ],
)
def test_a_broken_lexicon_file_is_told_in_one_sentence(tmp_path, content, message):
    path = tmp_path / "cues.toml"
    path.write_text(content)
    with pytest.raises(SafecrsError, match=message) as error:
        load_lexicon().extended(path)
    assert "cues.toml" in str(error.value)
    with pytest.raises(SafecrsError, match="does not exist"):
        load_lexicon().extended(tmp_path / "none.toml")


def test_every_shipped_trait_has_cues_and_every_cue_compiles():
    lexicon = load_lexicon()
    known = {trait for domain in ("film", "game") for trait in load_taxonomy(domain).ids}
    assert set(lexicon.traits) == known - {"language"}  # games' word for strong_language
    for domain in ("film", "game"):
        lexicon.matcher(load_taxonomy(domain))
    for entry in lexicon.traits.values():
        assert entry.cues["topics"]
        assert entry.otherwise is None or load_taxonomy("game").find(entry.otherwise)
        assert set(entry.replaces) <= known
    for companion, traits in lexicon.companions.items():
        assert set(traits) <= known
        assert lexicon.company[companion]
    assert lexicon.trigger_matcher.find(tokenise("no"))
    assert lexicon.company_matcher.find(tokenise("with my kids"))


def test_tokens_lie_where_the_text_says():
    text = "I DON’T like “Saw II”; do not!"
    tokens = tokenise(text)
    assert [token.word for token in tokens] == ["i", "dont", "like", "saw", "ii", "dont"]
    assert text[tokens[1].start : tokens[1].end] == "DON’T"
    assert text[tokens[5].start : tokens[5].end] == "do not"
    assert tokens[5].boundary == 2
