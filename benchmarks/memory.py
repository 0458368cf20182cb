"""The most memory a whole check of 100,000 customers takes, at each provider, fast and slow."""

from __future__ import annotations

from benchmarks.measuring import Result
from benchmarks.reading import Checked, check_apart, fill, result_of, sandbox
from services.providers.contract import ProviderKey

SIZE = 100_000
LATENCIES_S = (0.0, 0.15)
LIMIT_MB = 200


def run() -> list[Result]:
    """Check 100,000 customers at each provider, in a process each, all three at once.

    Xero allows 60 calls a minute, of which we make 48, so its hundred pages take two minutes.
    """
    return [line for latency_s in LATENCIES_S for line in _run(latency_s)]


def _run(latency_s: float) -> list[Result]:
    with sandbox() as url:
        checks = {
            provider: check_apart(
                provider, url, fill(url, provider, size=SIZE, latency_s=latency_s)
            )
            for provider in ProviderKey
        }
        found = {provider: result_of(check) for provider, check in checks.items()}
    return [_line(provider, checked, latency_s) for provider, checked in found.items()]


def _line(provider: ProviderKey, checked: Checked, latency_s: float) -> Result:
    assert checked.counted == SIZE, f"{provider.value}: {checked.counted:,} counted"
    return Result(
        goal="memory",
        work=f"{provider.value}, {SIZE:,} customers, {latency_s * 1000:.0f} ms a call: "
        f"{checked.calls:,} calls in {checked.seconds:.0f} s",
        ours=checked.peak_mb,
        against="the limit",
        against_value=LIMIT_MB,
        ratio=round(checked.peak_mb / LIMIT_MB, 2),
        limit_ratio=1.0,
        unit="MB",
    )
