"""Over TLS the connection goes to the checked address, and the certificate is the name's."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leanrag.crawl.failures import SiteUnavailable
from leanrag.crawl.safe_fetch import SafeFetcher
from tests.crawl.website import Website


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for shop.example that vouches for itself, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "shop.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def asked_names() -> list[str | None]:
    return []


@pytest.fixture
def secure_site(certificate: Path, asked_names: list[str | None]) -> Iterator[Website]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda connection, name, _: asked_names.append(name)
    with Website(tls=context) as running:
        running.add_page("/")
        yield running


def fetcher_for(site: Website, trusted: Path | None) -> SafeFetcher:
    return SafeFetcher(
        resolver=lambda host, port: ["127.0.0.1"],
        allowed_hosts=[f"{name}:{site.port}" for name in ("shop.example", "other.example")],
        ssl_context=ssl.create_default_context(cafile=trusted) if trusted else None,
    )


def test_sni_host_and_certificate_are_of_the_name(
    secure_site: Website, certificate: Path, asked_names: list[str | None]
) -> None:
    url = f"https://shop.example:{secure_site.port}/"
    assert fetcher_for(secure_site, certificate).fetch(url).status == 200
    assert asked_names == ["shop.example"]
    assert secure_site.requests[0].headers["host"] == f"shop.example:{secure_site.port}"


def test_a_certificate_of_another_name_is_refused(secure_site: Website, certificate: Path) -> None:
    with pytest.raises(SiteUnavailable, match="certificate"):
        fetcher_for(secure_site, certificate).fetch(f"https://other.example:{secure_site.port}/")
    assert secure_site.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(secure_site: Website) -> None:
    with pytest.raises(SiteUnavailable, match="certificate"):
        fetcher_for(secure_site, None).fetch(f"https://shop.example:{secure_site.port}/")
