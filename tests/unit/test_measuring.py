"""What the tables of the benchmarks say: whether a goal holds, and how good pairs are."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.contenders.exchange import Found
from benchmarks.measured import Measured, read_results, write_results
from benchmarks.measuring import at_least, at_most, compare, peak_memory_mb
from benchmarks.pair_quality import judge

TRUTH = {("o1", "t1"), ("o2", "t2"), ("o3", "t3"), ("o4", "t4")}


@pytest.mark.parametrize(("value", "verdict"), [(0.975, "holds"), (0.9749, "does not hold")])
def test_a_floor_has_to_be_reached(value: float, verdict: str) -> None:
    line = at_least("F1", "lists", value, 0.975, unit="")

    assert (line.verdict, line.limit) == (verdict, "≥ 1.0")


@pytest.mark.parametrize(("value", "verdict"), [(0, "holds"), (1, "does not hold")])
def test_what_has_to_be_nothing_has_no_ratio(value: float, verdict: str) -> None:
    line = at_most("wrong", "lists", value, 0, unit="links")

    assert (line.verdict, line.ratio) == (verdict, None)


@pytest.mark.parametrize(("ours", "verdict"), [(30.0, "holds"), (30.1, "does not hold")])
def test_a_ratio_is_of_what_was_measured_together(ours: float, verdict: str) -> None:
    measured = {"ours": ours, "theirs": 10.0}

    line = compare("s", "lists", measured, ours="ours", against="theirs", limit_ratio=3.0)

    assert line.verdict == verdict


def test_memory_is_that_of_this_program() -> None:
    assert 1 < peak_memory_mb() < 100_000


def test_each_customer_is_linked_once_and_the_better_pair_wins() -> None:
    found = [_found("o1", "t1", 9), _found("o2", "t1", 5), _found("o2", "t2", 4)]

    quality = judge(found, TRUTH, size=4)

    assert (quality.precision, quality.recall) == (1.0, 0.5)


def test_only_the_exact_tier_counts_as_certain() -> None:
    found = [_found("o1", "t1", 9, "exact"), _found("o2", "t9", 8, "exact"), _found("o3", "t3", 5)]

    quality = judge(found, TRUTH, size=4)

    assert (quality.certain_count, quality.certain_wrong, quality.certain_share) == (2, 1, 0.25)


def test_who_has_no_exact_tier_is_certain_of_all_it_links() -> None:
    found = [_found("o1", "t1", 1), _found("o2", "t9", 1), _found("o4", "t4", 0.2, "possible")]

    quality = judge(found, TRUTH, size=4)

    assert (quality.certain_count, quality.certain_wrong) == (2, 1)
    assert (quality.shown_share, quality.shown_each) == (0.5, 0.75)


def test_the_best_threshold_is_the_one_the_truth_would_choose() -> None:
    found = [_found("o1", "t1", 9), _found("o2", "t2", 8), _found("o3", "t9", 2, "possible")]

    quality = judge(found, TRUTH, size=4)

    assert quality.best_f1 == pytest.approx(2 / 3)


def test_finding_nothing_is_judged_too() -> None:
    assert judge([], TRUTH, size=4).f1 == 0.0


def _found(our_id: str, their_id: str, score: float, tier: str = "likely") -> Found:
    return Found(our_id, their_id, tier, score)


@pytest.mark.parametrize(("ours", "verdict"), [(300.0, "holds"), (300.1, "does not hold")])
def test_what_is_allowed_besides_is_added_to_the_goal(ours: float, verdict: str) -> None:
    measured = {"ours": ours, "limit": 100.0}

    line = compare(
        "P", "check", measured, ours="ours", against="limit", limit_ratio=1.5, allowance=150
    )

    assert (line.verdict, line.limit) == (verdict, "≤ 1.5 + 150 ms")


def test_what_was_measured_is_kept_as_it_is(tmp_path: Path) -> None:
    line = compare("P", "check", {"ours": 1.0, "limit": 2.0}, ours="ours", against="limit")
    measured = {"whole_check": Measured([line], 1.5, (0.1, 0.2), {"cores": 2})}

    write_results(measured, tmp_path / "latest.json")

    assert read_results(tmp_path / "latest.json") == measured
