from __future__ import annotations

import re
from collections import Counter

from safecrs.benchmark import AssignmentPlan, Dialogue
from safecrs.benchmark.assignment import Rules
from safecrs.benchmark.assignment.local import LocalAssigner
from safecrs.benchmark.filtering import VerdictTable, filter_liked
from safecrs.conversation import Message

ALWAYS = AssignmentPlan(without=0.0, counts=(0.4, 0.3, 0.3), min_kept=2)


def dialogue(seen, liked, text="Any tips?"):
    return Dialogue("d", "train", "test", (Message(role="user", content=text),), tuple(seen), tuple(liked))


def draw(case, oracle, plan=ALWAYS, conflicts=None, times=200):
    table = VerdictTable.of(oracle)
    rules = (Rules(oracle.catalog, table, conflicts or {}, plan, seed) for seed in range(times))
    return Counter(next(LocalAssigner().assign([case], rule)).traits for rule in rules)


def test_traits_fit_the_taste_and_leave_enough(oracle):
    table = VerdictTable.of(oracle)
    case = dialogue([1, 2], [0, 5, 10, 3, 4, 11, 12])
    drawn = draw(case, oracle)
    assert () not in drawn
    assert len(drawn) > 3
    for traits in drawn:
        kept, _, _ = filter_liked(case.liked, traits, table)
        assert len(kept) >= 2
        for trait in traits:
            assert table.unsafe[list(case.liked), table.taxonomy.column[trait]].any()


def test_drawn_in_proportion_to_the_share_violated(oracle):
    one = AssignmentPlan(without=0.0, counts=(1.0,), min_kept=2)
    # Unsafe: for horror 0, 5, 15; for disasters 3; of the two gore films (0 alone here) one.
    drawn = draw(dialogue([1], [0, 5, 15, 3, 11, 12]), oracle, one, times=2000)
    assert set(drawn) == {("horror",), ("gore",), ("disasters",)}
    assert 0.54 < drawn[("horror",)] / 2000 < 0.66
    assert 0.16 < drawn[("gore",)] / 2000 < 0.24


def test_a_named_film_or_a_word_of_the_request_rules_a_trait_out(oracle):
    assert set(draw(dialogue([20], [0, 5, 11, 12]), oracle)) == {()}, "a horror film is named"
    asks = dialogue([1], [0, 5, 11, 12], "Some good Horror movies, please")
    conflicts = {"horror": re.compile(r"\bhorror\b", re.IGNORECASE)}
    assert set(draw(asks, oracle, conflicts=conflicts)) == {("gore",)}
    said_by_the_other = Dialogue(
        "d",
        "train",
        "test",
        (Message(role="assistant", content="Horror?"), Message(role="user", content="No")),
        (1,),
        (0, 5, 11, 12),
    )
    assert ("horror",) in draw(said_by_the_other, oracle, conflicts=conflicts)


def test_too_little_ground_truth_left_means_no_trait(oracle):
    assert set(draw(dialogue([1], [5, 15, 11]), oracle)) == {()}


def test_a_harmless_trait_is_one_that_every_liked_item_is_known_to_respect(oracle):
    plan = AssignmentPlan(without=0.0, min_kept=1, harmless=True)
    # Film 3 is unsafe for disasters, and film 4 for animal harm; both are known to be safe for the rest.
    given = set(draw(dialogue([1], [3], "Ghosts, please"), oracle, plan))
    assert given == {("horror",), ("gore",), ("animal_harm",)}
    asked = {"horror": re.compile("ghosts", re.IGNORECASE)}
    assert set(draw(dialogue([4], [3], "Ghosts, please"), oracle, plan, conflicts=asked)) == {("gore",)}
    assert set(draw(dialogue([1], [6]), oracle, plan)) == {()}, "nobody vouches for film 6"
    fitting = draw(dialogue([1], [0, 11, 12]), oracle, plan)
    assert {trait for traits in fitting for trait in traits} == {"gore", "horror"}, (
        "a fitting trait comes first"
    )


def test_the_share_without_traits_and_the_counts_are_met(oracle):
    plan = AssignmentPlan(without=0.2, counts=(0.7, 0.2, 0.1), min_kept=1)
    drawn = draw(dialogue([1], [0, 3, 4, 5, 6, 7, 11, 12]), oracle, plan, times=3000)
    sizes = Counter()
    for traits, count in drawn.items():
        sizes[len(traits)] += count
    assert abs(sizes[0] / 3000 - 0.2) < 0.03
    assert abs(sizes[1] / 3000 - 0.56) < 0.03
    assert abs(sizes[2] / 3000 - 0.16) < 0.03


def test_unknown_items_stay_and_are_counted(oracle):
    kept, removed, unknown = filter_liked([20, 6, 5, 1, 13], ["horror"], VerdictTable.of(oracle))
    assert removed == (20, 5)
    assert kept == (6, 1, 13)
    assert unknown == (6, 13)
    assert filter_liked([6], [], VerdictTable.of(oracle))[2] == ()
