"""Settings > Team & roles: who works here, what each may do, and who is invited."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.error_pages import find_answer
from blueprints.guards import admin_required, get_runtime, get_signed_in
from blueprints.proof import password_again
from blueprints.provider_page import Notice, keep_notice, kept_notice
from blueprints.words import until
from models import Role
from services.account_errors import AlreadyTaken, BadEmail, ColleagueDisabled, UnknownUser
from services.database import only_reading
from services.email_addresses import MAX_ADDRESS_CHARACTERS
from services.invitations import invite, send_invitation_again, withdraw_invitation
from services.link_errors import MailedAlready, TooManyLinks, UnknownInvitation
from services.local_days import find_zone
from services.team import (
    Person,
    change_role,
    disable_user,
    enable_user,
    find_member,
    view_team,
)

blueprint = Blueprint("team", __name__, url_prefix="/settings/team")

NOT_MAILED = (AlreadyTaken, BadEmail, MailedAlready, TooManyLinks)


@blueprint.get("")
@admin_required
def show() -> ResponseReturnValue:
    """Show everybody of the company and who is invited."""
    return _page(notice=kept_notice())


@blueprint.get("/<user>/role")
@admin_required
def ask_role(user: str) -> ResponseReturnValue:
    """Ask an admin who is about to give the role up; anybody else's is chosen on the page."""
    person = _find(user)
    if not _is_own(person) or person.role is not Role.ADMIN or person.is_last_admin:
        return redirect(url_for("team.show"), 303)
    return render_template("team/step_down.html", person=person)


@blueprint.post("/<user>/role")
@admin_required
@password_again("change a colleague's role", "role")
def set_role(user: str) -> ResponseReturnValue:
    """Give somebody another role; giving up one's own is asked about first."""
    runtime, who, role = get_runtime(), get_signed_in(), _role()
    person = _find(user)
    steps_down = _is_own(person) and role is not Role.ADMIN
    if steps_down and not person.is_last_admin and "confirmed" not in request.form:
        return redirect(url_for("team.ask_role", user=person.public_id), 303)
    with runtime.sessions() as session:
        change_role(session, who, person.public_id, role=role, now=runtime.clock())
    if steps_down:
        keep_notice(Notice("ok", "You are a member now."))
        return redirect(url_for("customers.index"), 303)
    keep_notice(Notice("ok", f"{person.email} is {_named(role)} now."))
    return redirect(url_for("team.show"), 303)


@blueprint.get("/<user>/disable")
@admin_required
def ask_disable(user: str) -> ResponseReturnValue:
    """Say what ends and what goes on; changes nothing."""
    person = _find(user)
    if person.is_disabled or person.is_last_admin:
        return redirect(url_for("team.show"), 303)
    return render_template("team/disable.html", person=person, is_own=_is_own(person))


@blueprint.post("/<user>/disable")
@admin_required
@password_again("disable a colleague")
def disable(user: str) -> ResponseReturnValue:
    """End every sign-in of somebody, and let them sign in no more."""
    runtime, person = get_runtime(), _find(user)
    with runtime.sessions() as session:
        disable_user(session, get_signed_in(), person.public_id, now=runtime.clock())
    if _is_own(person):
        return redirect(url_for("auth.sign_in"), 303)
    keep_notice(Notice("ok", f"{person.email} is disabled and signed out everywhere."))
    return redirect(url_for("team.show"), 303)


@blueprint.post("/<user>/enable")
@admin_required
@password_again("let a colleague sign in again")
def enable(user: str) -> ResponseReturnValue:
    """Let somebody sign in again."""
    runtime, person = get_runtime(), _find(user)
    with runtime.sessions() as session:
        enable_user(session, get_signed_in(), person.public_id, now=runtime.clock())
    told = f"{person.email} can sign in again, as {_named(person.role)}."
    keep_notice(Notice("ok", told))
    return redirect(url_for("team.show"), 303)


