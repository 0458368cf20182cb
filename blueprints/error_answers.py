"""How an error is told: a status that is true, a sentence, and a next step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NextStep(StrEnum):
    """What a person can do about it; the templates have one link for each."""

    RELOAD = "reload"
    START_AGAIN = "start again"
    RECONNECT = "reconnect"
    CONNECTION = "connection"
    HOME = "home"
    SIGN_IN = "sign in"
    NEW_PASSWORD = "ask for a new password"  # noqa: S105  (the name of a step)


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """How an error is told; `{provider}` and `{account}` are named where the address knows them."""

    status: int
    title: str
    sentence: str
    step: NextStep = NextStep.HOME
