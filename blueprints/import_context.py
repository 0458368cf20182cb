"""What the pages of one import or undo show, while it is active and when it has ended."""

from __future__ import annotations

from typing import Any

from flask import request

from blueprints.addresses import public_id
from blueprints.guards import get_runtime, get_signed_in
from blueprints.htmx import next_wait_ms
from models import ImportState
from services.import_receipts import view_receipt
from services.import_views import ImportView, UnknownImport, find_ahead, view_import
from services.providers.contract import ProviderKey
from services.providers.registry import provider_profile

MOST_ID_CHARACTERS = 64
# An outcome and an id.
MOST_KEY_CHARACTERS = 80


def load_run(provider: ProviderKey, import_id: str) -> dict[str, Any]:
    """Read what the templates of one run show; its receipt only when it has ended.

    Raises UnknownImport.
    """
    company_id = get_signed_in().company_id
    told_after, done_after = _item_key("told"), _item_key("done")
    run = find_run(provider, import_id)
    context = {"profile": provider_profile(provider), "run": run, "wait_ms": next_wait_ms()}
    with get_runtime().sessions() as session:
        if run.is_active:
            is_waiting = run.state is ImportState.QUEUED
            ahead = find_ahead(session, company_id, import_id) if is_waiting else None
            return context | {"ahead": ahead}
        receipt = view_receipt(
            session, company_id, run, told_after=told_after, done_after=done_after
        )
    return context | {"receipt": receipt, "told_after": told_after, "done_after": done_after}


def find_run(provider: ProviderKey, import_id: str) -> ImportView:
    """Return the run. Raises UnknownImport, for that of another company or provider as well."""
    if public_id(import_id) is None:
        raise UnknownImport
    with get_runtime().sessions() as session:
        run = view_import(session, get_signed_in().company_id, import_id)
    if run.provider is not provider:
        raise UnknownImport
    return run


def _item_key(name: str) -> str | None:
    """Return the key that a list goes on after; what cannot be one begins the list."""
    text = request.args.get(name, "")
    return text if text.isprintable() and 0 < len(text) <= MOST_KEY_CHARACTERS else None
