"""Holds back the search for unreachable objects while many are made that all stay."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def without_collecting(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the work so that garbage is not looked for meanwhile, as a decorator.

    Nothing here makes cycles. With 100,000 customers on each side the search took 6 of 43 seconds
    and found nothing; memory was the same without it.
    """

    @wraps(work)
    def done(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return work(*args, **kwargs)
        finally:
            if was_on:
                gc.enable()

    return done
