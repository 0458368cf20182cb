"""Lets later applications find what Werkzeug compiled for the routes of earlier ones.

Each of our tests of pages makes an application of its own, and compiling its some hundred routes
is most of what that costs. What is compiled depends on nothing but what it is kept by here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def share_compiled_routes() -> None:
    """Keep the compiled routes of this process from now on."""
    compile_builder = Rule._compile_builder
    kept: dict[tuple[Any, ...], Builder] = {}

    def find_or_compile(rule: Rule, append_unknown: bool = True) -> Builder:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        what = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if what not in kept:
            kept[what] = compile_builder(rule, append_unknown)
        return kept[what]

    Rule._compile_builder = find_or_compile  # type: ignore[method-assign]
