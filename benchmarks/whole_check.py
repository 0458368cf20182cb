"""From the click to the sentence over a slow network, against the limit and the vendors' loops."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.measuring import Result, at_most, compare
from benchmarks.reading import Took, fill, read_apart, replayed_sandbox, set_replay
from services.providers.contract import ProviderKey
from services.providers.registry import PROVIDERS

SIZE = 10_000
LATENCY_S = 0.15
#: For the job's wake-up and for rendering.
ALLOWANCE_MS = 150.0
RUNS = 3
DRAIN, LOOP, LONG_PAGES = "the same calls, thrown away", "SDK", "SDK, pages of 1,000"
#: FreshBooks has pages of 100 only; with those Xero's library waits two minutes for Xero's limit.
WAYS: Mapping[ProviderKey, Mapping[str, str]] = {
    ProviderKey.QUICKBOOKS: {DRAIN: "drain", LONG_PAGES: "sdk1000", LOOP: "sdk"},
    ProviderKey.XERO: {DRAIN: "drain", LONG_PAGES: "sdk1000"},
    ProviderKey.FRESHBOOKS: {DRAIN: "drain", LOOP: "sdk"},
}
LIMIT_RATIOS = {
    ProviderKey.QUICKBOOKS: 1.5,
    ProviderKey.XERO: 1.25,
    ProviderKey.FRESHBOOKS: 1.1,
}
BEST_LOOP_RATIO, QUICKBOOKS_LOOP_RATIO, CPU_LIMIT_MS, AGAIN_RATIO = 4.0, 30.0, 15.0, 1.1
Runs = Mapping[str, Sequence[Took]]


def run() -> list[Result]:
    """Measure a first whole reading of 10,000 customers at each provider, then a second one."""
    with replayed_sandbox() as url:
        set_replay(url, latency_s=LATENCY_S)
        return [line for provider in ProviderKey for line in _of_provider(url, provider)]


def _of_provider(url: str, provider: ProviderKey) -> Iterator[Result]:
    fill(url, provider, size=SIZE)
    runs = take_turns(url, provider, WAYS[provider], runs=RUNS)
    ours = runs["ours"]
    assert all(one.counted == SIZE for one in ours)
    yield from _speed(provider, runs)
    yield from _processor(provider, runs)
    yield from _again(provider, ours)


def take_turns(
    url: str, provider: ProviderKey, others: Mapping[str, str], *, runs: int
) -> dict[str, list[Took]]:
    """Let ours and the others read in turn; the first drain lets the replay learn its answers."""
    read_apart("other_ways", "drain", provider.value, url)
    ways: dict[str, Callable[[], Took]] = {
        "ours": lambda: read_apart("our_check", provider.value, url)
    }
    for name, way in others.items():
        ways[name] = lambda way=way: read_apart("other_ways", way, provider.value, url)  # type: ignore[misc]
    took: dict[str, list[Took]] = {name: [] for name in ways}
    for number in range(runs):
        for name, read in ways.items():
            # The loop with short pages hardly varies and takes the longest.
            if name != LOOP or number == 0:
                took[name].append(read())
    return took


def limit_s(provider: ProviderKey, rows: int) -> float:
    """Return what the latencies alone come to: first the call that tells how many there are."""
    pages = math.ceil(rows / (100 if provider is ProviderKey.FRESHBOOKS else 1000))
    rest = pages if provider is ProviderKey.QUICKBOOKS else pages - 1
    rounds = 1 + math.ceil(rest / PROVIDERS[provider].limits.concurrent)
    # FreshBooks is asked last whether somebody was deleted meanwhile.
    return LATENCY_S * (rounds + (provider is ProviderKey.FRESHBOOKS))


def median_ms(took: Sequence[Took]) -> float:
    return statistics.median(one.seconds for one in took) * 1000


def _speed(provider: ProviderKey, runs: Runs) -> Iterator[Result]:
    work = f"{provider.value}: whole check of {SIZE:,}, {LATENCY_S * 1000:.0f} ms a call"
    rows = runs[DRAIN][0].counted
    measured = {name: median_ms(took) for name, took in runs.items()}
    measured["the latencies alone"] = limit_s(provider, rows) * 1000
    yield compare(
        "P1",
        work,
        measured,
        ours="ours",
        against="the latencies alone",
        limit_ratio=LIMIT_RATIOS[provider],
        allowance=ALLOWANCE_MS,
    )
    yield compare("P1", work, measured, ours="ours", against=DRAIN)
    best = LONG_PAGES if LONG_PAGES in runs else LOOP
    yield _loop(work, measured, best, BEST_LOOP_RATIO)
    if provider is ProviderKey.QUICKBOOKS:
        yield _loop(work, measured, LOOP, QUICKBOOKS_LOOP_RATIO)


def _loop(work: str, measured: Mapping[str, float], name: str, goal: float) -> Result:
    """Make the line of a library's loop against ours."""
    return compare(
        "P1",
        f"{work}: {name}",
        measured,
        ours=name,
        against="ours",
        limit_ratio=goal,
        is_floor=True,
    )


def _processor(provider: ProviderKey, runs: Runs) -> Iterator[Result]:
    for name in [name for name in runs if name != DRAIN]:
        cpu_ms = statistics.median(one.cpu_s for one in runs[name]) * 1000 / (SIZE / 1000)
        work = f"{provider.value}: processor for 1,000 customers, {name}"
        line = at_most("P1", work, round(cpu_ms, 1), CPU_LIMIT_MS, unit="ms")
        yield line if name == "ours" else line.without_goal()


def _again(provider: ProviderKey, ours: Sequence[Took]) -> Iterator[Result]:
    calls = max(one.again_calls for one in ours)
    needed = PROVIDERS[provider].delta_calls
    work = f"{provider.value}: check again, nothing changed"
    measured = {
        "ours": statistics.median(one.again_s for one in ours) * 1000,
        "the latency alone": LATENCY_S * needed * 1000,
    }
    yield at_most("P3", f"{work}: calls", calls, needed, unit="")
    yield compare(
        "P3",
        work,
        measured,
        ours="ours",
        against="the latency alone",
        limit_ratio=AGAIN_RATIO,
        allowance=ALLOWANCE_MS,
    )
