"""What a person may share on the consent page: organisations, and a practice."""

from dataclasses import dataclass

from sandbox.errors import WrongInput

ORGANISATION, PRACTICE = "ORGANISATION", "PRACTICE"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant, and how many contacts of it count at first."""

    tenant_id: str
    name: str
    size: int
    kind: str = ORGANISATION


TENANTS = (
    Tenant("0b6e7d1c-54a2-4f0b-9d53-7c1f2a6e8401", "Kauri Plumbing & Gas Ltd", 640),
    Tenant("3f9a2c58-8e17-4c6d-a1b4-5d0e93c7f202", "Tui Electrical Group Pty Ltd", 2310),
    Tenant("7d24b9e0-16cf-4a83-b7e2-90f5ac38d603", "Empty Organisation", 0),
    # An adviser's own practice: a connection that holds no contacts and has to be ignored.
    Tenant("c81f5a36-2b9d-4e70-8f46-e3d7106bca04", "Rimu & Partners Advisers", 0, PRACTICE),
)
ORGANISATIONS = tuple(tenant for tenant in TENANTS if tenant.kind == ORGANISATION)


def tenant_of(tenant_id: str) -> Tenant | None:
    """Return the tenant of an id."""
    return next((tenant for tenant in TENANTS if tenant.tenant_id == tenant_id.lower()), None)


def organisation_of(tenant_id: str | None) -> Tenant:
    """Return an organisation, the first one without an id; raise WrongInput if unknown."""
    for tenant in ORGANISATIONS:
        if tenant_id in (None, tenant.tenant_id):
            return tenant
    raise WrongInput("Xero has no such organisation here.")
