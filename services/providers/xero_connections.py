"""The list of what one permission at Xero covers: its organisations and the rest. Pure.

Shape: ConnectionsList of XeroAPI/Xero-OpenAPI e952d0b, xero-identity.yaml (read 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.providers.cleaning import clean_text
from services.providers.contract import RemoteAccount
from services.providers.replies import Reply
from services.providers.strict_json import NotStrictJson, read_strictly
from services.providers.xero_answers import refusal
from services.providers.xero_records import guid

#: Where the list stands, behind the API's address.
CONNECTIONS_PATH = "/connections"


@dataclass(frozen=True, slots=True)
class XeroConnection:
    """What one person shares with BlueClerk. A practice holds no contacts."""

    connection_id: str
    tenant_id: str
    name: str
    is_organisation: bool

    @property
    def account(self) -> RemoteAccount:
        """The organisation in words that no provider owns."""
        return RemoteAccount(self.tenant_id, self.name)


def xero_connections(reply: Reply, *, token: str) -> tuple[XeroConnection, ...]:
    """Return everything that is shared, by name.

    One entry that cannot be read spoils the list: a permission is ended when nothing else hangs on
    it. Raises TokenRefused with `token`, or the ProviderError that a refusal amounts to.
    """
    if reply.status == 404:
        raise reply.unreadable("There is no list of organisations at this address.")
    if reply.status != 200:
        raise refusal(reply, token)
    try:
        entries = read_strictly(reply.body)
    except NotStrictJson as error:
        raise reply.unreadable("The answer is not JSON.") from error
    if not isinstance(entries, list):
        raise reply.unreadable("The answer is not a list of organisations.")
    connections = [_connection(entry, reply) for entry in entries]
    return tuple(sorted(connections, key=lambda one: (one.name.casefold(), one.tenant_id)))


def _connection(entry: object, reply: Reply) -> XeroConnection:
    fields: Mapping[str, object] = entry if isinstance(entry, dict) else {}
    connection_id, tenant_id = guid(fields.get("id")), guid(fields.get("tenantId"))
    tenant_type = clean_text(fields.get("tenantType"))
    if not connection_id or not tenant_id or not tenant_type:
        raise reply.unreadable("An organisation in the list has no id.")
    name = clean_text(fields.get("tenantName")) or f"Organisation {tenant_id}"
    is_organisation = tenant_type.upper() == "ORGANISATION"
    return XeroConnection(connection_id, tenant_id, name, is_organisation)
