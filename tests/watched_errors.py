"""Every ProviderError that is made in the suite: its texts are constant words of our own."""

from __future__ import annotations

import re
from typing import Any

from services.providers.contract import ProviderError
from tests.canaries import find_person, find_secret

LONGEST = 200
#: Marks of JSON, of a page and of an address, which no sentence of ours needs.
_OF_A_BODY = re.compile(r"[{}<>\n]|://")


def watch(leaks: list[str]) -> None:
    """Look at every error from now on; what leaks is put into the list."""
    make = ProviderError.__init__

    def make_watched(error: ProviderError, *args: Any, **kwargs: Any) -> None:
        make(error, *args, **kwargs)
        found = find_leak(error)
        if found:
            leaks.append(f"{found!r} in a {type(error).__name__}")

    ProviderError.__init__ = make_watched  # type: ignore[method-assign]


def find_leak(error: ProviderError) -> str | None:
    """Return what the texts of an error show of a secret, a person or an answer's body."""
    text = f"{error} {error!r} {error.reference}"
    if _OF_A_BODY.search(text) or len(str(error)) > LONGEST:
        return text
    return find_secret(text) or find_person(text)
