"""The daily report from the terminal: look at a day's mail, or send it."""

from __future__ import annotations

import logging
from datetime import date, datetime

import click

from commands.terminal import company_option, current_runtime, errors_in_words
from services.accounts import find_company
from services.report_sending import (
    DayOutcome,
    SendingError,
    preview_day,
    send_day,
    send_partial_day,
    yesterday,
)
from services.report_settings import companies_with_report
from services.runtime import Runtime

logger = logging.getLogger(__name__)

# Beyond these a day cannot be shifted between zones, and nobody signed up on it.
YEARS = range(2000, 2200)

day_option = click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The local day to report; yesterday in the company's zone if left out.",
)


@click.group()
def report() -> None:
    """The daily report of signups."""


@report.command()
@company_option
@day_option
def preview(slug: str | None, day: datetime | None) -> None:
    """Print the mail of a local day, as text. Sends nothing.

    \b
    Example:
      flask --app app report preview --company harbor --date 2026-11-19
    """
    runtime = current_runtime()
    with errors_in_words():
        company_id, chosen = _company_and_day(runtime, slug, day)
        mail = preview_day(runtime, company_id, day=chosen)
    click.echo(f"Subject: {mail.subject}\n")
    click.echo(mail.text, nl=False)


@report.command()
@click.option("--company", "slug", metavar="SLUG", help="The company; all of them if left out.")
@day_option
@click.option("--again", is_flag=True, help="Also send a copy to those who have it already.")
@click.option("--partial", is_flag=True, help="Send a day that is not over, as an extra.")
def send(slug: str | None, day: datetime | None, again: bool, partial: bool) -> None:
    """Mail the report of a local day to everybody who has not got it.

    A day that is not over is refused; with --partial it goes out as an extra, and the daily
    report of that day still follows.

    \b
    Examples:
      flask --app app report send --date 2026-11-19
      flask --app app report send --company harbor --again
    """
    runtime = current_runtime()
    with errors_in_words():
        slugs = [slug] if slug is not None else _slugs(runtime)
        results = [_send(runtime, name, day, again=again, partial=partial) for name in slugs]
    if not results:
        click.echo("No company has its daily report switched on.")
    if not all(results):
        raise click.exceptions.Exit(1)


def _slugs(runtime: Runtime) -> list[str]:
    with runtime.sessions() as session:
        return list(companies_with_report(session))


def _send(runtime: Runtime, slug: str, day: datetime | None, *, again: bool, partial: bool) -> bool:
    """Send one company's report and print what came of it; one trouble never stops the next."""
    company_id, chosen = _company_and_day(runtime, slug, day)
    try:
        if partial and not _is_over(runtime, company_id, chosen):
            outcome = send_partial_day(runtime, company_id, day=chosen)
        else:
            outcome = send_day(runtime, company_id, day=chosen, again=again)
    except SendingError as error:
        click.echo(f"{slug} {chosen}: {error}", err=True)
        return False
    except Exception:  # the edge: one poisoned company must not stop the others
        logger.exception("the report of %s for %s could not be sent", slug, chosen)
        click.echo(f"{slug} {chosen}: Something broke on our side. The log says what.", err=True)
        return False
    _print(slug, outcome)
    return outcome.is_complete


def _print(slug: str, outcome: DayOutcome) -> None:
    for reason in outcome.reasons:
        click.echo(f"{slug} {outcome.day}: {reason}", err=True)
    click.echo(
        f"{slug} {outcome.day}: sent={outcome.sent} already_sent={outcome.already_sent} "
        f"skipped={outcome.skipped} refused={outcome.refused} failed={outcome.failed} "
        f"waiting={outcome.waiting}"
    )


def _is_over(runtime: Runtime, company_id: int, day: date) -> bool:
    with runtime.sessions() as session:
        return day <= yesterday(session, company_id, now=runtime.clock())


def _company_and_day(runtime: Runtime, slug: str | None, day: datetime | None) -> tuple[int, date]:
    if day is not None and day.year not in YEARS:
        raise click.BadParameter(f"the year has to be from {YEARS[0]} to {YEARS[-1]}")
    with runtime.sessions() as session:
        company_id = find_company(session, slug).id
        if day is not None:
            return company_id, day.date()
        return company_id, yesterday(session, company_id, now=runtime.clock())
