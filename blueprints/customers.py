"""The customers of the company, by name."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from blueprints.addresses import public_id
from blueprints.guards import get_runtime, get_signed_in
from services.customers import list_customers

blueprint = Blueprint("customers", __name__)


@blueprint.get("/customers")
def index() -> ResponseReturnValue:
    """Show one page of the list; everybody who is signed in may."""
    after = public_id(request.args.get("after"))
    with get_runtime().sessions() as session:
        page = list_customers(session, get_signed_in().company_id, after=after)
    return render_template("customers/index.html", page=page, after=after)
