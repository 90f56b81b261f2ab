"""Letters reach a real mail server whole, over a checked connection or not at all."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from leanrag.errors import ConfigurationError
from leanrag.mail import (
    MAIL_LANGUAGES,
    Letter,
    LogMailer,
    MailFailed,
    SmtpMailer,
    code_letter,
    mailer_from,
)
from tests.access_parts import settings_with

LETTER = code_letter("ada@shop.example", "012345", language="fa", minutes=10)


class Inbox:
    """What the server took."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 OK"

    def message(self) -> EmailMessage:
        (envelope,) = self.envelopes
        content = envelope.content
        assert isinstance(content, bytes)
        return cast(EmailMessage, message_from_bytes(content, policy=policy.default))


Serve = Callable[..., tuple[Inbox, int]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as running:

        def start(**options: Any) -> tuple[Inbox, int]:
            inbox = Inbox()
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = int(free.getsockname()[1])
            controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)
            controller.start()
            running.callback(controller.stop)
            return inbox, port

        yield start


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def mailer(tmp_path: Path, port: int, tls: ssl.SSLContext | None = None, **values: Any) -> Any:
    chosen = {"smtp_security": "none", "mail_from": "bot@shop.example", **values}
    settings = settings_with(tmp_path, smtp_host="127.0.0.1", smtp_port=port, **chosen)
    return SmtpMailer(settings, tls=tls)


def server_tls(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def test_a_letter_arrives_whole(serve: Serve, tmp_path: Path) -> None:
    inbox, port = serve()
    mailer(tmp_path, port).send(LETTER)
    message = inbox.message()
    assert message["From"] == "bot@shop.example"
    assert message["To"] == "ada@shop.example"
    assert message["Subject"] == LETTER.subject
    assert message.get_content().strip() == LETTER.body
    assert message["Message-ID"]
    assert message["Date"]


def test_over_starttls_the_sender_signs_in(serve: Serve, tmp_path: Path, certificate: Path) -> None:
    seen = []

    def check(_server: Any, _session: Any, _envelope: Any, _how: Any, data: Any) -> AuthResult:
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    inbox, port = serve(
        tls_context=server_tls(certificate), require_starttls=True, authenticator=check
    )
    trusting = ssl.create_default_context(cafile=str(certificate))
    mailer(
        tmp_path, port, trusting, smtp_security="starttls", smtp_user="bot", smtp_password="hush"
    ).send(LETTER)
    assert seen == [(b"bot", b"hush")]
    assert inbox.message()["Subject"] == LETTER.subject


def test_a_server_that_nobody_vouches_for_gets_nothing(
    serve: Serve, tmp_path: Path, certificate: Path
) -> None:
    inbox, port = serve(tls_context=server_tls(certificate))
    with pytest.raises(MailFailed):
        mailer(tmp_path, port, smtp_security="starttls").send(LETTER)
    assert inbox.envelopes == []


def test_a_server_without_starttls_gets_nothing(serve: Serve, tmp_path: Path) -> None:
    inbox, port = serve()
    with pytest.raises(MailFailed):
        mailer(tmp_path, port, smtp_security="starttls").send(LETTER)
    assert inbox.envelopes == []


def test_a_server_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MailFailed, match="could not be sent"):
        mailer(tmp_path, 1, smtp_timeout_seconds=0.5).send(LETTER)


def test_no_header_can_be_smuggled_in(serve: Serve, tmp_path: Path) -> None:
    inbox, port = serve()
    with pytest.raises(ValueError, match="linefeed"):
        mailer(tmp_path, port).send(Letter("a@b.cd\nBcc: x@y.zz", "subject", "body"))
    assert inbox.envelopes == []


@pytest.mark.parametrize("language", [*MAIL_LANGUAGES, "xx", ""])
def test_every_language_has_its_words_and_the_code_on_a_line_of_its_own(language: str) -> None:
    letter = code_letter("a@b.cd", "012345", language=language, minutes=10)
    assert "012345" in letter.subject
    assert "012345" in letter.body.splitlines()
    assert "10" in letter.body
    assert "{" not in letter.subject + letter.body
    english = code_letter("a@b.cd", "012345", language="en", minutes=10)
    assert (letter == english) is (language in {"en", "xx", ""})


def test_without_a_server_the_code_goes_to_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = mailer_from(settings_with(tmp_path))
    assert isinstance(made, LogMailer)
    with caplog.at_level(logging.WARNING):
        made.send(LETTER)
    assert "012345" in caplog.text


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"smtp_host": "mail.example"}, "LEANRAG_MAIL_FROM"),
        (
            {
                "smtp_host": "mail.example",
                "mail_from": "a@b.cd",
                "smtp_user": "bot",
                "smtp_security": "none",
            },
            "readable",
        ),
    ],
)
def test_settings_that_contradict_are_refused(
    tmp_path: Path, values: dict[str, str], wanted: str
) -> None:
    with pytest.raises(ConfigurationError, match=wanted):
        mailer_from(settings_with(tmp_path, **values))
