"""Bring the trouble of a row about, at the sandbox or in its place."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.providers import freshbooks, quickbooks, xero
from services.providers.transport import Transport
from tests.matrix.faults import Fault, Server, Wishes
from tests.matrix.place import Place

CONNECT_S = 0.3
#: A name that no resolver knows; nothing asks one.
UNKNOWN = "books.invalid"


@contextmanager
def trouble(place: Place, fault: Fault, *, is_paged: bool) -> Iterator[None]:
    """Let the fault last inside the block. Only a list read in pages has a second one."""
    usual = place.access
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        defaults: Any = Transport.__init__.__kwdefaults__
        patch.setitem(defaults, "connect_limit_s", CONNECT_S)
        if fault.limit_s is not None:
            patch.setitem(defaults, "answer_limit_s", fault.limit_s)
        if fault.concurrent is not None:
            for adapter in (quickbooks, xero, freshbooks):
                patch.setattr(adapter, "CONCURRENT_CALLS", fault.concurrent)
        if fault.server is not None:
            url = _stand_in(fault.server, place, patch, stack)
            place.access = replace(place.access, sandbox_url=url)
        place.turn_on(_fitting(fault.wishes_at(place.provider), is_paged=is_paged))
        yield
    place.access = usual
    place.turn_off()


def _fitting(wishes: Wishes, *, is_paged: bool) -> Wishes:
    if is_paged:
        return wishes
    return tuple(
        {name: value for name, value in wish.items() if name != "from_page"} for wish in wishes
    )


def _stand_in(server: Server, place: Place, patch: pytest.MonkeyPatch, stack: ExitStack) -> str:
    match server:
        case Server.NOBODY:
            with socket.create_server(("127.0.0.1", 0)) as closed:
                return f"http://127.0.0.1:{closed.getsockname()[1]}"
        case Server.NO_NAME:
            patch.setattr(socket, "getaddrinfo", _know_only_this_machine(socket.getaddrinfo))
            return f"https://{UNKNOWN}"
        case Server.NO_TLS:
            return place.sandbox_url.replace("http:", "https:")
        case Server.SILENT:
            return stack.enter_context(_silent())


def _know_only_this_machine(usual: Any) -> Any:
    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host == UNKNOWN:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return usual(host, *arguments, **options)

    return look_up


@contextmanager
def _silent() -> Iterator[str]:
    """Listen with no room for anybody who waits, so that further packets are dropped unheard."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
