"""Addresses of static files carry a digest, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app

VERSION_ARGUMENT = "v"


def register(app: Flask) -> None:
    """Add the digest to every address of a static file that a template asks for."""
    app.url_defaults(_add_version)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint != "static" or VERSION_ARGUMENT in values:
        return
    if digest := digest_of(values.get("filename", "")):
        values[VERSION_ARGUMENT] = digest


def digest_of(filename: str) -> str:
    """Return the digest of a static file as it is now; empty where there is none."""
    path = os.path.join(current_app.static_folder or "", filename)
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ""
    return _digest(path, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else ""


@lru_cache(maxsize=64)
def _digest(path: str, _changed_at_ns: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]
