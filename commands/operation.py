"""First run, companies and users."""

from __future__ import annotations

import click

from commands.terminal import company_option, current_runtime, errors_in_words
from models import Role
from services import accounts, passwords

zone_option = click.option(
    "--zone", prompt="Time zone (such as America/New_York)", help="An IANA time zone."
)
password_option = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help=f"At least {passwords.MIN_PASSWORD_CHARACTERS} characters; asked for if left out.",
)


@click.command()
@click.option("--name", prompt="Company name")
@click.option("--slug", prompt="Short name for addresses (such as harbor-heating)")
@zone_option
@click.option("--email", prompt="E-mail of the first admin")
@password_option
def setup(name: str, slug: str, zone: str, email: str, password: str) -> None:
    """Prepare a new installation: tables, one company, its first admin.

    \b
    Example:
      flask --app app setup --name "Harbor Heating & Air" --slug harbor \\
        --zone America/New_York --email ada@example.com
    """
    from flask_migrate import upgrade

    upgrade()
    runtime = current_runtime()
    now = runtime.clock()
    with errors_in_words(), runtime.sessions() as session:
        accounts.check_new_user(session, email=email, password=password, personal=(name, slug))
        created = accounts.add_company(session, name=name, slug=slug, zone=zone, now=now)
        accounts.add_user(
            session,
            created.id,
            email=email,
            name="",
            role=Role.ADMIN,
            password=password,
            now=now,
        )
    click.echo(f"Done. {email} is the admin of {name}. Start the server with: make serve")


@click.group()
def company() -> None:
    """Companies of this installation."""


@company.command("add")
@click.option("--name", prompt="Company name")
@click.option("--slug", prompt="Short name for addresses")
@zone_option
def company_add(name: str, slug: str, zone: str) -> None:
    """Add a company.

    \b
    Example:
      flask --app app company add --name "North Pools" --slug north --zone Europe/Berlin
    """
    runtime = current_runtime()
    with errors_in_words(), runtime.sessions() as session:
        accounts.add_company(session, name=name, slug=slug, zone=zone, now=runtime.clock())
    click.echo(f"Added {name}. Its first admin: flask --app app user add --company {slug}")


@click.group()
def user() -> None:
    """Users and their passwords."""


@user.command("add")
@company_option
@click.option("--email", prompt="E-mail")
@click.option("--name", default="", help="How pages call the user; the e-mail if left out.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.MEMBER.value)
@password_option
def user_add(slug: str | None, email: str, name: str, role: str, password: str) -> None:
    """Add a user to a company.

    \b
    Example:
      flask --app app user add --company harbor --email mel@example.com --role member
    """
    runtime = current_runtime()
    with errors_in_words(), runtime.sessions() as session:
        owner = accounts.find_company(session, slug)
        accounts.add_user(
            session,
            owner.id,
            email=email,
            name=name,
            role=Role(role),
            password=password,
            now=runtime.clock(),
        )
    click.echo(f"Added {email} as {role}.")


@user.command("reset-password")
@click.option("--email", prompt="E-mail")
@password_option
def user_reset_password(email: str, password: str) -> None:
    """Set a new password and sign the user out everywhere.

    \b
    Example:
      flask --app app user reset-password --email mel@example.com
    """
    runtime = current_runtime()
    with errors_in_words(), runtime.sessions() as session:
        accounts.reset_password(session, email=email, password=password, now=runtime.clock())
    click.echo(f"{email} has a new password and is signed out everywhere.")
