"""Every Python process of a demo that a test starts loads this first: its log is at DEBUG."""

from __future__ import annotations

import logging

_set_level = logging.Logger.setLevel


def _set_level_unless_root(logger: logging.Logger, level: int | str) -> None:
    _set_level(logger, logging.DEBUG if logger is logging.root else level)


# What prepares a demo writes no log of its own, so this one does.
logging.basicConfig(level=logging.DEBUG)
logging.Logger.setLevel = _set_level_unless_root  # type: ignore[method-assign]
