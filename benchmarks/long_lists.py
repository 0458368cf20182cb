"""Whole checks of 100,000 customers: time, processor and memory, and with the real limits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.measuring import Result, at_most, compare
from benchmarks.reading import Took, fill, read_apart, replayed_sandbox, set_replay
from benchmarks.whole_check import ALLOWANCE_MS, LATENCY_S, limit_s
from services.providers.contract import ProviderKey
from services.providers.registry import PROVIDERS

SMALL, LARGE = 10_000, 100_000
LIMIT_RATIOS = {
    ProviderKey.QUICKBOOKS: 1.25,
    ProviderKey.XERO: 1.25,
    ProviderKey.FRESHBOOKS: 1.1,
}
MEMORY_LIMIT_MB, CPU_RATIO = 60.0, 11.0


def run() -> list[Result]:
    """Check each provider as fast as it goes; meanwhile Xero once more, 60 calls a minute."""
    with ExitStack() as stack:
        free, limited = (stack.enter_context(replayed_sandbox()) for _ in range(2))
        threads = stack.enter_context(ThreadPoolExecutor(1))
        prepare(limited, ProviderKey.XERO)
        lines = [
            line
            for provider in (ProviderKey.QUICKBOOKS, ProviderKey.XERO)
            for line in _as_fast_as_it_goes(free, provider)
        ]
        waiting = threads.submit(_within_limits, limited)
        lines += _as_fast_as_it_goes(free, ProviderKey.FRESHBOOKS)
        return lines + waiting.result()


def prepare(url: str, provider: ProviderKey, size: int = LARGE) -> int:
    """Fill the account, let the replay learn its answers, and return how many rows there are."""
    set_replay(url, latency_s=0.0, forget=1)
    fill(url, provider, size=size)
    rows = read_apart("other_ways", "drain", provider.value, url).counted
    set_replay(url, latency_s=LATENCY_S)
    return rows


def _as_fast_as_it_goes(url: str, provider: ProviderKey) -> Iterator[Result]:
    prepare(url, provider, SMALL)
    small = _check(url, provider, SMALL)
    rows = prepare(url, provider)
    large = _check(url, provider, LARGE)
    work = f"{provider.value}: whole check of {LARGE:,}"
    measured = {
        "ours": large.seconds * 1000,
        "the latencies alone": limit_s(provider, rows) * 1000,
        "cpu": large.cpu_s * 1000,
        f"that of {SMALL:,}": small.cpu_s * 1000,
    }
    yield compare(
        "P2",
        work,
        measured,
        ours="ours",
        against="the latencies alone",
        limit_ratio=LIMIT_RATIOS[provider],
        allowance=ALLOWANCE_MS,
    )
    yield compare(
        "P2",
        f"{work}: processor",
        measured,
        ours="cpu",
        against=f"that of {SMALL:,}",
        limit_ratio=CPU_RATIO,
    )
    yield at_most(
        "P2", f"{work}: memory over the start", large.grown_mb, MEMORY_LIMIT_MB, unit="MB"
    )


def _within_limits(url: str) -> list[Result]:
    """Check Xero, which refuses the 61st call of a minute; of these we make 48."""
    set_replay(url, per_minute=1)
    took = read_apart("our_check", ProviderKey.XERO.value, url, "limited")
    refused = set_replay(url)["refused"]
    assert took.counted == LARGE
    per_minute = PROVIDERS[ProviderKey.XERO].limits.per_minute or 1
    minutes = (took.calls - 1) // per_minute
    measured = {"ours": took.seconds * 1000, "the minutes alone": minutes * 60_000.0}
    work = f"xero: whole check of {LARGE:,}, {per_minute} calls a minute"
    return [
        compare(
            "P2",
            work,
            measured,
            ours="ours",
            against="the minutes alone",
            limit_ratio=LIMIT_RATIOS[ProviderKey.XERO],
            allowance=ALLOWANCE_MS,
        ),
        at_most("P2", f"{work}: refused", refused, 0, unit="calls"),
    ]


def _check(url: str, provider: ProviderKey, size: int) -> Took:
    took = read_apart("our_check", provider.value, url)
    assert took.counted == size
    assert set_replay(url)["refused"] == 0
    return took
