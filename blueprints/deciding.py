"""Decisions about unsynced customers: ignore, link, create, not the same, and back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from blueprints.alert_answers import answer_decision
from blueprints.choices import Choice, read_choice
from blueprints.decision_words import Verb, decision_notice
from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.provider_page import Notice
from models import ChosenOutcome
from services import decisions, review_choices, told_apart
from services.connections import require_connection
from services.decisions import Decision
from services.providers.contract import ProviderKey

blueprint = Blueprint("deciding", __name__, url_prefix="/settings/integrations/<provider:provider>")

Decide: TypeAlias = Callable[..., Decision]
#: Told where the decision was made; everything else is a page of its own.
TOLD_IN_PLACE = (
    decisions.NothingSelected,
    decisions.AlreadyDecided,
    decisions.ListChanged,
    decisions.RowsChanged,
    decisions.ReasonTooLong,
    review_choices.NotACandidate,
    review_choices.CustomerGone,
)


@blueprint.post("/ignore")
@admin_required
def ignore(provider: ProviderKey) -> ResponseReturnValue:
    """Ignore the named customers, those who match, or everybody whom the person saw."""
    choice = read_choice()
    return _decide(
        provider, choice, Verb.IGNORE, decisions.ignore, meant=choice.meant, reason=choice.reason
    )


@blueprint.post("/restore")
@admin_required
def restore(provider: ProviderKey) -> ResponseReturnValue:
    """Take ignoring back, for the named customers or for one whole decision."""
    choice = read_choice()
    return _decide(provider, choice, Verb.RESTORE, decisions.restore, **_whose(choice))


@blueprint.post("/choose")
@admin_required
def choose(provider: ProviderKey) -> ResponseReturnValue:
    """Decide that an import links or creates them, whatever the comparison says."""
    choice = read_choice()
    if choice.outcome is None:
        abort(400)
    verb = Verb.LINK if choice.outcome is ChosenOutcome.LINK else Verb.CREATE
    return _decide(
        provider,
        choice,
        verb,
        review_choices.choose,
        meant=choice.meant,
        outcome=choice.outcome,
        customer=choice.customer,
    )


@blueprint.post("/take-back")
@admin_required
def take_back(provider: ProviderKey) -> ResponseReturnValue:
    """Take a decision to link or create back, for the named or for one whole decision."""
    choice = read_choice()
    return _decide(provider, choice, Verb.TAKE_BACK, review_choices.take_back, **_whose(choice))


@blueprint.post("/apart")
@admin_required
def apart(provider: ProviderKey) -> ResponseReturnValue:
    """Say that two are not the same; it is never asked again."""
    choice = read_choice()
    pair = _pair(choice) | {"seen": choice.seen}
    return _decide(provider, choice, Verb.APART, told_apart.tell_apart, **pair)


@blueprint.post("/together")
@admin_required
def together(provider: ProviderKey) -> ResponseReturnValue:
    """Take back that two are not the same."""
    choice = read_choice()
    return _decide(provider, choice, Verb.TOGETHER, told_apart.together, **_pair(choice))


def _whose(choice: Choice) -> dict[str, object]:
    """Return whom a decision is taken back for: a whole decision, if one is named."""
    return {"batch": choice.batch} if choice.batch else {"meant": choice.meant}


def _pair(choice: Choice) -> dict[str, object]:
    return {"remote": choice.remote, "customer": choice.customer, "other": choice.other}


def _decide(
    provider: ProviderKey, choice: Choice, verb: Verb, decide: Decide, **named: object
) -> ResponseReturnValue:
    """Decide, and tell in the place where it was asked what became of it."""
    runtime, who = get_runtime(), get_signed_in()
    try:
        with runtime.sessions() as session:
            account_id = require_connection(session, who.company_id, provider).account_id
            done = decide(session, who, account_id, now=runtime.clock(), **named)
        notice, status = decision_notice(verb, done, choice), 200
    except TOLD_IN_PLACE as error:
        answer = find_answer(error)
        notice, status = Notice("warn", f"{answer.title}. {answer.sentence}"), answer.status
    return answer_decision(provider, choice, notice, status=status)
