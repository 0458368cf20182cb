"""A sandbox of any size behind a network of any slowness, and readers in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from benchmarks.measuring import peak_memory_mb
from services.env_file import read_env_file
from services.providers.contract import ProviderKey

Grant = dict[str, Any]
#: The account that is filled, and a small one of the same provider.
ACCOUNTS = {
    ProviderKey.QUICKBOOKS: ("9341450000000001", "9341450000000002"),
    ProviderKey.XERO: (
        "0b6e7d1c-54a2-4f0b-9d53-7c1f2a6e8401",
        "3f9a2c58-8e17-4c6d-a1b4-5d0e93c7f202",
    ),
    ProviderKey.FRESHBOOKS: ("LS7Qk2", "BV3Wm9"),
}


@dataclass(frozen=True, slots=True)
class Took:
    """What one reader found, and what it took. `grown_mb` is memory at most over its start.

    Only our own way checks again; `calls` are those it told.
    """

    counted: int
    seconds: float
    cpu_s: float
    grown_mb: float
    calls: int = 0
    again_s: float = 0.0
    again_calls: int = 0


@contextmanager
def sandbox() -> Iterator[str]:
    """Run a sandbox of its own and yield its address."""
    with TemporaryDirectory() as folder:
        ready = Path(folder) / "sandbox.env"
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--ready-file", str(ready)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists():
                time.sleep(0.05)
            yield read_env_file(ready)["SANDBOX_URL"]
        finally:
            process.terminate()
            process.wait()


@contextmanager
def replayed_sandbox() -> Iterator[str]:
    """Run a sandbox behind `benchmarks.replay` and yield the address of the latter."""
    with sandbox() as url:
        command = [sys.executable, "-m", "benchmarks.replay", url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
            process.communicate()


def set_replay(url: str, **wishes: float) -> dict[str, int]:
    """Set how the replay behaves; return the calls and refusals since the last time."""
    with urlopen(f"{url}/_replay?{urlencode(wishes)}") as answer:
        told: dict[str, int] = json.load(answer)
    return told


def fill(url: str, provider: ProviderKey, *, size: int) -> None:
    """Give the provider's first account so many counted customers."""
    account_id = ACCOUNTS[provider][0]
    _post(f"{url}/control/reset", {"provider": provider.value, "realm": account_id, "size": size})


def new_grant(url: str, provider: ProviderKey, account_id: str) -> Grant:
    """Return a further grant for an account."""
    return _post(f"{url}/control/grants/{provider.value}", {"realm": account_id})


def read_apart(program: str, *arguments: str) -> Took:
    """Let a program of this package read in a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{program}", *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Took(**json.loads(answer.stdout.splitlines()[-1]))


class Meter:
    """Time, processor time and memory of this process from its making on."""

    def __init__(self) -> None:
        self._memory_mb = _forget_peak()
        self._cpu_s = time.process_time()
        self._started_at = time.perf_counter()

    def took(self) -> tuple[float, float, float]:
        """Return seconds, seconds of processors, and megabytes at most over the start."""
        seconds = time.perf_counter() - self._started_at
        cpu_s = time.process_time() - self._cpu_s
        return round(seconds, 4), round(cpu_s, 4), round(peak_memory_mb() - self._memory_mb, 1)


def _forget_peak() -> float:
    """Let the peak begin anew and return what is held now; elsewhere than on Linux the peak."""
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        # 5 resets the peak (proc_pid_clear_refs(5)).
        forget.write_text("5", encoding="ascii")
    return peak_memory_mb()


def _post(url: str, body: dict[str, object]) -> Grant:
    request = Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urlopen(request) as answer:
        content: Grant = json.load(answer)
    return content
