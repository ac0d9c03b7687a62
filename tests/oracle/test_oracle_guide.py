"""Parents-guide risk, worked out on paper from w(t)·s / (3 Σ w(t))."""

from __future__ import annotations

import numpy as np
import pytest

from safecrs.oracle.fusion import guide_weights, pg_risk
from safecrs.taxonomy import load_taxonomy

# Severities of a film: sex none, violence severe, profanity mild, drugs none, frightening moderate.
FILM = [0, 3, 1, 0, 2]
ON_PAPER = {
    "gore": 3.6 / 3.9,  # weights 0 1 0 0 .3: (3 + .3·2) / (3·1.3)
    "torture": 4 / 4.5,  # 0 1 0 0 .5: (3 + .5·2) / (3·1.5)
    "sexual_violence": 1.3 / 4.5,  # 1 .3 0 0 .2: (.3·3 + .2·2) / (3·1.5)
    "child_harm": 3.2 / 3.9,  # .1 .8 0 0 .4: (.8·3 + .4·2) / (3·1.3)
    "domestic_abuse": 3.0 / 3.6,  # .1 .8 0 0 .3: (.8·3 + .3·2) / (3·1.2)
    "substances": 0.2 / 3.3,  # 0 0 0 1 .1: .1·2 / (3·1.1)
    "self_harm": 2.0 / 2.4,  # 0 .4 0 0 .4: (.4·3 + .4·2) / (3·.8)
    "medical": 1.3 / 1.5,  # 0 .3 0 0 .2: (.3·3 + .2·2) / (3·.5)
    "claustrophobia": 2 / 3,  # 0 0 0 0 .6
    "photosensitivity": 2 / 3,  # 0 0 0 0 1
    "hate_speech": 1 / 3,  # 0 0 .6 0 0: .6 / (3·.6)
    "disasters": 2.9 / 3.3,  # 0 .7 0 0 .4: (.7·3 + .4·2) / (3·1.1)
    "horror": 2.9 / 3.9,  # 0 .3 0 0 1: (.3·3 + 2) / (3·1.3)
    # No weights: the guide does not speak to them.
    **dict.fromkeys(("animal_harm", "spiders_reptiles", "mental_health", "needles"), 0.0),
    **dict.fromkeys(("gender_lgbtq", "pregnancy_loss", "happy_ending"), 0.0),
}


def test_risk_of_every_trait_on_paper():
    taxonomy = load_taxonomy("film").assigned
    found = dict(zip(taxonomy.ids, pg_risk(FILM, taxonomy).tolist(), strict=True))
    assert found == pytest.approx(ON_PAPER, abs=1e-6)


def test_risk_lies_between_nothing_and_everything():
    taxonomy = load_taxonomy("film")
    risk = pg_risk([[0] * 5, [3] * 5], taxonomy)
    assert not risk[0].any()
    assert risk[1] == pytest.approx(guide_weights(taxonomy).any(axis=1).astype(float))
    assert risk.dtype == np.float32
