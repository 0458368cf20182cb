"""html-validate on every page that ada, mel and a stranger come to, by the rules of tests/html."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.security.crawling import crawl
from tests.security.house import House
from tests.test_architecture import ROOT

pytestmark = pytest.mark.full
FOLDER = ROOT / "tests" / "html"
PROGRAM = FOLDER / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
NODE = shutil.which("node") or shutil.which("nodejs")
MISSING = "html-validate is missing; get it with: apt-get install nodejs npm && make html-validate"
STARTS = ["/", "/customers", "/reports", "/settings/integrations", "/settings/reports"]


def _write_pages(house: House, folder: Path) -> int:
    """Write every page into the folder, named by its address, and count them."""
    join = f"/join/{house.party('ada').slug}"
    for person, starts in (("ada", STARTS), ("mel", ["/"]), (None, [join, "/login"])):
        for seen in crawl(house, person, starts):
            is_page = seen.answer.mimetype == "text/html" and seen.answer.status_code == 200
            if is_page and not seen.is_fragment:
                name = re.sub(r"[^\w=]+", "-", f"{person}{seen.address}")[:120]
                (folder / f"{name}.html").write_bytes(seen.answer.data)
    return len(list(folder.iterdir()))


def _complaints(folder: Path) -> list[str]:
    """Return one line for each fault. A file, because node ends before a pipe is empty."""
    lines = folder.with_suffix(".txt")
    command = [str(NODE), str(PROGRAM), "--config", str(FOLDER / "rules.mjs")]
    ended = subprocess.run(
        [*command, "--formatter", f"text={lines}", "*.html"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr
    return [line.removeprefix(f"{folder}/") for line in lines.read_text("utf-8").splitlines()]


def test_every_page_is_valid(house: House, tmp_path: Path) -> None:
    if NODE is None or not PROGRAM.is_file():
        pytest.skip(MISSING)
    folder = tmp_path / "pages"
    folder.mkdir()

    assert _write_pages(house, folder) > 60
    (folder / "wrong.html").write_text("<!doctype html><p id=a><div id=a></p>", "utf-8")
    complaints = _complaints(folder)

    assert [line for line in complaints if not line.startswith("wrong.html")] == []
    assert complaints, "it looked at nothing"
