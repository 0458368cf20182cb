"""The whole campaign: `make fuzz [COUNT=…] [SEED=…] [PROVIDER=…] [FIRST=…]`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor

from services.providers.contract import ProviderKey
from tests.fuzz.campaign import Tally, run

COUNT = 100_000
SEED = 1
CHUNK = 2_500


def main() -> int:
    """Run the campaign on every core, print a line per provider, and return 1 after a failure."""
    wanted = _wanted()
    providers = [ProviderKey(wanted.provider)] if wanted.provider else list(ProviderKey)
    began_s = time.monotonic()
    tallies = {provider: Tally() for provider in providers}
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for provider, task in _tasks(workers, providers, wanted):
            tallies[provider].add(task.result())
    for provider, tally in tallies.items():
        sys.stdout.write(_line(provider, tally) + "\n")
        sys.stdout.writelines(f"\n{failure}\n" for failure in tally.failures)
    sys.stdout.write(f"seed {wanted.seed}, {time.monotonic() - began_s:.0f} s\n")
    return int(any(tally.failures for tally in tallies.values()))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT, help="payloads per provider")
    parser.add_argument("--first", type=int, default=0, help="number of the first payload")
    parser.add_argument("--provider", choices=[provider.value for provider in ProviderKey])
    return parser.parse_args()


def _tasks(
    workers: ProcessPoolExecutor, providers: list[ProviderKey], wanted: argparse.Namespace
) -> list[tuple[ProviderKey, Future[Tally]]]:
    end = wanted.first + wanted.count
    return [
        (
            provider,
            workers.submit(
                run, provider, seed=wanted.seed, first=first, count=min(CHUNK, end - first)
            ),
        )
        for first in range(wanted.first, end, CHUNK)
        for provider in providers
    ]


def _line(provider: ProviderKey, tally: Tally) -> str:
    endings = ", ".join(f"{number:,} {name}" for name, number in tally.endings.most_common())
    return (
        f"{provider}: {tally.payloads:,} payloads, {tally.rows:,} rows, "
        f"{len(tally.failures)} failures; {tally.good_rows_kept:,} good rows kept, "
        f"{tally.stored:,} payloads stored, slowest {tally.slowest_s:.2f} s; {endings}"
    )


if __name__ == "__main__":
    sys.exit(main())
