"""The addresses in pages: a page writes thirty, and nearly all are the same on the next one."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, request

from blueprints.static_files import VERSION_ARGUMENT, digest_of

#: Made of these alone there are few addresses, and none holds what somebody typed.
REMEMBERED_ARGUMENTS = frozenset({"provider", "filename"})
MOST_REMEMBERED = 512


def register(app: Flask) -> None:
    """Let templates ask for addresses that are remembered. Only within a request."""

    @lru_cache(maxsize=MOST_REMEMBERED, typed=True)
    def build(_root: str, endpoint: str, /, **values: Any) -> str:
        return app.url_for(endpoint, **values)

    def url_for(endpoint: str, **values: Any) -> str:
        if not values.keys() <= REMEMBERED_ARGUMENTS:
            return app.url_for(endpoint, **values)
        if endpoint == "static":
            values[VERSION_ARGUMENT] = digest_of(values["filename"])
        # Behind a proxy a page may be asked for under several prefixes.
        return build(request.root_path, endpoint, **values)

    app.jinja_env.globals["url_for"] = url_for
