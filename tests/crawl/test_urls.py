"""Web addresses: one strict reading, one spelling, and one key for the spellings of a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.crawl.failures import FetchRefused
from leanrag.crawl.urls import join_url, normalise_url, page_key, parse_web_address, site_of


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTP://Shop.Example:80/a/../b/./c#part", "http://shop.example/b/c"),
        ("https://shop.example:443", "https://shop.example/"),
        ("https://shop.example:8443/", "https://shop.example:8443/"),
        ("http://shop.example/../../x/..", "http://shop.example/"),
        ("http://shop.example./", "http://shop.example/"),
        ("http://shop.example/%7Euser/%c3%bc/%2f", "http://shop.example/~user/%C3%BC/%2F"),
        ("http://shop.example/100%/ü", "http://shop.example/100%25/%C3%BC"),
        ("http://shop.example/?b=2&a=1", "http://shop.example/?b=2&a=1"),
        ("http://shop.example/?utm_source=x&id=1&fbclid=y&gclid=z", "http://shop.example/?id=1"),
        ("http://shop.example/a;jsessionid=F00?PHPSESSID=1", "http://shop.example/a"),
        ("http://shop.example/?sid=0123456789abcdef0123", "http://shop.example/"),
        ("http://shop.example/?sid=7", "http://shop.example/?sid=7"),
        (
            "http://فروشگاه.ایران/سلام",
            "http://xn--mgbtj4c7ad63e.xn--mgba3a4f16a/%D8%B3%D9%84%D8%A7%D9%85",
        ),
        ("http://Çiçek.example/", "http://xn--iek-1lab.example/"),
        ("http://ｓｈｏｐ．example/", "http://shop.example/"),
        ("http://[2606:4700::0001]:80/", "http://[2606:4700::1]/"),
    ],
)
def test_an_address_is_requested_in_one_spelling(url: str, normal: str) -> None:
    assert normalise_url(url) == normal
    assert normalise_url(normal) == normal


@pytest.mark.parametrize(
    "other",
    [
        "https://shop.example/about",
        "http://www.shop.example/about",
        "http://shop.example/about/",
        "http://shop.example/about/index.html",
        "http://shop.example/about/default.aspx",
        "http://shop.example/about#team",
        "http://shop.example/about?utm_medium=mail",
    ],
)
def test_spellings_of_a_page_share_its_key(other: str) -> None:
    assert page_key(other) == page_key("http://shop.example/about")


@pytest.mark.parametrize(
    "other",
    [
        "http://shop.example/About",
        "http://shop.example/about?page=2",
        "http://shop.example:8080/about",
        "http://blog.shop.example/about",
        "http://shop.example/",
    ],
)
def test_other_pages_have_other_keys(other: str) -> None:
    assert page_key(other) != page_key("http://shop.example/about")


def test_the_order_of_parameters_does_not_make_another_page() -> None:
    assert page_key("http://x.example/?a=1&b=2") == page_key("http://x.example/?b=2&a=1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "//shop.example/",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http:shop.example",
        "http:///path",
        "http://user@shop.example/",
        "http://user:secret@shop.example/",
        "http://shop.example@10.0.0.1/",
        "http://shop.example\\@10.0.0.1/",
        "http://shop.example/a b",
        "http://shop.example/\r\nHost: x",
        "http://shop.example:0/",
        "http://shop.example:99999/",
        "http://shop.example:8o/",
        "http://sh%6fp.example/",
        "http://a..example/",
        "http://-shop.example/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://a／b.example/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://1.2.3.4.5/",
        "http://" + "a" * 64 + ".example/",
        "http://shop.example/" + "a" * 2_000,
    ],
)
def test_what_two_readers_may_read_apart_is_refused(url: str) -> None:
    with pytest.raises(FetchRefused):
        parse_web_address(url)


def test_an_error_never_shows_a_password() -> None:
    with pytest.raises(FetchRefused) as caught:
        parse_web_address("https://user:secret@shop.example/")
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("../b?x=1#y", "http://shop.example/b?x=1"),
        ("//cdn.example/z", "http://cdn.example/z"),
        (" a\n b ", "http://shop.example/a/a%20b"),
        ("?page=2", "http://shop.example/a/?page=2"),
        ("mailto:a@shop.example", None),
        ("tel:+98", None),
        ("http://[broken", None),
    ],
)
def test_links_are_read_from_their_page(reference: str, url: str | None) -> None:
    assert join_url("http://shop.example/a/", reference) == url


def test_a_site_is_a_host_without_www_and_with_an_unusual_port() -> None:
    assert site_of("https://www.shop.example/x") == site_of("shop.example") == "shop.example"
    assert site_of("127.0.0.1:4000") == site_of("http://127.0.0.1:4000/a") == "127.0.0.1:4000"


@given(st.text(max_size=60), st.text(max_size=30))
def test_reading_is_stable_for_any_text(path: str, query: str) -> None:
    try:
        normal = normalise_url(f"http://shop.example/{path}?{query}")
    except FetchRefused:
        return
    assert normalise_url(normal) == normal
    assert normal.isascii()
    assert page_key(normal) == page_key(page_key_url(normal))


def page_key_url(url: str) -> str:
    return url.replace("http://", "https://www.", 1)
