"""Whom and what a log line is about: ids of the request or job at hand, set where it begins.

Internal numbers and words of closed sets only, never a name, an address or what somebody typed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

Id = str | int
_NOTHING: Mapping[str, Id] = MappingProxyType({})
_ids: ContextVar[Mapping[str, Id]] = ContextVar("log_ids", default=_NOTHING)
logger = logging.getLogger(__name__)


def current_ids() -> Mapping[str, Id]:
    """Return what the lines written now are about, in the order in which it became known."""
    return _ids.get()


def begin_context(**ids: Id) -> None:
    """Forget what this thread worked on before; its lines are about these from now on."""
    _ids.set(ids)


def note_ids(**ids: Id | None) -> None:
    """Add what became known to the lines that follow, until the block or request ends."""
    _ids.set({**_ids.get(), **_known(ids)})


@contextmanager
def telling(**ids: Id | None) -> Iterator[None]:
    """Add ids to the lines of the block; afterwards they are about what they were about before."""
    token = _ids.set({**_ids.get(), **_known(ids)})
    try:
        yield
    finally:
        _ids.reset(token)


def tell_wake(job: str, row_id: int) -> None:
    """Write down which request asked for a job, so that each leads to the other."""
    if "request_id" in _ids.get():
        logger.info("asked for the job %s, row %s", job, row_id)


def _known(ids: Mapping[str, Id | None]) -> dict[str, Id]:
    return {name: value for name, value in ids.items() if value is not None}
