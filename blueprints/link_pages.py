"""What every page behind a mailed link begins with: looking, which changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from blueprints.guards import get_runtime
from services.database import only_reading

View = TypeVar("View")


def look_at(view: Callable[..., View], token: str) -> View:
    """Return what the link is for, also while its form is answered. Raises the LinkError family.

    `view` is the function of a service that takes session, token, link_key and now.
    """
    runtime = get_runtime()
    with only_reading(), runtime.sessions() as session:
        return view(session, token, link_key=runtime.link_key, now=runtime.clock())
