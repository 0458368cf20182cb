"""The pulse of whoever sends mail: it beats with each round and with each mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage

from services.heartbeat import DELIVERY, note_beat
from services.mail import Mailer, ServerAnswer, nothing
from services.runtime import Runtime


class BeatingMailer:
    """A Mailer that writes down that it lives before each mail.

    A round of many slow mails lasts for hours and is all right; one mail has its limits.
    """

    def __init__(self, mailer: Mailer, beat: Callable[[], None]) -> None:
        self._mailer = mailer
        self._beat = beat

    def send(
        self, message: EmailMessage, *, before_final_dot: Callable[[], None] = nothing
    ) -> ServerAnswer:
        self._beat()
        return self._mailer.send(message, before_final_dot=before_final_dot)


def begin_round(runtime: Runtime) -> Runtime:
    """Beat, and return a runtime whose mailer beats as well. Commits."""

    def beat() -> None:
        with runtime.sessions() as session:
            note_beat(session, name=DELIVERY, now=runtime.clock())

    beat()
    if runtime.mailer is None:
        return runtime
    return replace(runtime, mailer=BeatingMailer(runtime.mailer, beat))
