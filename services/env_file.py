"""Settings kept in a file of their own: KEY=VALUE lines, as a shell and systemd read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Write KEY=VALUE lines, unquoted, all at once and readable by the owner only."""
    half_written = path.with_suffix(".new")
    half_written.unlink(missing_ok=True)
    descriptor = os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in values.items())
    half_written.replace(path)


def read_env_file(path: Path) -> dict[str, str]:
    """Read what write_env_file wrote."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
