"""Certificates in words: exact ones, bounds and denials, and letters that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.preferences.certificates import find_certificates, milder

FILM = ["G", "PG", "PG-13", "R", "NC-17"]


def asked(text: str) -> list[str] | None:
    found = [time.wish.values for time in find_certificates(text)]
    systems = [value.partition(":")[::2] for value in found[0]] if found else []
    return [value for system, value in systems if system in ("MPA", "ESRB")] or None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an adventure rated PG", ["PG"]),
        ("PG or gentler, thanks", FILM[:2]),
        ("nothing past PG-13", FILM[:3]),
        ("the ceiling here is PG13", FILM[:3]),
        ("pg-13 at most", FILM[:3]),
        ("under an R rating", FILM[:3]),
        ("a comedy that is not R", FILM[:3]),
        ("no NC-17 please", FILM[:4]),
        ("G or PG for the cousins", FILM[:2]),
        ("R or harder", FILM[3:]),
        ("scary, and R, please", ["R"]),
        ("rated Teen or lower", ["E", "E10+", "T"]),
        ("a T-shirt and an R&B record", None),
        ("my teen, at most two hours", None),
        ("vitamin E is fine", None),
    ],
)
def test_a_certificate_is_read_with_its_bound(text, expected):
    assert asked(text) == expected


def test_what_is_milder_than_the_mildest_is_nothing():
    assert milder(("MPA:G",)) == milder(("BBFC:U",)) == ()
    assert "MPA:PG-13" in milder(("MPA:R", "TV:TV-MA"))


@given(st.text(alphabet="PGRNCE-1730+ or,notadbelw'", max_size=200))
def test_any_text_is_read_within_its_bounds(text):
    for time in find_certificates(text):
        assert 0 <= time.start < time.end <= len(text)
        assert time.wish.values
