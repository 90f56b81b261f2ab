"""No request leaves for an address that is not public, by whatever way it is named."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from leanrag.crawl.failures import FetchFailed, FetchRefused, SiteUnavailable
from leanrag.crawl.safe_fetch import SafeFetcher
from leanrag.errors import ConfigurationError
from tests.crawl.website import Answer, Website

PUBLIC = "93.184.216.34"
NAMES = {
    "private.example": ["10.0.0.5"],
    "loop.example": ["127.0.0.1"],
    "loop6.example": ["::1"],
    "link.example": ["169.254.10.1"],
    "meta.example": ["169.254.169.254"],
    "cgnat.example": ["100.64.0.9"],
    "mapped.example": ["::ffff:192.168.0.1"],
    "sixtofour.example": ["2002:c0a8:1::1"],
    "teredo.example": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "nat64.example": ["64:ff9b::10.0.0.1"],
    "unique.example": ["fd00::1"],
    "multicast.example": ["224.0.0.251"],
    "mixed.example": [PUBLIC, "192.168.1.1"],  # one private address is enough
    "mixed6.example": ["2606:4700::1111", "fe80::1"],
    "metadata.google.internal": [PUBLIC],
    "printer.local": [PUBLIC],
    "localhost": [PUBLIC],
    "a.localhost": [PUBLIC],
    "nas.lan": [PUBLIC],
    "box.home.arpa": [PUBLIC],
}
FORBIDDEN = [
    # addresses as they are
    "http://127.0.0.1/",
    "http://127.8.8.8/",
    "http://0.0.0.0/",
    "http://10.0.0.1/",
    "http://172.16.5.4/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://100.64.0.1/",
    "http://168.63.129.16/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[ff02::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[::127.0.0.1]/",
    # addresses in disguise
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.01/",
    "http://127.1/",
    "http://127.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%2f@web.example/",
    # user names, odd separators, other schemes and ports
    "http://web.example@127.0.0.1/",
    "http://web.example:80@127.0.0.1/",
    "http://web.example\\@127.0.0.1/",
    "http://web.example\t.internal/",
    "http://web.example:22/",
    "http://web.example:25/",
    "http://web.example:5432/",
    "http://web.example:6379/",
    "http://127.0.0.1:8501/",
    "https://localhost:8443/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://web.example/",
    "data:text/html,x",
    "http://[::1%25lo]/",
    *(f"http://{name}/" for name in NAMES),
]


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What connections were opened to; none succeeds."""
    attempts: list[Any] = []

    def create_connection(address: Any, *arguments: Any, **options: Any) -> socket.socket:
        attempts.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return attempts


def resolve(host: str, port: int) -> Sequence[str]:
    return NAMES.get(host, [PUBLIC])


def test_at_least_fifty_forbidden_addresses_are_tried() -> None:
    assert len(set(FORBIDDEN)) >= 50