@blueprint.post("/invitations")
@admin_required
@password_again("invite somebody", "email", "role")
def invite_somebody() -> ResponseReturnValue:
    """Have an invitation mailed, or say beside the address why not."""
    runtime, role = get_runtime(), _role()
    typed = request.form.get("email", "").strip()[: MAX_ADDRESS_CHARACTERS + 1]
    try:
        with runtime.sessions() as session:
            invite(
                session,
                get_signed_in(),
                email=typed,
                role=role,
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except NOT_MAILED as error:
        return _refused(error, typed=typed, role=role)
    then = "is on its way" if runtime.mailer else "waits until mail is set up"
    keep_notice(Notice("ok", f"The invitation to {typed} {then}."))
    return redirect(url_for("team.show"), 303)


@blueprint.post("/invitations/<invitation>/again")
@admin_required
@password_again("send an invitation again")
def send_again(invitation: str) -> ResponseReturnValue:
    """Mail a new link in place of the one of before, once that is possible."""
    runtime = get_runtime()
    try:
        with runtime.sessions() as session:
            send_invitation_again(
                session,
                get_signed_in(),
                _invitation_id(invitation),
                wake=runtime.wake,
                now=runtime.clock(),
            )
    except NOT_MAILED as error:
        keep_notice(Notice("warn", _why_not_mailed(error)))
    else:
        keep_notice(Notice("ok", "The invitation is mailed again, with a new link."))
    return redirect(url_for("team.show"), 303)


@blueprint.post("/invitations/<invitation>/withdraw")
@admin_required
@password_again("withdraw an invitation")
def withdraw(invitation: str) -> ResponseReturnValue:
    """Let the mailed link do nothing any more."""
    runtime = get_runtime()
    with runtime.sessions() as session:
        withdraw_invitation(
            session, get_signed_in(), _invitation_id(invitation), now=runtime.clock()
        )
    keep_notice(Notice("ok", "The invitation is withdrawn; its link does nothing any more."))
    return redirect(url_for("team.show"), 303)


def _find(user: str) -> Person:
    runtime, wanted = get_runtime(), public_id(user)
    if wanted is None:
        raise UnknownUser
    with only_reading(), runtime.sessions() as session:
        return find_member(session, get_signed_in().company_id, wanted)


def _invitation_id(text: str) -> str:
    wanted = public_id(text)
    if wanted is None:
        raise UnknownInvitation
    return wanted


def _role() -> Role:
    text = request.form.get("role", "")
    return Role(text) if text in set(Role) else abort(400)


def _is_own(person: Person) -> bool:
    return person.email == get_signed_in().email


def _named(role: Role) -> str:
    return "an admin" if role is Role.ADMIN else "a member"


def _why_not_mailed(error: Exception) -> str:
    """Say why an invitation is not mailed, beside the address or above the list."""
    if isinstance(error, TooManyLinks):
        return find_answer(error).sentence
    if not isinstance(error, MailedAlready):
        return str(error)
    zone, now = find_zone(get_signed_in().zone), get_runtime().clock()
    again = until(error.again_at, now=now, zone=zone)
    return (
        "An address gets one link an hour, and three a day from one company."
        f" The next one can go there {again}."
    )


def _refused(error: Exception, *, typed: str, role: Role) -> ResponseReturnValue:
    disabled = error.public_id if isinstance(error, ColleagueDisabled) else ""
    with only_reading():
        page = _page(typed=typed, role=role, refusal=_why_not_mailed(error), disabled=disabled)
    return page, find_answer(error).status


def _page(
    *,
    notice: Notice | None = None,
    typed: str = "",
    role: Role = Role.MEMBER,
    refusal: str | None = None,
    disabled: str = "",
) -> str:
    runtime, who = get_runtime(), get_signed_in()
    with runtime.sessions() as session:
        view = view_team(session, who.company_id, now=runtime.clock())
    return render_template(
        "team/index.html",
        view=view,
        notice=notice,
        typed=typed,
        role=role,
        refusal=refusal,
        disabled=disabled,
        is_mail_set_up=runtime.mailer is not None,
    )
