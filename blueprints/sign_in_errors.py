"""How sign-ins, passwords and one's own account are refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from blueprints.error_answers import ErrorAnswer, NextStep
from services import own_account, password_proof, sign_in_limits, sign_ins

SIGN_IN_ANSWERS: Mapping[type[Exception], ErrorAnswer] = MappingProxyType(
    {
        sign_ins.SignInRefused: ErrorAnswer(
            422, "Not signed in", "That e-mail and password do not fit together."
        ),
        sign_in_limits.TooManyTries: ErrorAnswer(
            429,
            "That was often",
            "Too many wrong passwords were tried, so this one was not looked at.",
        ),
        password_proof.WrongPassword: ErrorAnswer(
            422, "That is not your password", "That is not your password. Nothing was changed."
        ),
        own_account.UnknownSignIn: ErrorAnswer(
            404, "Nobody is signed in there", "That sign-in has ended already.", NextStep.RELOAD
        ),
    }
)