@pytest.mark.parametrize("url", FORBIDDEN)
def test_no_connection_is_made_for_a_forbidden_address(url: str, dialled: list[Any]) -> None:
    with pytest.raises(FetchRefused) as caught:
        SafeFetcher(resolver=resolve).fetch(url)
    assert dialled == []
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("url", FORBIDDEN)
def test_no_redirect_leads_to_a_forbidden_address(
    url: str, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, dialled = socket.create_connection, list[Any]()

    def create_connection(address: Any, *arguments: Any, **options: Any) -> socket.socket:
        dialled.append(address)
        return connect(address, *arguments, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    site.pages["/"] = Answer.redirect(url.encode().decode("latin-1"))
    with pytest.raises((FetchRefused, FetchFailed)):
        SafeFetcher(resolver=resolve, allowed_hosts=[site.host]).fetch(site.url())
    assert set(dialled) <= {("127.0.0.1", site.port)}
    # What is no absolute address is a path on the same website, which is asked for it.
    assert len(site.asked()) == (1 if "://" in url or url.startswith("data:") else 2)


def test_a_public_address_is_connected_to_as_it_was_checked(dialled: list[Any]) -> None:
    with pytest.raises(FetchFailed):
        SafeFetcher(resolver=resolve).fetch("http://web.example:8080/")
    assert dialled == [(PUBLIC, 8080)]


def test_a_name_that_turns_private_is_refused_at_its_next_request(dialled: list[Any]) -> None:
    answers = [[PUBLIC], ["127.0.0.1"]]
    fetcher = SafeFetcher(resolver=lambda host, port: answers.pop(0))
    with pytest.raises(FetchFailed):
        fetcher.fetch("http://rebind.example/")
    with pytest.raises(FetchRefused):
        fetcher.fetch("http://rebind.example/")
    assert dialled == [(PUBLIC, 80)]


def test_a_name_is_resolved_once_a_request_and_the_connection_goes_there(site: Website) -> None:
    site.add_page("/")
    answers = [["127.0.0.1"], ["10.255.255.1"]]
    fetcher = SafeFetcher(
        resolver=lambda host, port: answers.pop(0), allowed_hosts=[f"shop.example:{site.port}"]
    )
    answer = fetcher.fetch(f"http://shop.example:{site.port}/")
    assert answer.status == 200
    assert site.requests[0].headers["host"] == f"shop.example:{site.port}"
    assert len(answers) == 1


def test_a_redirect_to_a_name_that_turns_private_is_refused(site: Website) -> None:
    site.pages["/"] = Answer.redirect("/next")
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    fetcher = SafeFetcher(
        resolver=lambda host, port: answers.pop(0), allowed_hosts=[f"shop.example:{site.port}"]
    )
    with pytest.raises(FetchRefused, match="metadata"):
        fetcher.fetch(f"http://shop.example:{site.port}/")
    assert site.asked() == ["/"]


@pytest.mark.parametrize(
    "allowed",
    [
        lambda site: "127.0.0.1",  # without its unusual port
        lambda site: f"127.0.0.1:{site.port + 1}",
        lambda site: f"127.0.0.2:{site.port}",
        lambda site: "example.com",
    ],
)
def test_only_the_host_and_port_that_the_owner_named_are_allowed(
    allowed: Callable[[Website], str], site: Website
) -> None:
    with pytest.raises(FetchRefused):
        SafeFetcher(allowed_hosts=[allowed(site)]).fetch(site.url())
    assert site.requests == []


@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        ("intranet.example", "http://intranet.example:8080/"),
        (" Intranet.Example:9000 ", "http://intranet.example:9000/"),
        ("فروشگاه.ایران", "http://xn--mgbtj4c7ad63e.xn--mgba3a4f16a/"),
        ("10.0.0.7", "https://10.0.0.7/"),
        ("fd12::1", "http://[fd12:0::1]/"),
        ("[fd12::1]:9000", "http://[fd12::1]:9000/"),
        ("printer.local", "http://printer.local/"),
    ],
)
def test_an_allowed_host_may_be_private(allowed: str, url: str, dialled: list[Any]) -> None:
    fetcher = SafeFetcher(resolver=lambda host, port: ["10.0.0.7"], allowed_hosts=[allowed])
    with pytest.raises(SiteUnavailable):
        fetcher.fetch(url)
    assert len(dialled) == 1


@pytest.mark.parametrize(
    "entry", ["", "a b", "http://x.example/", "x.example/path", "127.1", "x.example:port", "a@b"]
)
def test_an_allowed_host_that_is_none_is_a_wrong_configuration(entry: str) -> None:
    with pytest.raises(ConfigurationError):
        SafeFetcher(allowed_hosts=[entry])


def test_an_allowed_host_redirects_to_no_private_neighbour(site: Website) -> None:
    with Website() as neighbour:
        neighbour.add_page("/")
        site.pages["/"] = Answer.redirect(neighbour.url())
        with pytest.raises(FetchRefused):
            SafeFetcher(allowed_hosts=[site.host]).fetch(site.url())
        assert neighbour.requests == []


def test_the_metadata_service_is_refused_even_where_its_host_is_allowed(
    dialled: list[Any],
) -> None:
    fetcher = SafeFetcher(
        resolver=resolve, allowed_hosts=["169.254.169.254", "meta.example", "[fd00:ec2::254]"]
    )
    for url in ("http://169.254.169.254/", "http://meta.example/", "http://[fd00:ec2::254]/"):
        with pytest.raises(FetchRefused):
            fetcher.fetch(url)
    assert dialled == []


def test_a_proxy_of_the_environment_is_not_used(
    site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add_page("/")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert SafeFetcher(allowed_hosts=[site.host]).fetch(site.url()).status == 200


def test_a_name_that_does_not_resolve_is_a_plain_failure() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(FetchFailed, match=r"nowhere\.example is not known to the name server"):
        SafeFetcher(resolver=unknown).fetch("http://nowhere.example/")
