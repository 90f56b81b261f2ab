from __future__ import annotations

import codecs

import pytest

from leanrag.errors import ExtractionFailed
from leanrag.ingest.decode import decode_text

PERSIAN = "سلام. فروشگاه ما از ساعت ۱۰ باز است، پس چگونه ژاکت و گلدان بخرم؟ قيمت آن چقدر است؟"
ARABIC = "يمكن إرجاع المنتجات خلال أربعة عشر يومًا من تاريخ الاستلام، ولا تقبل المنتجات المستعملة."
TURKISH = "Mağazamız pazartesi günleri açıktır; ücretsiz kargo için şığ İstanbul'a ödeme yapın."
FRENCH = "L’été dernier, la boutique à côté a fermé ; où êtes-vous allés après ?"
ICELANDIC = "Það er ekki hægt að skila vörum sem þú hefur notað, en við bætum þér það á annan hátt."


@pytest.mark.parametrize("text", [PERSIAN, ARABIC, TURKISH, FRENCH, ""])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_read_with_and_without_its_mark(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


def test_big_endian_utf_16_is_read_by_its_mark() -> None:
    assert decode_text(codecs.BOM_UTF16_BE + PERSIAN.encode("utf-16-be")) == PERSIAN


def test_persian_and_arabic_in_windows_1256_come_out_right() -> None:
    persian = PERSIAN.replace("ی", "ي").translate({0x6F1: "1", 0x6F0: "0"})  # what it can write
    for text in (persian, ARABIC, persian[:30], ARABIC[:30], f"SKU-200 {ARABIC} help@shop.example"):
        assert decode_text(text.encode("cp1256")) == text


def test_arabic_in_iso_8859_6_comes_out_right() -> None:
    assert decode_text(ARABIC.encode("iso8859_6")) == ARABIC


def test_turkish_in_windows_1254_and_iso_8859_9_comes_out_right() -> None:
    for encoding in ("cp1254", "iso8859_9"):
        assert decode_text(TURKISH.encode(encoding)) == TURKISH
    assert decode_text("Şişli'de kapalıyız".encode("cp1254")) == "Şişli'de kapalıyız"


def test_western_european_is_not_taken_for_turkish() -> None:
    assert decode_text(FRENCH.encode("cp1252")) == FRENCH
    assert decode_text(ICELANDIC.encode("cp1252")) == ICELANDIC


def test_a_few_broken_bytes_do_not_cost_a_utf_8_text() -> None:
    data = (PERSIAN * 5).encode()
    assert decode_text(data[:-1]) == (PERSIAN * 5)[:-1] + "\ufffd"


def test_lone_surrogates_in_utf_8_and_utf_16_are_replaced() -> None:
    assert decode_text(PERSIAN.encode() + b"\xed\xa0\x80").startswith(PERSIAN)
    text = decode_text(codecs.BOM_UTF16_LE + PERSIAN.encode("utf-16-le") + b"\x00\xd8")
    assert text == PERSIAN + "\ufffd"
    text.encode("utf-8")


def test_utf_16_that_is_broken_throughout_is_refused() -> None:
    with pytest.raises(ExtractionFailed, match="save it as UTF-8"):
        decode_text(codecs.BOM_UTF16_LE + b"\x00\xd8" * 100)
