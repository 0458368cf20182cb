"""What a saved report writes into the audit, and what it says about a list it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from models import AuditEvent, EmptyDay, Frequency, ReportRecipient
from services.report_recipients import REFUSALS_IN_A_ROW, RecipientWish
from services.report_settings import BadRecipient, ReportWish, change_report_settings
from services.runtime import Runtime
from tests.services.support import Place, count, rows


def _daily(*addresses: str) -> list[RecipientWish]:
    return [RecipientWish(address, Frequency.DAILY) for address in addresses]


WISH = ReportWish(
    is_on=True,
    local_hour=7,
    zone="America/New_York",
    on_empty_day=EmptyDay.SKIP,
    recipients=_daily("ada@example.com", "mel@example.com"),
)


def _change(runtime: Runtime, place: Place, **wish: Any) -> None:
    with runtime.sessions() as session:
        change_report_settings(
            session, place.admin, wish=replace(WISH, **wish), now=runtime.clock()
        )


def test_every_change_is_written_down_without_addresses(runtime: Runtime, harbor: Place) -> None:
    _change(runtime, harbor)

    (event,) = rows(runtime.sessions, select(AuditEvent.action, AuditEvent.detail))

    assert tuple(event) == ("report changed", "on at 07:00, 2 added, now 2 recipients")


def test_saving_what_is_stored_writes_nothing_down(runtime: Runtime, harbor: Place) -> None:
    _change(runtime, harbor)

    _change(runtime, harbor)

    assert count(runtime.sessions, AuditEvent) == 1


@pytest.mark.parametrize(
    ("wish", "detail"),
    [
        ({"local_hour": 9}, "on at 09:00, now 2 recipients"),
        ({"is_on": False}, "off, now 2 recipients"),
        ({"zone": "berlin"}, "Europe/Berlin, now 2 recipients"),
        ({"on_empty_day": EmptyDay.SEND}, "empty days are mailed, now 2 recipients"),
        (
            {
                "recipients": [
                    RecipientWish("mel@example.com", Frequency.WEEKLY),
                    *_daily("kim@example.com", "lee@example.com"),
                ]
            },
            "2 added, 1 removed, 1 changed, now 3 recipients",
        ),
    ],
)
def test_what_changed_is_written_down_in_numbers(
    runtime: Runtime, harbor: Place, wish: dict[str, Any], detail: str
) -> None:
    _change(runtime, harbor)

    _change(runtime, harbor, **wish)

    newest = select(AuditEvent.detail).order_by(AuditEvent.id.desc()).limit(1)
    assert rows(runtime.sessions, newest)[0].detail == detail


def test_trying_somebody_again_is_written_down(runtime: Runtime, harbor: Place) -> None:
    _change(runtime, harbor)
    with runtime.sessions() as session:
        session.execute(
            update(ReportRecipient)
            .where(ReportRecipient.address == "mel@example.com")
            .values(refusal_count=REFUSALS_IN_A_ROW)
        )
        session.commit()

    _change(runtime, harbor)

    details = [row.detail for row in rows(runtime.sessions, select(AuditEvent.detail))]
    assert details[1:] == ["1 changed, now 2 recipients"]


def test_all_who_cannot_be_mailed_are_named_at_once(runtime: Runtime, harbor: Place) -> None:
    wrong = [f"wrong-{number}" for number in range(8)]

    with pytest.raises(BadRecipient) as refusal:
        _change(runtime, harbor, recipients=_daily("ada@example.com", *wrong, "wrong-0"))

    assert str(refusal.value) == (
        "“wrong-0”, “wrong-1”, “wrong-2”, “wrong-3”, “wrong-4” and 3 more are not e-mail addresses."
    )
