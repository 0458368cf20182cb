"""A mail server as a process of its own: slow by chance, and all it keeps is a line of a file.

It keeps a message after a moment in which the sender may still die: then the message is gone.
Now and then it hangs up instead of answering, before or after it has kept the message.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

#: How long it may take before it keeps, before it answers, and before it says goodbye.
DELAY_MAX_S = 0.03
HANG_UPS = 0.02
ACCEPTED, HUNG_UP = "250 kept", "421 gone"


@dataclass(frozen=True)
class Kept:
    """A message that the server has, as its reader would see it."""

    message_id: str
    recipient: str
    is_marked: bool
    text: str


def serve(pipe: Pipe, kept: str, seed: str) -> None:
    """Serve on a free port, which the pipe tells, until killed."""
    asyncio.run(_serve(pipe, Path(kept), random.Random(seed)))


def read_kept(path: Path) -> Sequence[Kept]:
    """Return what the server has kept so far, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Kept(**json.loads(line)) for line in lines]


class _Handler:
    def __init__(self, kept: Path, chance: random.Random) -> None:
        self.kept, self.chance = kept, chance

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        await self._dawdle()
        if self._hangs_up(server):
            return HUNG_UP
        with self.kept.open("a") as file:
            file.write(json.dumps(asdict(_read(envelope))) + "\n")
        await self._dawdle()
        return HUNG_UP if self._hangs_up(server) else ACCEPTED

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        await self._dawdle()
        return "221 bye"

    async def _dawdle(self) -> None:
        # Whoever is killed meanwhile takes the message along: aiosmtpd ends what it has begun.
        await asyncio.sleep(self.chance.uniform(0, DELAY_MAX_S))

    def _hangs_up(self, server: SMTP) -> bool:
        if server.transport is None or self.chance.random() >= HANG_UPS:
            return False
        server.transport.abort()
        return True


def _read(envelope: Envelope) -> Kept:
    content = envelope.original_content or b""
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    text = message.get_body(("plain",))
    assert text is not None
    [recipient] = envelope.rcpt_tos
    return Kept(
        message_id=message["Message-ID"],
        recipient=recipient,
        is_marked=message["X-BlueClerk-Possible-Repeat"] is not None,
        text=text.get_content(),
    )


async def _serve(pipe: Pipe, kept: Path, chance: random.Random) -> None:
    handler = _Handler(kept, chance)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="localhost"), "127.0.0.1", 0
    )
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
