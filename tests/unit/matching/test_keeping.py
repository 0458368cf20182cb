"""What is kept as text comes back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.matching.keeping import reasons_of, reasons_text
from services.matching.reasons import Reason, ReasonCode

REASONS = st.lists(st.builds(Reason, st.sampled_from(ReasonCode), st.integers(1, 500)))


@given(REASONS)
def test_reasons_come_back_as_they_were(reasons: list[Reason]) -> None:
    text = reasons_text(reasons)

    assert reasons_of(text) == tuple(reasons)


def test_reasons_are_readable_in_the_table() -> None:
    reasons = (Reason(ReasonCode.SAME_NAME), Reason(ReasonCode.SHARED_PHONE, 3))

    text = reasons_text(reasons)

    assert text == "same_name shared_phone:3"


def test_a_reason_of_another_release_is_left_out() -> None:
    reasons = reasons_of("same_shoe_size same_name")

    assert reasons == (Reason(ReasonCode.SAME_NAME),)
