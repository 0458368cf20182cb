"""Companies and users: what may be created, and who is found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import AuditEvent, Company, Role, User
from services import account_errors, accounts, passwords
from services.account_errors import (
    AlreadyTaken,
    BadEmail,
    BadSlug,
    UnknownCompany,
    UnknownUser,
    UnknownZone,
    WeakPassword,
)
from tests.factories import NOW, make_company, make_user
from tests.quick_hashes import DECIDED_METHOD
from tests.services.support import count, rows

PASSWORD = "twelve or more"


def _add_user(session: Session, company: Company, email: str, **overrides: object) -> User:
    values: dict[str, object] = {"name": "Ada", "role": Role.ADMIN, "password": PASSWORD}
    return accounts.add_user(session, company.id, email=email, now=NOW, **(values | overrides))  # type: ignore[arg-type]


def test_a_company_without_a_name_is_called_by_its_slug(session: Session) -> None:
    company = accounts.add_company(session, name="  ", slug="harbor", zone="Europe/Paris", now=NOW)

    assert (company.name, company.slug, company.zone) == ("harbor", "harbor", "Europe/Paris")


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "EST5", "../etc/passwd", "america/new_york"])
def test_an_unknown_zone_is_refused(session: Session, zone: str) -> None:
    with pytest.raises(UnknownZone, match="Write it like America/New_York"):
        accounts.add_company(session, name="Harbor", slug="harbor", zone=zone, now=NOW)


@pytest.mark.parametrize("slug", ["", "Harbor", "-a", "a-", "a b", "a/b", "é", "a" * 65, "a\n"])
def test_a_slug_that_could_not_stand_in_an_address_is_refused(session: Session, slug: str) -> None:
    with pytest.raises(BadSlug):
        accounts.add_company(session, name="Harbor", slug=slug, zone="UTC", now=NOW)


def test_two_companies_cannot_share_a_slug(session: Session) -> None:
    make_company(session, slug="harbor")

    with pytest.raises(AlreadyTaken, match="'harbor'"):
        accounts.add_company(session, name="Other", slug="harbor", zone="UTC", now=NOW)


def test_a_company_is_found_by_its_slug_and_by_no_other(session: Session) -> None:
    make_company(session, slug="harbor")
    other = make_company(session, slug="other")

    assert accounts.find_company(session, "other").id == other.id
    with pytest.raises(UnknownCompany, match="There is no company 'othe'"):
        accounts.find_company(session, "othe")


def test_without_a_slug_the_first_company_is_meant(session: Session) -> None:
    first = make_company(session)
    make_company(session)

    assert accounts.find_company(session, None).id == first.id


def test_without_any_company_the_next_step_is_named(session: Session) -> None:
    with pytest.raises(UnknownCompany, match="flask --app app setup"):
        accounts.find_company(session, None)


def test_a_user_is_stored_under_the_address_in_lower_case(session: Session) -> None:
    user = _add_user(session, make_company(session), " Ada@Example.COM ")

    assert user.email == "ada@example.com"


def test_a_user_without_a_name_is_called_by_the_address(session: Session) -> None:
    user = _add_user(session, make_company(session), "ada@example.com", name=" ")

    assert user.name == "ada@example.com"


def test_an_address_signs_in_to_one_company_only(session: Session) -> None:
    make_user(session, make_company(session), email="ada@example.com")
    other = make_company(session)

    with pytest.raises(AlreadyTaken, match="ada@"):
        _add_user(session, other, "ADA@example.com")


def test_two_who_add_the_same_user_at_once_get_one(
    sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions() as session:
        company = make_company(session)
        make_user(session, company, email="ada@example.com")
        monkeypatch.setattr(accounts, "find_user", lambda *_args: None)

        with pytest.raises(AlreadyTaken):
            _add_user(session, company, "ada@example.com")

    assert count(sessions, User) == 1
    assert count(sessions, AuditEvent) == 0


@pytest.mark.parametrize(
    "email", ["", "ada", "ada@", "ada@example", "x@placeholder.local", "a b@c"]
)
def test_an_address_that_mail_could_not_reach_is_refused(session: Session, email: str) -> None:
    with pytest.raises(BadEmail):
        _add_user(session, make_company(session), email)


@pytest.mark.parametrize("password", ["", "short", "eleven char", "x" * 201])
def test_a_weak_or_endless_password_is_refused(session: Session, password: str) -> None:
    with pytest.raises(WeakPassword, match="12 to 200 characters"):
        _add_user(session, make_company(session), "ada@example.com", password=password)


def test_the_password_is_stored_as_scrypt_with_the_decided_cost(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PASSWORD_METHOD", DECIDED_METHOD)

    password_hash = passwords.hash_password(PASSWORD)

    assert password_hash.startswith("scrypt:32768:8:3$")
    assert PASSWORD not in password_hash


def test_adding_a_user_is_written_down(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        _add_user(session, make_company(session), "mel@example.com", role=Role.MEMBER)

    assert rows(sessions, select(AuditEvent.action, AuditEvent.subject)) == [
        ("user added", "member")
    ]


def test_resetting_the_password_of_nobody_is_refused(session: Session) -> None:
    with pytest.raises(UnknownUser, match="nobody@"):
        accounts.reset_password(session, email="nobody@example.com", password=PASSWORD, now=NOW)


@pytest.mark.parametrize(
    "refused",
    [
        lambda session: accounts.find_company(session, "nobody"),
        lambda session: accounts.check_new_user(session, email="ada@", password=PASSWORD),
        lambda session: passwords.hash_password("short"),
    ],
)
def test_every_refusal_is_one_line_for_a_person(
    session: Session, refused: Callable[[Session], object]
) -> None:
    with pytest.raises(account_errors.AccountError) as caught:
        refused(session)

    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
