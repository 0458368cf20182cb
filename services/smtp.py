"""Speak SMTP step by step, so that it is known at every moment what may have arrived."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage

from services.mail import (
    BrokenOff,
    MessageRefused,
    ServerAnswer,
    ServerTrouble,
    TryLater,
    UncertainOutcome,
    WrongMailPassword,
    check_envelope,
    nothing,
    wire_bytes,
)
from services.smtp_conversation import Conversation
from services.smtp_url import SmtpServer, TlsMode

#: Each command with its whole answer, however slowly that comes.
COMMAND_TIMEOUT_S = 30.0
#: Everything before the final dot. delivery_claim.CLAIM_LEASE is longer, or a second process would
#: take a mail that the first still hands over.
BEFORE_DOT_TIMEOUT_S = 240.0
#: RFC 5321, 4.5.3.2.6: giving up earlier makes duplicates of what the server goes on to deliver.
FINAL_DOT_TIMEOUT_S = 600.0
#: The mail is delivered and not yet written down: a server that is slow to say goodbye is left.
GOODBYE_TIMEOUT_S = 1.0
GO_AHEAD, SERVICE_CLOSING = 354, 421
_LEADING_DOT = re.compile(rb"(?m)^\.")


class SmtpMailer:
    """A Mailer with a connection per message."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        own_name: str,
        command_timeout_s: float = COMMAND_TIMEOUT_S,
        before_dot_timeout_s: float = BEFORE_DOT_TIMEOUT_S,
        final_dot_timeout_s: float = FINAL_DOT_TIMEOUT_S,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._own_name = own_name
        self._command_timeout_s = command_timeout_s
        self._before_dot_timeout_s = before_dot_timeout_s
        self._final_dot_timeout_s = final_dot_timeout_s
        self._tls_context = tls_context or ssl.create_default_context()

    def send(
        self, message: EmailMessage, *, before_final_dot: Callable[[], None] = nothing
    ) -> ServerAnswer:
        """Send the message. Calls the network. Raises the MailError family."""
        sender, recipient = check_envelope(message)
        lines = _LEADING_DOT.sub(b"..", wire_bytes(message))
        lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
        conversation = self._open()
        try:
            self._offer(conversation, sender, recipient, lines=lines)
            before_final_dot()
            return self._end(conversation)
        finally:
            conversation.close()

    def look(self) -> None:
        """Connect, encrypt, sign in and leave. Sends nothing. Calls the network.

        Raises ServerTrouble.
        """
        conversation = self._open()
        try:
            self._leave(conversation)
        finally:
            conversation.close()

    def _open(self) -> Conversation:
        """Connect, encrypt and sign in. What fails here fails for every mail."""
        conversation: Conversation | None = None
        try:
            conversation = self._connect()
            self._encrypt(conversation)
            if self._server.user:
                conversation.login(self._server.user, self._server.password)
        except (OSError, smtplib.SMTPException, ValueError, ServerTrouble) as error:
            if conversation is not None:
                conversation.close()
            raise _no_beginning(error) from error
        return conversation

    def _connect(self) -> Conversation:
        conversation = Conversation(
            self._server.host,
            self._server.port,
            own_name=self._own_name,
            command_s=self._command_timeout_s,
            total_s=self._before_dot_timeout_s,
        )
        try:
            conversation.ehlo_or_helo_if_needed()
        except Exception:
            conversation.close()
            raise
        return conversation

    def _encrypt(self, conversation: Conversation) -> None:
        mode = self._server.tls
        if mode is TlsMode.NONE:
            return
        if conversation.has_extn("starttls"):
            conversation.starttls(context=self._tls_context)
            conversation.ehlo_or_helo_if_needed()
        elif mode is TlsMode.REQUIRED or self._server.user:
            # A password is never said in the clear, not even where encryption is a wish only.
            raise ServerTrouble("The mail server offers no encryption, and we go on with it only.")

    def _offer(
        self, conversation: Conversation, sender: str, recipient: str, *, lines: bytes
    ) -> None:
        """Give everything but the end. Nothing can have been delivered while this fails."""
        try:
            _expect(conversation.mail(sender), may_refuse=False)
            _expect(conversation.rcpt(recipient))
            code, text = conversation.docmd("DATA")
            if code != GO_AHEAD:
                _expect((code, text))
                raise TryLater("The mail server did not take the message.")
            conversation.send(lines)
        except (OSError, smtplib.SMTPException) as error:
            raise BrokenOff(f"The mail server {_trouble(error)}.") from error

    def _end(self, conversation: Conversation) -> ServerAnswer:
        """Say the final dot and wait for what the server makes of it."""
        try:
            conversation.allow_last(self._final_dot_timeout_s)
            conversation.send(b".\r\n")
            code, text = conversation.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise UncertainOutcome(
                "The mail server took the message and gave no answer."
            ) from error
        if not 200 <= code < 600:
            raise UncertainOutcome("The mail server's answer to the message cannot be read.")
        answer = _expect((code, text))
        self._leave(conversation)
        return answer

    def _leave(self, conversation: Conversation) -> None:
        """Say goodbye; the mail is delivered whatever comes back, and not written down yet."""
        try:
            conversation.allow_last(GOODBYE_TIMEOUT_S)
            conversation.quit()
        except (OSError, smtplib.SMTPException):
            return


def _expect(reply: tuple[int, bytes], *, may_refuse: bool = True) -> ServerAnswer:
    """Return a yes; turn a no into the error that says whether trying again can help.

    A no to our own sender is everybody's trouble, whatever its code.
    """
    answer = ServerAnswer.of(*reply)
    if 200 <= answer.code < 300:
        return answer
    if not may_refuse:
        raise ServerTrouble("The mail server takes no mail from us just now.", answer)
    if answer.code == SERVICE_CLOSING:
        raise BrokenOff("The mail server takes no mail from us just now.", answer)
    if 500 <= answer.code < 600:
        raise MessageRefused("The mail server refused the message.", answer)
    raise TryLater("The mail server asked us to try again later.", answer)


def _no_beginning(error: Exception) -> ServerTrouble:
    """Say why not even the beginning worked."""
    if isinstance(error, ServerTrouble):
        return error
    if isinstance(error, smtplib.SMTPAuthenticationError):
        answer = ServerAnswer.of(error.smtp_code, error.smtp_error)
        return WrongMailPassword("The mail server refused our sign-in.", answer)
    if isinstance(error, smtplib.SMTPResponseException):
        answer = ServerAnswer.of(error.smtp_code, error.smtp_error)
        return ServerTrouble("The mail server did not let us begin.", answer)
    return ServerTrouble(f"The mail server {_trouble(error)}.")


def _trouble(error: Exception) -> str:
    # smtplib says of a time that ran out that the connection was closed; the cause tells.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "did not answer in time"
    if isinstance(error, ssl.SSLError):
        return "could not be spoken to securely"
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionResetError):
        return "closed the connection"
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return "could not be reached"
    return "did not follow the protocol"
