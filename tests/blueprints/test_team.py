"""Settings > Team & roles: what admins see and do there, and when it takes effect."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from models import OneTimeLink, Role, User
from tests.blueprints.support import Browser, text_of
from tests.blueprints.teaming import KIM, PAGE, invitations_of, make_invitation, roles_of
from tests.conftest import Clock
from tests.factories import make_report_recipient, make_report_settings, make_user


@pytest.fixture
def olu(session: Session, people: SimpleNamespace) -> User:
    """A second admin, so that ada is not the last one."""
    user: User = make_user(session, people.company, email="olu@example.com", name="Olu")
    return user


def test_the_page_shows_everybody_and_what_they_get(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    make_report_settings(session, people.company)
    make_report_recipient(session, people.company, address="ada@example.com")

    answer = ada.get(PAGE)

    text = text_of(answer)
    assert "Ada Brandt you ada@example.com Admin the last admin cannot leave now gets it" in text
    assert "Mel Osei mel@example.com Admin Member Save 1 s ago off Disable" in text
    assert f'<a href="{PAGE}" aria-current="page">Team &amp; roles</a>' in answer.text
    assert 'aria-current="page">Integrations' not in answer.text


def test_a_new_role_counts_from_the_next_click_on(
    ada: Browser, mel: Browser, people: SimpleNamespace
) -> None:
    before = mel.get(PAGE).status_code

    answer = ada.post(f"{PAGE}/{people.mel.public_id}/role", {"role": "admin"})

    assert (before, answer.status_code, answer.location) == (403, 303, PAGE)
    assert "mel@example.com is an admin now." in text_of(ada.get(PAGE))
    assert mel.get(PAGE).status_code == 200


def test_the_audit_says_whose_role_was_changed(ada: Browser, people: SimpleNamespace) -> None:
    ada.post(f"{PAGE}/{people.mel.public_id}/role", {"role": "admin"})

    page, file = ada.get("/settings/audit"), ada.get("/settings/audit.csv")

    assert "Changed the role of a user Mel Osei, member to admin" in text_of(page)
    assert '"Mel Osei, member to admin"' in file.text


def test_whoever_is_disabled_is_out_at_the_next_click(
    ada: Browser, mel: Browser, session: Session, people: SimpleNamespace
) -> None:
    place = f"{PAGE}/{people.mel.public_id}"

    question = text_of(ada.get(f"{place}/disable"))
    ada.post(f"{place}/disable")
    out = mel.get("/customers")
    shown = text_of(ada.get(PAGE))
    ada.post(f"{place}/enable")

    assert "imports that they started run to their end" in question
    assert (out.status_code, out.location) == (303, "/login?next=/customers")
    assert "Mel Osei mel@example.com Member" in shown
    assert "disabled Enable again" in shown
    assert mel.get("/customers").status_code == 303
    assert mel.sign_in("mel@example.com").location != "/login"
    assert roles_of(session)["mel@example.com"] is Role.MEMBER


def test_giving_up_the_own_role_asks_first(
    ada: Browser, session: Session, people: SimpleNamespace, olu: User
) -> None:
    place = f"{PAGE}/{people.ada.public_id}/role"

    asked = ada.post(place, {"role": "member"})
    question = ada.get(asked.location)
    kept = roles_of(session)["ada@example.com"]
    answer = ada.post(place, {"role": "member", "confirmed": "1"})

    assert asked.location == place
    assert "Give up your own admin role?" in text_of(question)
    assert kept is Role.ADMIN
    assert (answer.status_code, answer.location) == (303, "/customers")
    assert "You are a member now." in text_of(ada.get("/customers"))
    assert ada.get(PAGE).status_code == 403


def test_disabling_oneself_signs_out(
    ada: Browser, session: Session, people: SimpleNamespace, olu: User
) -> None:
    place = f"{PAGE}/{people.ada.public_id}/disable"

    question, answer = ada.get(place), ada.post(place)

    assert "Disable your own account?" in text_of(question)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert roles_of(session)["ada@example.com"] is None


@pytest.mark.parametrize("step", ["role", "disable"])
def test_the_last_admin_cannot_leave(
    ada: Browser, session: Session, people: SimpleNamespace, step: str
) -> None:
    place = f"{PAGE}/{people.ada.public_id}/{step}"

    answer, question = ada.post(place, {"role": "member", "confirmed": "1"}), ada.get(place)

    assert answer.status_code == 409
    assert "The last admin cannot leave" in text_of(answer)
    assert (question.status_code, question.location) == (303, PAGE)
    assert roles_of(session)["ada@example.com"] is Role.ADMIN


@pytest.mark.parametrize("role", ["", "owner", "ADMIN"])
def test_a_role_that_is_none_changes_nothing(
    ada: Browser, session: Session, people: SimpleNamespace, role: str
) -> None:
    answer = ada.post(f"{PAGE}/{people.mel.public_id}/role", {"role": role})

    assert answer.status_code == 400
    assert roles_of(session)["mel@example.com"] is Role.MEMBER


def _changes(people: SimpleNamespace, link: OneTimeLink) -> dict[str, dict[str, str]]:
    """Return every form of the page with what it sends."""
    user = people.mel.public_id
    return {
        f"{PAGE}/{user}/role": {"role": "admin"},
        f"{PAGE}/{user}/disable": {},
        f"{PAGE}/{user}/enable": {},
        f"{PAGE}/invitations": {"email": "lee@example.com", "role": "admin"},
        f"{PAGE}/invitations/{link.public_id}/again": {},
        f"{PAGE}/invitations/{link.public_id}/withdraw": {},
    }


def test_every_change_asks_for_the_password_again(
    ada: Browser, session: Session, people: SimpleNamespace, clock: Clock
) -> None:
    link = make_invitation(session, people)
    ada.get(PAGE)
    clock.advance(minutes=16)

    answers = [ada.post(place, form) for place, form in _changes(people, link).items()]

    assert {answer.status_code for answer in answers} == {401}
    assert {"Confirm that it is you" in text_of(answer) for answer in answers} == {True}
    assert roles_of(session)["mel@example.com"] is Role.MEMBER
    assert invitations_of(session) == {KIM: True}


@pytest.mark.parametrize(("who", "status"), [("zoe", 404), ("mel", 403)])
def test_nobody_else_changes_the_team(
    request: pytest.FixtureRequest,
    session: Session,
    people: SimpleNamespace,
    who: str,
    status: int,
) -> None:
    browser: Browser = request.getfixturevalue(who)
    link = make_invitation(session, people)
    places = _changes(people, link)
    invite = f"{PAGE}/invitations"

    answers = [browser.post(place, form) for place, form in places.items() if place != invite]
    answers += [
        browser.get(f"{PAGE}/{people.mel.public_id}/{step}") for step in ("role", "disable")
    ]

    assert {answer.status_code for answer in answers} == {status}
    assert KIM not in browser.get(PAGE).text
    assert roles_of(session)["mel@example.com"] is Role.MEMBER
    assert invitations_of(session) == {KIM: True}
