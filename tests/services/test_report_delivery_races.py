"""A person and the beat at one moment: what both find missing still becomes one mail."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest

from models import EmptyDay, ReportSettings
from services import report_sending
from services.report_delivery import deliver_due
from services.report_due import make_due
from services.report_sending import send_day
from services.runtime import Runtime
from tests.conftest import Clock
from tests.services.reporting import DAY, day_start, make_desk

#: Long enough for the beat to make its rows, if nothing holds it.
HEAD_START_S = 0.5


def test_a_day_sent_by_hand_is_not_in_the_mail_that_the_beat_makes_meanwhile(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, earlier = DAY - timedelta(days=3), DAY - timedelta(days=1)
    desk = make_desk(runtime, clock, reported_from_at=day_start(first))
    desk.change(ReportSettings, on_empty_day=EmptyDay.SEND)
    beat = Thread(target=make_due, args=(desk.runtime,))
    reopen = report_sending.reopen

    def reopen_after_the_beat(*arguments: Any, **options: Any) -> Any:
        beat.start()
        beat.join(HEAD_START_S)
        return reopen(*arguments, **options)

    monkeypatch.setattr(report_sending, "reopen", reopen_after_the_beat)

    send_day(desk.runtime, desk.company_id, day=earlier)
    beat.join()
    deliver_due(desk.runtime)

    sent = [row for row in desk.rows() if row.skip_reason is None]
    spans = sorted((row.window_start_at, row.window_end_at) for row in sent)
    assert (spans[0][0], spans[-1][1]) == (day_start(first), day_start(DAY + timedelta(days=1)))
    assert all(left[1] == right[0] for left, right in pairwise(spans))
