"""The three reading calls of QuickBooks this imitation offers: query, companyinfo, cdc."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from sandbox.clock import Clock
from sandbox.faults import Call
from sandbox.population import SPREAD
from sandbox.quickbooks.answers import answer, answer_value, business_fault, gate_fault
from sandbox.quickbooks.books import COMPANIES, Book, Books, Company
from sandbox.quickbooks.generator import LAST_DAY
from sandbox.quickbooks.grants import Grants
from sandbox.quickbooks.query import changed_since, run_statement
from sandbox.quickbooks.statement import StatementRefused, read_statement
from sandbox.quickbooks.times import answer_time, pacific_text, read_time
from sandbox.spoiling import shown_account
from sandbox.traffic import Switchboard

API_ENDPOINTS: tuple[str, ...] = ("query", "companyinfo", "cdc")
STATEMENT_TYPES = ("application/text", "text/plain")
LONGEST_LABEL = 200
LOOK_BACK = timedelta(days=30)
REALMS = tuple(company.account_id for company in COMPANIES)


class Api:
    """Registers the calls on the blueprint."""

    def __init__(
        self, books: Books, grants: Grants, switchboard: Switchboard, clock: Clock
    ) -> None:
        self._books = books
        self._grants = grants
        self._switchboard = switchboard
        self._clock = clock

    def register(self, blueprint: Blueprint) -> None:
        """Add the paths, as the real ones are below the host name."""
        company = "/v3/company/<realm>"
        blueprint.add_url_rule(f"{company}/query", view_func=self.query, methods=["GET", "POST"])
        blueprint.add_url_rule(f"{company}/companyinfo/<entity_id>", view_func=self.companyinfo)
        blueprint.add_url_rule(f"{company}/cdc", view_func=self.cdc)
        blueprint.after_request(_add_trace_id)

    def query(self, realm: str) -> Response:
        """Answer a statement, given as a parameter or as the body."""
        is_post = request.method == "POST"
        text = request.get_data(as_text=True) if is_post else request.args.get("query", "")
        call = _call("query", _label(text), realm, page=_page_number(text))
        return self._serve(call, realm, lambda book, now: self._query(book, text, now))

    def companyinfo(self, realm: str, entity_id: str) -> Response:
        """Describe the company; its own id is 1, the realm works too."""
        call = _call("companyinfo", f"companyinfo {entity_id}", realm)
        return self._serve(
            call, realm, lambda book, now: _companyinfo(book.account, entity_id, now)
        )

    def cdc(self, realm: str) -> Response:
        """Return what changed since a moment at most thirty days ago."""
        since = request.args.get("changedSince", "")
        call = _call("cdc", f"cdc Customer since {since[:32]}", realm)
        return self._serve(call, realm, lambda book, now: _cdc(book, since, now))

    def _serve(
        self, call: Call, realm: str, respond: Callable[[Book, datetime], Response]
    ) -> Response:
        return self._switchboard.serve(call, lambda: self._behind_gate(realm, respond))

    def _behind_gate(self, realm: str, respond: Callable[[Book, datetime], Response]) -> Response:
        now = self._clock()
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        granted = self._grants.realm_of(token.strip()) if scheme.lower() == "bearer" else None
        if granted is None:
            return gate_fault(401, "Token expired or not valid", now)
        if granted != realm:
            return gate_fault(403, None, now)
        return respond(self._books.open(shown_account(realm, REALMS)), now)

    def _query(self, book: Book, text: str, now: datetime) -> Response:
        if request.method == "POST" and request.mimetype not in STATEMENT_TYPES:
            detail = f"Unsupported Content-Type {request.mimetype or 'none'}"
            return business_fault("2030", "Invalid content type", detail, now, status=415)
        try:
            statement = read_statement(text)
        except StatementRefused as refused:
            return business_fault(refused.code, refused.message, refused.detail, now)
        return answer(run_statement(book, statement, now))


def _call(endpoint: str, label: str, realm: str, *, page: int | None = None) -> Call:
    return Call("quickbooks", endpoint, label, is_api=True, page=page, account=realm)


def _companyinfo(company: Company, entity_id: str, now: datetime) -> Response:
    if entity_id not in ("1", company.account_id):
        detail = "Object Not Found : Something you're trying to use has been made inactive."
        return business_fault("610", "Object Not Found", detail, now)
    founded = pacific_text(LAST_DAY - SPREAD)
    described = {
        "CompanyName": company.name,
        "LegalName": company.name,
        "CompanyAddr": {"Id": "1", "City": "Erie", "CountrySubDivisionCode": "PA"},
        "Country": "US",
        "Email": {"Address": f"books@company{COMPANIES.index(_listed(company)) + 1}.example.com"},
        "FiscalYearStartMonth": "January",
        "SupportedLanguages": "en",
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "4",
        "MetaData": {"CreateTime": founded, "LastUpdatedTime": founded},
    }
    return answer_value({"CompanyInfo": described, "time": answer_time(now)})


def _listed(company: Company) -> Company:
    return next(listed for listed in COMPANIES if listed.account_id == company.account_id)


def _cdc(book: Book, since: str, now: datetime) -> Response:
    entities = [entity.strip() for entity in request.args.get("entities", "").split(",")]
    if entities != ["Customer"]:
        return _invalid_cdc("entities: only Customer is kept here", now)
    try:
        moment = read_time(since)
    except ValueError:
        return _invalid_cdc(f"changedSince: '{since}' is not a date and time", now)
    if moment < now - LOOK_BACK:
        return _invalid_cdc("changedSince: must be within the last 30 days", now)
    return answer(changed_since(book, moment, now))


def _invalid_cdc(detail: str, now: datetime) -> Response:
    return business_fault("4001", "Invalid query", f"QueryValidationError: {detail}", now)


def _label(statement: str) -> str:
    words = re.sub(r"\s+", " ", statement).strip()
    return f"query {re.sub(r'^select ', '', words, flags=re.IGNORECASE)}"[:LONGEST_LABEL]


def _page_number(text: str) -> int | None:
    """Return which page of a listing is asked for; None for counts and for nonsense."""
    try:
        statement = read_statement(text)
    except StatementRefused:
        return None
    return None if statement.is_count else (statement.start - 1) // statement.limit + 1


def _add_trace_id(response: Response) -> Response:
    """Add the number support asks for; Intuit puts it on every answer."""
    response.headers["intuit_tid"] = f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
    return response
