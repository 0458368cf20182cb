"""Run the parts of a cluster and start anew what has ended: `python -m tests.cluster.supervisor`.

It does what systemd would: when the main process of a part has ended, whatever that left is killed
before it starts again. One signal ends all of them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from commands.demo import _die_with_parent

PARTS, PIDS = "parts.json", "pids.json"
LOOK_S = 0.1
#: How long a part is away, so that nobody takes one that is killed for one that never was.
RESTART_S = 0.5
STOP_WAIT_S = 40


class Part:
    """One process with whatever it starts, in a session of its own."""

    def __init__(self, name: str, command: list[str], folder: Path) -> None:
        self.name, self.command = name, command
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def clear(self) -> None:
        """Kill what a main process that has ended left behind."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        assert self.process is not None
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_WAIT_S)
        self.clear()
        self.process.wait()


def main(folder: Path) -> int:
    """Run what the folder's file names until a signal comes or whoever started this is gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    commands = json.loads((folder / PARTS).read_text(encoding="utf-8"))
    parts = [Part(name, command, folder) for name, command in commands.items()]
    parent = os.getppid()
    try:
        for part in parts:
            part.start()
        _write_pids(folder, parts)
        while os.getppid() == parent:
            time.sleep(LOOK_S)
            _start_again(folder, parts)
    finally:
        _stop(parts)
    return 0


def _start_again(folder: Path, parts: list[Part]) -> None:
    ended = [part for part in parts if part.has_ended()]
    for part in ended:
        part.clear()
    if ended:
        time.sleep(RESTART_S)
        for part in ended:
            part.start()
        _write_pids(folder, parts)


def _write_pids(folder: Path, parts: list[Part]) -> None:
    """Tell who runs; a reader never sees half of it."""
    written = folder / f"{PIDS}.new"
    written.write_text(json.dumps({part.name: part.pid for part in parts}), encoding="utf-8")
    written.replace(folder / PIDS)


def _stop(parts: list[Part]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for part in reversed(parts):
        if part.process is not None and part.process.poll() is None:
            part.process.terminate()
    for part in reversed(parts):
        if part.process is not None:
            part.stop()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
