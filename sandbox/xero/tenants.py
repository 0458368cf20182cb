"""What a person may share on the consent page: organisations, and a practice."""

from dataclasses import dataclass

from sandbox.book import Account

ORGANISATION, PRACTICE = "ORGANISATION", "PRACTICE"


@dataclass(frozen=True, slots=True)
class Tenant(Account):
    """A tenant; its account is the tenant id."""

    name: str
    kind: str = ORGANISATION


TENANTS = (
    Tenant("0b6e7d1c-54a2-4f0b-9d53-7c1f2a6e8401", 640, "Kauri Plumbing & Gas Ltd"),
    Tenant("3f9a2c58-8e17-4c6d-a1b4-5d0e93c7f202", 2310, "Tui Electrical Group Pty Ltd"),
    Tenant("7d24b9e0-16cf-4a83-b7e2-90f5ac38d603", 0, "Empty Organisation"),
    # An adviser's own practice: a connection that holds no contacts and has to be ignored.
    Tenant("c81f5a36-2b9d-4e70-8f46-e3d7106bca04", 0, "Rimu & Partners Advisers", PRACTICE),
)
ORGANISATIONS = tuple(tenant for tenant in TENANTS if tenant.kind == ORGANISATION)


def tenant_of(tenant_id: str) -> Tenant | None:
    """Return the tenant of an id."""
    return next((tenant for tenant in TENANTS if tenant.account_id == tenant_id.lower()), None)
