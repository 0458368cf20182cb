"""First run, companies and users, from the terminal."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from models import Company, Role, User
from services import passwords, sign_ins
from services.runtime import Runtime
from services.sign_ins import SignInRefused
from tests.commands.conftest import Run, invoke
from tests.factories import NOW, make_company, make_user
from tests.services.support import count, rows

PASSWORD = "a long password"
SETUP = (
    "setup",
    "--name=Harbor Heating",
    "--slug=harbor",
    "--zone=America/New_York",
    "--email=ada@example.com",
    f"--password={PASSWORD}",
)


def _replaced(arguments: tuple[str, ...], option: str) -> list[str]:
    name = option.split("=")[0]
    return [option if each.startswith(name + "=") else each for each in arguments]


def test_setup_prepares_an_empty_machine_up_to_the_first_sign_in(new_app: Flask) -> None:
    result = invoke(new_app, *SETUP)

    assert result.exit_code == 0, result.output
    assert "ada@example.com is the admin of Harbor Heating" in result.output
    runtime: Runtime = new_app.extensions["runtime"]
    assert rows(runtime.sessions, select(Company.slug, Company.zone)) == [
        ("harbor", "America/New_York")
    ]
    assert rows(runtime.sessions, select(User.email, User.role)) == [
        ("ada@example.com", Role.ADMIN)
    ]
    with runtime.sessions() as session:
        assert sign_ins.sign_in(session, email="ada@example.com", password=PASSWORD, now=NOW)


def test_setup_asks_for_what_was_left_out(new_app: Flask) -> None:
    answers = f"Harbor\nharbor\nUTC\nada@example.com\n{PASSWORD}\n{PASSWORD}\n"

    result = invoke(new_app, "setup", answers=answers)

    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--zone=Mars/Olympus", "'Mars/Olympus' is not a time zone"),
        ("--slug=Harbor Heating", "A slug has"),
        ("--email=ada@", "'ada@' is not an e-mail address"),
        ("--password=short", "12 to 200 characters"),
    ],
)
def test_setup_refuses_in_one_line_and_leaves_nothing(
    new_app: Flask, option: str, says: str
) -> None:
    result = invoke(new_app, *_replaced(SETUP, option))

    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith("Error: ") and says in line
    assert count(new_app.extensions["runtime"].sessions, Company) == 0


def test_setup_twice_is_told(run: Run, runtime: Runtime) -> None:
    with runtime.sessions() as session:
        make_user(session, make_company(session, slug="harbor"), email="ada@example.com")

    result = run(*(each for each in SETUP))

    assert (result.exit_code, count(runtime.sessions, User)) == (1, 1)


def test_a_company_is_added_and_the_next_step_named(run: Run, runtime: Runtime) -> None:
    result = run("company", "add", "--name=North Pools", "--slug=north", "--zone=Europe/Berlin")

    assert result.exit_code == 0
    assert "flask --app app user add --company north" in result.output
    assert count(runtime.sessions, Company) == 1


@pytest.mark.parametrize("role", ["admin", "member"])
def test_a_user_is_added_to_the_named_company(run: Run, runtime: Runtime, role: str) -> None:
    with runtime.sessions() as session:
        make_company(session, slug="harbor")
        north = make_company(session, slug="north").id

    result = run(
        "user", "add", "--company=north", "--email=mel@example.com", f"--role={role}",
        f"--password={PASSWORD}",
    )  # fmt: skip

    assert result.output == f"Added mel@example.com as {role}.\n"
    assert rows(runtime.sessions, select(User.company_id, User.role)) == [(north, Role(role))]


def test_a_user_without_a_role_is_a_member(run: Run, runtime: Runtime) -> None:
    with runtime.sessions() as session:
        make_company(session)

    run("user", "add", "--email=mel@example.com", f"--password={PASSWORD}")

    assert rows(runtime.sessions, select(User.role)) == [(Role.MEMBER,)]


def test_a_new_password_signs_out_everywhere(run: Run, runtime: Runtime) -> None:
    with runtime.sessions() as session:
        user = make_user(session, make_company(session), email="ada@example.com")
        user.password_hash = passwords.hash_password(PASSWORD)
        session.commit()
        token = sign_ins.sign_in(session, email="ada@example.com", password=PASSWORD, now=NOW)

    result = run("user", "reset-password", "--email=ADA@example.com", "--password=another password")

    assert result.exit_code == 0
    with runtime.sessions() as session:
        assert sign_ins.find_sign_in(session, token, now=NOW) is None
        with pytest.raises(SignInRefused):
            sign_ins.sign_in(session, email="ada@example.com", password=PASSWORD, now=NOW)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["user", "add", "--company=nobody", "--email=a@example.com"], "no company 'nobody'"),
        (["user", "add", "--email=ada@example.com"], "already signs in as ada@example.com"),
        (["user", "reset-password", "--email=x@example.com"], "Nobody signs in as x@"),
        (["check", "quickbooks", "--company=nobody"], "no company 'nobody'"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_one(
    run: Run, runtime: Runtime, arguments: list[str], says: str
) -> None:
    with runtime.sessions() as session:
        make_user(session, make_company(session), email="ada@example.com")
    if arguments[0] == "user":
        arguments = [*arguments, f"--password={PASSWORD}"]

    result = run(*arguments)

    assert result.exit_code == 1
    [line] = result.output.splitlines()
    assert line.startswith("Error: ") and says in line


def test_before_the_tables_are_there_the_next_step_is_named(new_app: Flask) -> None:
    result = invoke(new_app, "check", "quickbooks")

    assert result.exit_code == 1
    assert result.output == ("Error: The database has no tables yet. Run: flask --app app setup\n")


@pytest.mark.parametrize(
    "command", [["setup"], ["company", "add"], ["user", "add"], ["user", "reset-password"],
                ["check"]],
)  # fmt: skip
def test_every_command_shows_an_example(run: Run, command: list[str]) -> None:
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert f"flask --app app {' '.join(command)}" in result.output
