"""Commands that speak to the demo by its environment file, as operators use them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.system.demo import ROOT, Demo

pytestmark = pytest.mark.full


def _flask(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        env=demo.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_prints_the_sentence_and_the_calls(demo: Demo) -> None:
    first = _flask(demo, "check", "quickbooks")
    second = _flask(demo, "check", "quickbooks", "--company", "demo")

    sentence = "182 of 1,204 customers in QuickBooks are not yet imported into BlueClerk.\n"
    assert (first.returncode, first.stdout) == (0, f"{sentence}1 call\n")
    assert (second.returncode, second.stdout) == (0, f"{sentence}0 calls\n")
    assert first.stderr == second.stderr == ""
    assert demo.calls() == 1


def test_check_says_what_is_missing(demo: Demo) -> None:
    unconnected = _flask(demo, "check", "quickbooks", "--company", "other")
    demo.fault("html200")
    unreadable = _flask(demo, "check", "quickbooks")

    assert unconnected.returncode == unreadable.returncode == 1
    assert unconnected.stderr == (
        "Error: QuickBooks is not connected. Connect it under Settings > Integrations.\n"
    )
    assert "182 of 1,204 are not yet imported." in unreadable.stderr
    assert unreadable.stdout == ""
