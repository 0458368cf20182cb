"""What switches do to one call: another answer, a spoiled one, or one that does not arrive."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from flask import Response, g, has_request_context, request

from sandbox import spoiled_values
from sandbox.delivery import Cut, delivery_of
from sandbox.faults import Call, Fault
from sandbox.provider import Provider
from sandbox.spoiled_bytes import bomb, garbage, half_of, spoil_utf8

HTML_PAGE = "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
BODIES = {"no_body": b"", "null": b"null", "array": b"[]", "object": b"{}", "no_content": b""}


def answer_instead(call: Call, due: Sequence[Fault], provider: Provider) -> Response | None:
    """Return what a switch sends in place of the answer; None if none does."""
    for fault in due:
        match fault.fault:
            case "status":
                return _refusal(call, fault, provider)
            case "scope_drop":
                return provider.scope_refusal()
            case "html200":
                return Response(HTML_PAGE, mimetype="text/html")
            case "gzipbomb":
                packed = {"Content-Encoding": "gzip"}
                return Response(bomb(), mimetype="application/json", headers=packed)
            case "redirect":
                where = {"Location": fault.settings["location"]}
                return Response(status=fault.settings["status"], headers=where)
            case "empty" if fault.settings["variant"] != "valid":
                variant = fault.settings["variant"]
                status = 204 if variant == "no_content" else 200
                return Response(BODIES[variant], status=status, mimetype="application/json")
    return None


def spoil_answer(
    response: Response, call: Call, due: Sequence[Fault], provider: Provider
) -> Response:
    """Change values and bytes of an answer; return the one to send."""
    values = [fault for fault in due if fault.fault in spoiled_values.KINDS]
    answer = response.get_json(silent=True) if values and response.is_json else None
    if answer is not None:
        is_list = call.is_api and response.status_code < 400
        spoiled_values.spoil_values(answer, values, provider, is_list=is_list)
        response.set_data(json.dumps(answer, ensure_ascii=False, separators=(",", ":")))
    for fault in due:
        if fault.fault == "bad_utf8":
            response.set_data(spoil_utf8(response.get_data()))
        elif fault.fault == "garbage":
            response.set_data(garbage(response.get_data(), fault.settings["variant"]))
        elif fault.fault == "truncate":
            whole, is_packed = half_of(response.get_data(), fault.settings["variant"])
            response.set_data(whole)
            if is_packed:
                response.headers["Content-Encoding"] = "gzip"
        elif fault.fault == "rotate_refresh" and fault.settings["lose_answer"] == "503":
            return provider.refusal(call.endpoint, 503)
    return response


def spoil_travel(due: Sequence[Fault]) -> None:
    """Tell the server how the answer of this request gets on its way."""
    delivery = delivery_of(request.environ)
    for fault in due:
        if fault.fault == "drip":
            delivery.pause_s = fault.settings["seconds"]
            delivery.chunk_bytes = fault.settings["chunk"]
        elif fault.fault == "reset":
            delivery.cut = Cut(fault.settings["variant"])
            delivery.after_bytes = fault.settings["after_bytes"]
        elif fault.fault == "rotate_refresh" and fault.settings["lose_answer"] == "cut":
            delivery.cut = Cut.UNANSWERED


def spoil_date(response: Response, due: Sequence[Fault], now: datetime) -> None:
    """Let the server's clock be wrong."""
    for fault in due:
        if fault.fault == "clock_skew":
            response.date = now + timedelta(seconds=fault.settings["seconds"])


def shift_list(response: Response, call: Call, due: Sequence[Fault], provider: Provider) -> None:
    """Delete a customer of this page, or add one, so that the next page begins elsewhere."""
    wished = [fault.settings["change"] for fault in due if fault.fault == "mutate_list"]
    answer = response.get_json(silent=True) if wished and response.is_json else None
    if response.status_code != 200 or not isinstance(answer, dict):
        return
    rows = provider.listed_rows(answer)
    for change in wished if rows else ():
        if change == "create":
            provider.change(call.account or None, {"create": 1})
        else:
            any(provider.delete_listed(call.account, row) for row in rows or ())


@contextmanager
def swapped(due: Sequence[Fault]) -> Iterator[None]:
    """Let `shown_account` name another account meanwhile, if a switch says so."""
    g.shows_another_account = any(fault.fault == "tenant_swap" for fault in due)
    try:
        yield
    finally:
        g.shows_another_account = False


def shown_account(account: str, accounts: Sequence[str]) -> str:
    """Return whose data an answer shows: the account asked about, or by a switch the next one."""
    if not has_request_context() or not g.get("shows_another_account") or account not in accounts:
        return account
    return accounts[(accounts.index(account) + 1) % len(accounts)]


def _refusal(call: Call, fault: Fault, provider: Provider) -> Response:
    status, body = fault.settings["status"], fault.settings["body"]
    response = provider.refusal(call.endpoint, status)
    if body is not None:
        is_json = body.lstrip().startswith(("{", "["))
        mimetype = "application/json" if is_json else "text/plain"
        response = Response(body, status, mimetype=mimetype)
    for name, content in fault.settings["headers"].items():
        response.headers[name] = content
    return response
