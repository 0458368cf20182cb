"""The page of one customer, at the paths at which the providers show theirs to people."""

import json
from collections.abc import Mapping

from flask import Blueprint, abort, current_app, render_template, request

from sandbox.world import the_world

blueprint = Blueprint("customer_pages", __name__)


@blueprint.get("/quickbooks/app/customerdetail")
def quickbooks_customer() -> str:
    """Show a customer of QuickBooks."""
    return _page("quickbooks", request.args.get("nameId", ""))


@blueprint.get("/xero/app/contacts/contact/<remote_id>")
def xero_contact(remote_id: str) -> str:
    """Show a contact of Xero."""
    return _page("xero", remote_id)


@blueprint.get("/freshbooks/client/<remote_id>")
def freshbooks_client(remote_id: str) -> str:
    """Show a client of FreshBooks, whose own address has this behind a “#”."""
    return _page("freshbooks", remote_id)


def _page(name: str, remote_id: str) -> str:
    provider = the_world(current_app).providers[name]
    record = provider.find(remote_id) or abort(404)
    return render_template(
        "customer.html", title=provider.title, remote_id=remote_id, facts=_facts(record)
    )


def _facts(record: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return what is told of the customer, nested values as JSON."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in record.items()
        if value not in ("", None, [], {})
    ]
