from __future__ import annotations

from decimal import Decimal

from leanrag.ingest.chunk import ProductRow, faq_chunks, product_chunks
from leanrag.text.tokens import TokenCounter


def test_each_faq_pair_is_one_passage_whose_extract_is_the_question(counter: TokenCounter) -> None:
    rows = [("tr", "Kargo ücretsiz mi?", "Evet, 1.000 TL üzeri."), ("fa", " ارسال؟ ", "بله.\n")]
    chunks = faq_chunks(rows, title="FAQ", counter=counter)  # type: ignore[arg-type]
    assert [chunk.text for chunk in chunks] == [
        "Kargo ücretsiz mi?\nEvet, 1.000 TL üzeri.",
        "ارسال؟\nبله.",
    ]
    assert [chunk.tldr for chunk in chunks] == ["Kargo ücretsiz mi?", "ارسال؟"]
    assert [chunk.language for chunk in chunks] == ["tr", "fa"]
    assert [chunk.position for chunk in chunks] == [0, 1]
    assert chunks[0].token_count == counter.count(chunks[0].text)


def test_a_product_reads_as_text_with_its_price_attributes_and_address(
    counter: TokenCounter,
) -> None:
    row = ProductRow(
        title="Copper  cezve",
        price=Decimal("1250.50"),
        currency="TRY",
        description="A hammered pot for two cups of coffee.",
        attributes=(("Volume", "200 ml"), ("Colour", " ")),
        url="https://shop.example/%D9%82%D9%87%D9%88%D9%87",
    )
    (chunk,) = product_chunks([row], counter=counter)
    assert chunk.title == "Copper cezve"
    assert chunk.tldr == "Copper cezve: 1250.50 TRY"
    assert chunk.text == (
        "Copper cezve: 1250.50 TRY\nA hammered pot for two cups of coffee.\nVolume: 200 ml\n"
        "https://shop.example/قهوه"
    )
    assert chunk.language == "en"


def test_a_product_without_a_price_and_an_address_that_cannot_be_decoded(
    counter: TokenCounter,
) -> None:
    (chunk,) = product_chunks(
        [ProductRow("Tray", url="https://shop.example/a%20b%FF")], counter=counter
    )
    assert chunk.text == "Tray\nhttps://shop.example/a%20b%FF"


def test_a_language_that_no_row_names_is_told_from_its_text(counter: TokenCounter) -> None:
    rows = [(None, "Kargo ücretsiz mi?", "Evet."), (None, "ساعت کار شما چیست؟", "از ۹ تا ۵ است.")]
    chunks = faq_chunks(rows, title="FAQ", counter=counter)
    assert [chunk.language for chunk in chunks] == ["tr", "fa"]
    (chunk,) = product_chunks([ProductRow("Cezve", language="tr")], counter=counter)
    assert chunk.language == "tr"
