"""``import safecrs``: recommend and check, with one kind of error."""

from __future__ import annotations

import subprocess
import sys

import pytest

import safecrs
from safecrs.errors import SafecrsError
from safecrs.oracle import Verdict


def test_check_takes_one_trait_or_several():
    one = safecrs.check("Saw (2004)", "gore")
    assert one.verdict == Verdict.UNSAFE
    assert one.traits == safecrs.check("Saw", ["gore"], year=2004).traits
    assert len(safecrs.check("Saw (2004)").traits) > 15
    assert "gore" not in repr(one)


def test_recommend_respects_what_is_disclosed():
    answer = safecrs.recommend("a thriller for tonight, but no dead dogs please", k=5)
    assert list(answer.constraints) == ["animal_harm"]
    assert [item.verdict for item in answer.suggestions] == [Verdict.SAFE] * 5


@pytest.mark.parametrize("ask", [safecrs.recommend, safecrs.check])
def test_an_unknown_domain_or_trait_is_one_error(ask):
    with pytest.raises(SafecrsError, match="The domain must be"):
        ask("Saw", domain="book")
    with pytest.raises(SafecrsError, match="Unknown film trait"):
        ask("Saw", traits=["goer"])


def test_importing_loads_nothing_else():
    code = "import sys, safecrs; assert 'numpy' not in sys.modules and 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
