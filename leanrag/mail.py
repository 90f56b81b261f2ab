"""Mail to people: over SMTP, or into the log where a developer runs LeanRAG alone."""

from __future__ import annotations

import logging
import smtplib
import ssl
import tomllib
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol

from leanrag.errors import ConfigurationError, LeanRagError
from leanrag.settings import Settings

_log = logging.getLogger(__name__)
_TEXTS = Path(__file__).with_name("sign_in_mail.toml")
MAIL_LANGUAGES = ("en", "fa", "ar", "tr")


class MailFailed(LeanRagError):
    """A mail could not be handed to the mail server."""

    code = "mail_failed"
    status = 503


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of plain text to one person."""

    to: str
    subject: str
    body: str


class Mailer(Protocol):
    """Hands letters over."""

    def send(self, letter: Letter) -> None:
        """Send a letter. Raises MailFailed."""


class SmtpMailer:
    """Sends by the server that the settings name, a connection a letter; `tls` is for tests."""

    def __init__(self, settings: Settings, *, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._tls = tls or ssl.create_default_context()

    def send(self, letter: Letter) -> None:
        """Send a letter. Raises MailFailed; what the server said is in the log."""
        message = EmailMessage()
        message["From"] = self._settings.mail_from
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=self._settings.mail_from.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday replies stay away
        message.set_content(letter.body)
        try:
            with self._connect() as server:
                self._sign_in(server)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as exc:
            raise MailFailed("The mail could not be sent; try again in some minutes.") from exc

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        where = (settings.smtp_host, settings.smtp_port)
        if settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(
                *where, timeout=settings.smtp_timeout_seconds, context=self._tls
            )
        return smtplib.SMTP(*where, timeout=settings.smtp_timeout_seconds)

    def _sign_in(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        if settings.smtp_security == "starttls":
            server.starttls(context=self._tls)  # raises where the server offers none
        if settings.smtp_user and settings.smtp_password is not None:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())


class LogMailer:
    """Writes letters into the log: `check_exposure` lets it stand in development alone."""

    def send(self, letter: Letter) -> None:
        """Log a letter with all it says."""
        _log.warning("Mail to %s: %s", letter.to, letter.subject)


def mailer_from(settings: Settings) -> Mailer:
    """Return the mailer of the settings. Raises ConfigurationError where they contradict."""
    if not settings.smtp_host:
        return LogMailer()
    if "@" not in settings.mail_from:
        raise ConfigurationError(
            "LEANRAG_SMTP_HOST is set: set LEANRAG_MAIL_FROM to the sender's address as well."
        )
    if settings.smtp_user and settings.smtp_security == "none":
        raise ConfigurationError(
            "LEANRAG_SMTP_SECURITY=none would send the mail server's password readable to all on"
            " the way; use starttls or tls, or leave LEANRAG_SMTP_USER out."
        )
    return SmtpMailer(settings)


def code_letter(to: str, code: str, *, language: str, minutes: int) -> Letter:
    """Write the letter with a sign-in code, in English where the language is none of ours."""
    texts = tomllib.loads(_TEXTS.read_text("utf-8"))
    words = texts[language if language in MAIL_LANGUAGES else "en"]
    values = {"code": code, "minutes": minutes}
    return Letter(to, words["subject"].format(**values), words["body"].strip().format(**values))
