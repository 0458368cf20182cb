"""What became of a delivery, in words for pages and the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from models import DeliveryState, ReportDelivery, SkipReason

WAITING = (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.HANDING_OVER)
SKIP_SENTENCES: Mapping[SkipReason, str] = {
    SkipReason.NOBODY_SIGNED_UP: "Nobody signed up.",
    SkipReason.CARRIED_OVER: "The next mail covers this day.",
    SkipReason.UNSUBSCRIBED: "The recipient has unsubscribed.",
    SkipReason.RECIPIENT_REMOVED: "The recipient was taken off the list.",
    SkipReason.RECIPIENT_OFF: "The recipient is set to off.",
    SkipReason.NOT_CONFIRMED: "Not a user, and has not confirmed yet.",
    SkipReason.REPORT_OFF: "The report was switched off.",
}


def reason_sentence(row: ReportDelivery) -> str:
    """Say why the row is not sent, or nothing where it is."""
    if row.state is DeliveryState.SENT:
        return ""
    return SKIP_SENTENCES[row.skip_reason] if row.skip_reason else row.answer_text
