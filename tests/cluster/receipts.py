"""What must be so of an admin's imports in the end, as queries of somebody outside."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text

from tests.cluster.importing import Pressing

OUTCOMES = text(
    "SELECT remote.public_id, item.outcome FROM import_item AS item"
    " JOIN import_run AS run ON run.id = item.run_id"
    " JOIN remote_customer AS remote"
    " ON remote.account_id = run.account_id AND remote.remote_id = item.remote_id"
    " WHERE run.account_id = :account_id"
)
CUSTOMERS = text("SELECT count(*) FROM customer WHERE company_id = :company_id")
LINKED = text(
    "SELECT remote.public_id FROM customer_link AS link JOIN remote_customer AS remote"
    " ON remote.account_id = link.account_id AND remote.remote_id = link.remote_id"
    " WHERE link.account_id = :account_id"
)


@dataclass(frozen=True)
class Verdict:
    """How many an admin's imports created, and what is wrong."""

    created: int
    lost: int
    doubled: int
    faults: tuple[str, ...]


def check_imports(engine: Engine, pressing: Pressing) -> Verdict:
    """Compare what was chosen with what is here."""
    importer = pressing.importer
    account = {"account_id": importer.account_id}
    with engine.connect() as connection:
        outcomes = [(row[0], row[1]) for row in connection.execute(OUTCOMES, account)]
        linked = list(connection.scalars(LINKED, account))
        customers = connection.scalar(CUSTOMERS, {"company_id": importer.company_id})
    created = {remote for remote, outcome in outcomes if outcome == "created"}
    settled = {remote for remote, outcome in outcomes if outcome != "pending"}
    odd = {outcome for _, outcome in outcomes} - {"created", "linked", "skipped"}
    faults = [f"items end as {sorted(odd)}"] if odd else []
    return Verdict(
        created=len(created & set(pressing.chosen)),
        lost=len(set(pressing.chosen) - settled) + len(created - set(linked)),
        doubled=(customers or 0) - len(created) + len(linked) - len(set(linked)),
        faults=tuple(faults),
    )
