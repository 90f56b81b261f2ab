"""Reading in a process of its own: pages that mean harm end nothing but their own reading."""

from __future__ import annotations

import os
import signal

import pytest

from leanrag.crawl.failures import PageUnreadable
from leanrag.crawl.page_reader import PageReader, ReaderLimits

URL = "http://shop.example/"
GOOD = "<html lang='en'><body><h1>A page</h1><p>It is read like any other.</p></body></html>"


def test_what_is_read_arrives_whole(reader: PageReader) -> None:
    html = (
        "<html lang='tr'><head><title>Başlık</title>"
        "<link rel='canonical' href='/asıl'></head><body>"
        "<p>Bir iki üç dört beş.</p><a href='/x'>x</a><details><summary>Ne?</summary>Bu.</details>"
        "</body></html>"
    )
    content = reader.read(html.encode(), URL, robots_tag="noindex", language="de")
    assert content.title == "Başlık"
    assert content.language == "tr"
    assert content.canonical == "http://shop.example/as%C4%B1l"
    assert content.links == ("http://shop.example/x",)
    assert not content.is_indexable
    assert [(pair.question, pair.answer) for pair in content.marked_pairs] == [("Ne?", "Bu.")]


HARMLESS = {
    "deep": "<div>" * 100_000 + "x",
    "unclosed tables": "<table><tr><td>" * 3_000,
    "nested lists": "<ul><li>" * 20_000 + "x",
    "formatting": "<b><i>" * 50_000 + "x",
    "one long word": "<p>" + "x" * 2_000_000,
    "entities": "<p>" + "&amp;&#0;&#xffffffff;&bogus;" * 20_000,
    "lone surrogates": "<p>&#xd800; &#xdfff; text of the page</p>",
    "doctype bomb": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><p>&b; text</p>',
    "frameset": "<frameset><frame src='http://10.0.0.1/'></frameset>",
    "binary": "\x89PNG\r\n\x1a\n" + "\x00\x01" * 1_000,
    "deep json": "<script type='application/ld+json'>" + "[" * 50_000 + "</script><p>text</p>",
    "xml": "<?xml version='1.0' encoding='utf-16'?><html><body><p>some text</p></body></html>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", sorted(HARMLESS))
def test_odd_pages_are_read_or_refused_in_one_sentence(name: str, reader: PageReader) -> None:
    try:
        reader.read(HARMLESS[name].encode("utf-8", "surrogatepass"), URL)
    except PageUnreadable as error:
        assert error.message.endswith(".")  # noqa: PT017 - either outcome is right
    assert "read like any other" in reader.read(GOOD.encode(), URL).text


@pytest.mark.timeout(60)
def test_a_page_that_takes_too_long_ends_and_the_next_is_read() -> None:
    slow = "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x"  # quadratic in libxml2
    with PageReader(ReaderLimits(cpu_seconds=30, wall_seconds=1.5)) as reader:
        with pytest.raises(PageUnreadable, match="more time or memory"):
            reader.read(slow.encode(), URL)
        assert "read like any other" in reader.read(GOOD.encode(), URL).text


def test_a_page_that_computes_too_long_ends() -> None:
    slow = "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x"
    with (
        PageReader(ReaderLimits(cpu_seconds=1, wall_seconds=30)) as reader,
        pytest.raises(PageUnreadable),
    ):
        reader.read(slow.encode(), URL)


def test_a_page_that_needs_too_much_memory_ends() -> None:
    with PageReader(ReaderLimits(memory_bytes=400_000_000)) as reader:
        with pytest.raises(PageUnreadable):
            reader.read(b"<p>some words </p>" * 280_000, URL)
        assert "read like any other" in reader.read(GOOD.encode(), URL).text


def test_a_process_that_is_killed_is_started_again(reader: PageReader) -> None:
    reader.read(GOOD.encode(), URL)
    assert reader._process is not None
    os.kill(reader._process.pid, signal.SIGKILL)
    reader._process.wait()
    assert "read like any other" in reader.read(GOOD.encode(), URL).text


def test_the_process_has_no_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with PageReader() as reader:
        reader.read(GOOD.encode(), URL)
        assert reader._process is not None
        with open(f"/proc/{reader._process.pid}/environ", "rb") as environment:
            assert b"secret" not in environment.read()
