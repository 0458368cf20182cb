"""The only way out for mail: render, build, check the envelope, hand to a mailer.

MailError            something about one mail; `answer` holds the server's words, if any
├── MessageRefused   never in this form: by our own gateway, or by the server for good
├── TryLater         surely not delivered, and trying again can help
│   ├── BrokenOff           in the middle: by this mail or its recipient, or by the server's fault
│   └── ServerTrouble       the same for every mail just now: unreachable, silent, no TLS
│       └── WrongMailPassword   only a person can help; not to be repeated often
└── UncertainOutcome the final dot went out and no answer came back: it may have arrived
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.email_addresses import UnusableAddress, normalise_address
from services.placeholder_email import is_placeholder_email
from services.plain_text import plain_line, without_marks

if TYPE_CHECKING:
    from css_inline import CSSInliner

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "emails"
PRODUCT = "BlueClerk"
ANSWER_CHARACTERS = 120
#: Lines end with CRLF, and all content is ASCII, so that every server takes it as it is.
POLICY = SMTP.clone(cte_type="7bit")
#: A long header is not folded: Python would encode an address that has no blank to fold at.
WIRE_POLICY = POLICY.clone(max_line_length=998)
_ADDRESSES = re.compile(r"\S*@\S*")
_MESSAGE_ID = re.compile(r"<[a-z0-9-]+(?:\.[a-z0-9-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)*>")


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What the mail server said: its code and a short text without addresses."""

    code: int
    text: str

    @classmethod
    def of(cls, code: int, text: bytes | str) -> ServerAnswer:
        """Take the answer as smtplib returns it."""
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return cls(code, plain_line(_ADDRESSES.sub("…", words), ANSWER_CHARACTERS))


class MailError(Exception):
    """A mail did not go out as it should; the message is for people and holds no address."""

    def __init__(self, sentence: str, answer: ServerAnswer | None = None) -> None:
        super().__init__(sentence)
        self.answer = answer


class MessageRefused(MailError):
    pass


class TryLater(MailError):
    pass


class BrokenOff(TryLater):
    pass


class ServerTrouble(TryLater):
    pass


class WrongMailPassword(ServerTrouble):
    pass


class UncertainOutcome(MailError):
    pass


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail's three texts; `text` and `html` say the same."""

    subject: str
    text: str
    html: str


def nothing() -> None:
    """Stand in for a callback."""


class Mailer(Protocol):
    """Takes one finished message to one recipient.

    `before_final_dot` runs when the server has accepted the recipient and the whole message but
    not yet its end; what it raises ends the conversation, and the message never existed.
    Raises the MailError family.
    """

    def send(
        self, message: EmailMessage, *, before_final_dot: Callable[[], None] = nothing
    ) -> ServerAnswer: ...


def render_mail(name: str, context: Mapping[str, object]) -> RenderedMail:
    """Render the folder `templates/emails/<name>`; an unknown variable raises.

    Whatever stands in a variable, no mark is left that could turn a text round or end a line.
    """
    templates = _environment()
    subject, text, html = (
        without_marks(templates.get_template(f"{name}/{part}").render(context))
        for part in ("subject.txt", "body.txt", "body.html")
    )
    return RenderedMail(" ".join(subject.split()), text, _inliner().inline(html))


def build_message(
    mail: RenderedMail,
    *,
    sender: str,
    recipient: str,
    message_id: str,
    date: datetime,
    headers: Mapping[str, str],
) -> EmailMessage:
    """Return the message, marked as written by a program. Raises MessageRefused.

    `sender` is a bare address; `message_id` comes with its angle brackets.
    """
    check_recipient(recipient)
    if not _MESSAGE_ID.fullmatch(message_id):
        # Python cuts other characters off without a word, and all mails would share one id.
        raise MessageRefused("The message id holds characters that mail does not allow.")
    message = EmailMessage(policy=POLICY)
    try:
        message["From"] = Address(PRODUCT, addr_spec=sender)
        message["To"] = Address(addr_spec=recipient)
        message["Reply-To"] = Address(addr_spec=sender)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(date)
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"
        for header, value in headers.items():
            message[header] = value
    except (ValueError, MessageError, IndexError) as error:
        raise MessageRefused("A header of the mail holds what no header may hold.") from error
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def wire_bytes(message: EmailMessage) -> bytes:
    """Return the message as it goes over the line, before dots are doubled."""
    return message.as_bytes(policy=WIRE_POLICY)


def check_recipient(address: str) -> None:
    """Refuse what mail must never go to. Raises MessageRefused; changes nothing."""
    if is_placeholder_email(address):
        raise MessageRefused("A placeholder address is never mailed.")
    if not address.isascii() or not address.isprintable() or re.search(r"[\s,;:<>()\"]", address):
        raise MessageRefused("The recipient is not one plain address.")
    try:
        normalise_address(address)
    except UnusableAddress as error:
        raise MessageRefused("The recipient is not an address that mail could reach.") from error


def check_envelope(message: EmailMessage) -> tuple[str, str]:
    """Return sender and recipient of a message that every mailer may send.

    Raises MessageRefused for a message to nobody, to several, or to a placeholder.
    """
    senders = [found for header in message.get_all("From", []) for found in header.addresses]
    recipients = [found for header in message.get_all("To", []) for found in header.addresses]
    if len(senders) != 1 or len(recipients) != 1 or "Cc" in message or "Bcc" in message:
        raise MessageRefused("A mail has one sender and one recipient.")
    recipient = str(recipients[0].addr_spec)
    check_recipient(recipient)
    return str(senders[0].addr_spec), recipient


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    # The default would fetch a stylesheet from wherever the HTML says.
    return CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
