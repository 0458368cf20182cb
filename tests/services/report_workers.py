"""What real processes do in the tests of the daily report."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from services.mail import ServerAnswer
from services.report_delivery import deliver_due
from tests.services.workers import open_runtime

MORNING = datetime.fromisoformat("2026-11-21T12:00:00+00:00")


def send_due(pipe: Pipe, barrier: Any, path: str, sent: str) -> None:
    """Send what is due from a process of its own; every mail becomes a line of a file."""

    class FileMailer:
        def send(self, message: EmailMessage, *, before_final_dot: Callable[[], None]) -> Any:
            before_final_dot()
            with Path(sent).open("a") as file:
                file.write(f"{message['To']}\n")
            return ServerAnswer(250, "kept")

    runtime = replace(open_runtime(path, now=MORNING), mailer=FileMailer())
    with closing(pipe):
        barrier.wait()
        deliver_due(runtime)
        pipe.send("done")


def hang_in_handover(pipe: Pipe, path: str, sent: str) -> None:
    """Hand a mail over, say so, and never write down that it went."""

    class SilentMailer:
        def send(self, message: EmailMessage, *, before_final_dot: Callable[[], None]) -> Any:
            before_final_dot()
            Path(sent).write_text(f"{message['Message-ID']}\n")
            pipe.send("handed over")
            threading.Event().wait()

    deliver_due(replace(open_runtime(path, now=MORNING), mailer=SilentMailer()))
