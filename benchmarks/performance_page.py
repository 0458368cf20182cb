"""The part of docs/performance.md that is measured, made from the JSON so that nobody types it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.measured import RESULTS, Measured, read_results, write_results
from benchmarks.measuring import as_lines

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
#: What the page was made from; the results themselves are not kept.
KEPT = PAGE.with_name("performance.json")
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def as_page_part(measured: Mapping[str, Measured]) -> str:
    """Return the table, and under it how long each benchmark took on what."""
    if not measured:
        return f"Nothing is measured yet: {RESULTS.name} is missing."
    lines = [line for one in measured.values() for line in one.results]
    told = [_told(name, one) for name, one in measured.items()]
    whole = sum(one.seconds for one in measured.values())
    held = sum(line.verdict == "holds" for line in lines)
    missed = sum(line.verdict == "does not hold" for line in lines)
    sums = f"{held} goals hold, {missed} do not. All of it took {whole / 60:.1f} minutes."
    return "\n".join([as_lines(lines), "", sums, "", *told])


def write_page(measured: Mapping[str, Measured]) -> None:
    """Write the measured part of the page anew, and what it was made from beside it."""
    write_results(measured, KEPT)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    part = f"{BEGIN}{as_page_part(measured)}\n{END}"
    PAGE.write_text(before + part + after, encoding="utf-8")


def page_and_part() -> tuple[str, str]:
    """Return the measured part as it stands in the page, and as it should."""
    page = PAGE.read_text(encoding="utf-8")
    stands = page.partition(BEGIN)[2].partition(END)[0]
    return stands, as_page_part(read_results(KEPT)) + "\n"


def _told(name: str, one: Measured) -> str:
    machine = one.machine
    return (
        f"- `benchmarks/{name}.py`: {one.seconds:.0f} s on {machine['cores']} cores, "
        f"load {one.load[0]} before and {one.load[1]} after, Python {machine['python']}, "
        f"SQLite {machine['sqlite']}, {machine['measured_at'][:10]}"
    )
