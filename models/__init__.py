"""Plain SQLAlchemy tables: no queries, no Flask. Importing the package loads every table."""

from models.attempt import Attempt
from models.audit import AuditEvent
from models.base import Base
from models.company import Company, Role, SignIn, User
from models.connection import (
    Connection,
    ConnectionState,
    ConsentRequest,
    ProviderCall,
    Reading,
    ReadingFailure,
    ReadingKind,
    ReadingOrigin,
    ReadingState,
    ReconnectReason,
    RemoteAccount,
)
from models.customer import (
    Customer,
    CustomerLink,
    CustomerOrigin,
    RemoteCustomer,
    RemoteState,
)
from models.heartbeat import Heartbeat
from models.import_run import ImportItem, ImportRun, ImportState, ItemOutcome
from models.report import (
    DeliveryState,
    EmptyDay,
    ReportDelivery,
    ReportKind,
    ReportRecipient,
    ReportSettings,
    SkipReason,
)

__all__ = [
    "Attempt",
    "AuditEvent",
    "Base",
    "Company",
    "Connection",
    "ConnectionState",
    "ConsentRequest",
    "Customer",
    "CustomerLink",
    "CustomerOrigin",
    "DeliveryState",
    "EmptyDay",
    "Heartbeat",
    "ImportItem",
    "ImportRun",
    "ImportState",
    "ItemOutcome",
    "ProviderCall",
    "Reading",
    "ReadingFailure",
    "ReadingKind",
    "ReadingOrigin",
    "ReadingState",
    "ReconnectReason",
    "RemoteAccount",
    "RemoteCustomer",
    "RemoteState",
    "ReportDelivery",
    "ReportKind",
    "ReportRecipient",
    "ReportSettings",
    "Role",
    "SignIn",
    "SkipReason",
    "User",
]
