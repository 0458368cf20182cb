"""The bin of a row: what a person decided, else only what is beyond doubt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Bin, ChosenOutcome
from services.bins import TAKEN_BITS, BinFacts, Candidate, decide_bin
from services.matching.look_alikes import LOOK_ALIKE_BITS

EXACT = Candidate(12.0, is_exact=True, is_taken=False)
LIKELY = Candidate(5.0, is_exact=False, is_taken=False)
TAKEN = Candidate(12.0, is_exact=True, is_taken=True)
TAKEN_NAMESAKE = Candidate(TAKEN_BITS - 0.1, is_exact=False, is_taken=True)

candidates = st.builds(
    Candidate, score=st.floats(-8, 60), is_exact=st.booleans(), is_taken=st.booleans()
)
facts = st.builds(
    BinFacts,
    is_compared=st.booleans(),
    choice=st.sampled_from([None, *ChosenOutcome]),
    is_overtaken=st.booleans(),
    candidates=st.lists(candidates, max_size=4).map(tuple),
    has_twin=st.booleans(),
    was_taken_out=st.booleans(),
)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (BinFacts(is_compared=False, candidates=(EXACT,)), Bin.WAITING),
        (BinFacts(is_compared=True), Bin.NEW),
        (BinFacts(is_compared=True, candidates=(EXACT,)), Bin.SAME),
        (BinFacts(is_compared=True, candidates=(LIKELY, EXACT)), Bin.SAME),
        (BinFacts(is_compared=True, candidates=(LIKELY,)), Bin.MAYBE),
        (BinFacts(is_compared=True, candidates=(EXACT, EXACT)), Bin.MAYBE),
        (BinFacts(is_compared=True, candidates=(EXACT,), has_twin=True), Bin.MAYBE),
        (BinFacts(is_compared=True, has_twin=True), Bin.MAYBE),
        (BinFacts(is_compared=True, candidates=(TAKEN,)), Bin.MAYBE),
        (BinFacts(is_compared=True, candidates=(TAKEN_NAMESAKE,)), Bin.NEW),
        (BinFacts(is_compared=True, candidates=(TAKEN_NAMESAKE, EXACT)), Bin.SAME),
        (BinFacts(is_compared=False, choice=ChosenOutcome.CREATE), Bin.NEW),
        (BinFacts(is_compared=True, choice=ChosenOutcome.LINK, has_twin=True), Bin.SAME),
        (BinFacts(is_compared=True, choice=ChosenOutcome.CREATE, candidates=(EXACT,)), Bin.NEW),
        (BinFacts(is_compared=True, choice=ChosenOutcome.LINK, is_overtaken=True), Bin.MAYBE),
        (BinFacts(is_compared=True, was_taken_out=True), Bin.MAYBE),
        (BinFacts(is_compared=True, candidates=(EXACT,), was_taken_out=True), Bin.MAYBE),
        (BinFacts(is_compared=True, choice=ChosenOutcome.CREATE, was_taken_out=True), Bin.NEW),
    ],
)
def test_each_kind_of_row_has_its_bin(row: BinFacts, expected: Bin) -> None:
    assert decide_bin(row) is expected


@given(facts)
def test_nobody_is_the_same_by_itself_while_there_is_any_doubt(row: BinFacts) -> None:
    is_same_by_itself = decide_bin(row) is Bin.SAME and row.choice is None

    if is_same_by_itself:
        counting = [each for each in row.candidates if not each.is_taken or each.score >= 4.0]
        exact = [each for each in counting if each.is_exact]
        assert row.is_compared and not row.has_twin
        assert len(exact) == 1 and not exact[0].is_taken
        assert exact[0].score == max(each.score for each in counting)


@given(facts)
def test_what_a_person_decided_is_what_happens(row: BinFacts) -> None:
    bins = {ChosenOutcome.LINK: Bin.SAME, ChosenOutcome.CREATE: Bin.NEW}

    if row.choice is not None and not row.is_overtaken:
        assert decide_bin(row) is bins[row.choice]


@given(facts)
def test_nobody_with_somebody_alike_is_new_by_itself(row: BinFacts) -> None:
    alike = [each for each in row.candidates if not each.is_taken]

    if row.choice is None and (alike or row.has_twin):
        assert decide_bin(row) is not Bin.NEW


def test_who_is_linked_counts_from_where_two_in_the_file_look_alike() -> None:
    assert TAKEN_BITS == LOOK_ALIKE_BITS
