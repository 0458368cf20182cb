"""Run one contender: `python -m benchmarks.contenders NAME FOLDER REGION`, then `household`.

Prints its seconds and the most memory it held as JSON; the pairs are in the folder.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.contenders.exchange import write_found
from benchmarks.measuring import peak_memory_mb

#: Module, the step that is measured, and how its answer is read. Loaded only when it runs, so
#: that nobody carries another's libraries.
CONTENDERS = {
    "ours": ("ours", "link", "as_found"),
    "splink": ("splink_model", "link", "as_found"),
    "recordlinkage, sum": ("recordlinkage_rules", "link_by_sum", "sums_as_found"),
    "recordlinkage, ECM": ("recordlinkage_rules", "link_by_classifier", "probabilities_as_found"),
    "our cleaning alone": ("ours", "clean", "nothing_found"),
    "same e-mail": ("simple_rules", "same_email", "as_found"),
    "same e-mail or phone": ("simple_rules", "email_or_phone", "as_found"),
    "same display name": ("simple_rules", "same_display_name", "as_found"),
}


def main() -> None:
    """Find the pairs; the clock runs from loading the libraries and the lists to the last pair."""
    name, folder, region, *household = sys.argv[1:]
    # What the libraries deprecate among themselves is not the reader's trouble.
    warnings.simplefilter("ignore")
    module_name, link_name, found_name = CONTENDERS[name]
    started_at = time.perf_counter()
    module = import_module(f"benchmarks.contenders.{module_name}")
    link: Callable[..., Any] = getattr(module, link_name)
    if module_name == "ours":
        link = partial(link, region=region, household=bool(household))
    linked = link(module.load(Path(folder)))
    seconds = time.perf_counter() - started_at
    # Read before the pairs are written, which is not the contender's work.
    peak_mb = peak_memory_mb()
    write_found(Path(folder), getattr(module, found_name)(linked))
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
