"""What a decision did, as a notice with the way back."""

from __future__ import annotations

from enum import StrEnum

from blueprints.choices import Choice
from blueprints.provider_page import Notice
from services.decisions import Decision


class Verb(StrEnum):
    """What was decided."""

    IGNORE = "ignore"
    RESTORE = "restore"
    LINK = "link"
    CREATE = "create"
    TAKE_BACK = "take_back"
    APART = "apart"
    TOGETHER = "together"


_DONE = {
    Verb.IGNORE: "You ignored {many}.",
    Verb.RESTORE: "You restored {many}.",
    Verb.LINK: "You chose to link {many}; the import does it.",
    Verb.CREATE: "You chose to create {many}; the import does it.",
    Verb.TAKE_BACK: "You took the decision about {many} back.",
    Verb.APART: "Noted that they are not the same; it is not asked again.",
    Verb.TOGETHER: "They are compared again.",
}
_PASSED = {
    Verb.IGNORE: "{many} not missing any more and {was} left.",
    Verb.RESTORE: "{many} not ignored and {was} left.",
    Verb.LINK: "{many} like nobody here and {was} left.",
    Verb.CREATE: "{many} new anyway or not missing any more and {was} left.",
    Verb.TAKE_BACK: "{many} not decided about and {was} left.",
}


def decision_notice(verb: Verb, done: Decision, choice: Choice) -> Notice:
    """Tell what a decision did and whom it left alone, with the way back where there is one."""
    sentences = [_DONE[verb].format(many=_customers(done.count))]
    if done.changed:
        them = "it" if done.changed == 1 else "them"
        was = "was" if done.changed == 1 else "were"
        sentences.append(
            f"{done.changed:,} changed meanwhile and {was} left: look at {them} again."
        )
    if done.replaced:
        sentences.append(f"This replaces an earlier decision about {_customers(done.replaced)}.")
    if done.passed and verb in _PASSED:
        sentences.append(_passed(verb, done.passed))
    tone = "warn" if done.changed or done.replaced else "ok"
    undo, label, fields = _way_back(verb, done, choice)
    return Notice(tone, " ".join(sentences), undo, label, fields)


def _way_back(
    verb: Verb, done: Decision, choice: Choice
) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return the route that takes it back, what its button says, and its fields."""
    these = "" if done.count == 1 else f" these {done.count:,}"
    if verb is Verb.APART:
        fields = {"id": choice.remote, "customer": choice.customer, "other": choice.other}
        return "deciding.together", "Take back", tuple((k, v) for k, v in fields.items() if v)
    if not done.batch:
        return "", "", ()
    batch = (("batch", done.batch),)
    if verb is Verb.IGNORE:
        return "deciding.restore", f"Restore{these}", batch
    return "deciding.take_back", f"Take{these} back", batch


def _passed(verb: Verb, count: int) -> str:
    is_one = count == 1
    many = f"{count:,} {'is' if is_one else 'are'}"
    return _PASSED[verb].format(many=many, was="was" if is_one else "were")


def _customers(count: int) -> str:
    return "1 customer" if count == 1 else f"{count:,} customers"
