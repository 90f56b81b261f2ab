"""A tenant of the size that started it all, made from the demo's own text, always the same.

A 15,000-word manual, 8 FAQ pairs, 6 products and 10 web pages: sent whole with six messages, about
24,640 tokens. The manual is the demo's, then handbooks of invented branches: its paragraphs, each
with sentences of another one of its chapter, and with other places, codes and numbers.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from leanrag.bootstrap import Services
from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.records import ProductRow, faq_chunks, product_chunks
from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import load_counter
from leanrag.types import Language

MANUAL_WORDS = 15_000
PAGE_WORDS = 300
FAQ_PAIRS, PRODUCTS, PAGES = 8, 6, 10
ENGLISH: Language = "en"

_SEED = 24_640
_CITIES = ("Izmir", "Bursa", "Antalya", "Trabzon", "Konya", "Mersin", "Adana", "Samsun")
_QUARTERS = ("Konak", "Nilüfer", "Kaleiçi", "Meram", "Akdeniz", "Seyhan", "Atakum", "Ortahisar")
_CODE = re.compile(r"\b(TW|CW|CP|TE|CO)-(\d)(\d\d)\b")
_NUMBER = re.compile(r"(?<![\w:.,-])\d{1,3}(?:,\d{3})*(?![\w:]|[.,]\d)")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    chapter: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that the tenant knows, as texts that the send-everything prompt would carry."""

    manual: str
    pages: tuple[str, ...]
    faq: tuple[Chunk, ...]
    products: tuple[Chunk, ...]

    def texts(self) -> tuple[str, ...]:
        """Return all texts in the order in which they would be sent."""
        return (self.manual, *(c.text for c in (*self.faq, *self.products)), *self.pages)


def make_knowledge() -> Knowledge:
    """Return the tenant's knowledge; every call returns the same."""
    chance = random.Random(_SEED)
    original = (DEMO_DIRECTORY / "manual.en.md").read_text("utf-8")
    paragraphs = list(_paragraphs(original))
    counter = load_counter()
    faq = [(ENGLISH, r["question"], r["answer"]) for r in _english("faq.csv")[:FAQ_PAIRS]]
    products = [
        ProductRow(
            title=row["title"],
            price=Decimal(row["price"]),
            currency=row["currency"],
            description=row["description"],
        )
        for row in _english("products.csv")[:PRODUCTS]
    ]
    return Knowledge(
        manual=_manual(original, paragraphs, chance),
        pages=tuple(_page(number, paragraphs, chance) for number in range(1, PAGES + 1)),
        faq=faq_chunks(faq, title="FAQ", counter=counter),
        products=product_chunks(products, counter=counter),
    )


def load_tenant(services: Services, knowledge: Knowledge) -> UUID:
    """Make the tenant and load its knowledge in this thread; return its id."""
    tenant_id = services.tenants.create("large", "Large tenant").tenant_id
    ingest = services.ingest
    ingest.add(tenant_id, Upload("manual.md", knowledge.manual.encode(), kind="manual"))
    for number, page in enumerate(knowledge.pages, start=1):
        ingest.add(tenant_id, Upload(f"page-{number}.md", page.encode(), kind="website"))
    ingest.add_records(
        tenant_id, kind="faq", title="FAQ", filename="faq.csv", data=b"faq", chunks=knowledge.faq
    )
    ingest.add_records(
        tenant_id,
        kind="product",
        title="Products",
        filename="products.csv",
        data=b"products",
        chunks=knowledge.products,
    )
    return tenant_id


def english_faq_questions() -> tuple[str, ...]:
    """Return the questions of the demo's English FAQ."""
    return tuple(row["question"] for row in _english("faq.csv"))


def _english(name: str) -> list[dict[str, str]]:
    with (DEMO_DIRECTORY / name).open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["language"] == ENGLISH]


def _paragraphs(manual: str) -> Iterator[_Paragraph]:
    chapter = heading = ""
    for block in manual.split("\n\n"):
        if block.startswith("### "):
            heading = block.removeprefix("### ")
        elif block.startswith("## "):
            chapter = block.removeprefix("## ")
        elif heading and block[0].isalpha():
            yield _Paragraph(chapter, heading, block)


def _manual(original: str, paragraphs: list[_Paragraph], chance: random.Random) -> str:
    blocks, words = [original.strip()], len(original.split())
    for city, quarter in zip(_CITIES, _QUARTERS, strict=True):
        blocks.append(f"## Handbook of the {city} branch")
        words += len(blocks[-1].split())
        for paragraph in chance.sample(paragraphs, len(paragraphs)):
            text = _retold(paragraph, paragraphs, city, quarter, chance)
            heading = f"### {paragraph.heading} in {city}"
            blocks += [heading, text]
            words += len(heading.split()) + len(text.split())
            if words >= MANUAL_WORDS:
                return "\n\n".join(blocks)
    raise RuntimeError("The demo manual is too short to make the large one from.")


def _page(number: int, paragraphs: list[_Paragraph], chance: random.Random) -> str:
    city = _CITIES[number % len(_CITIES)]
    quarter = _QUARTERS[number % len(_QUARTERS)]
    blocks = [f"# News from {city}, part {number}"]
    words = 0
    for paragraph in chance.sample(paragraphs, len(paragraphs)):
        blocks.append(_retold(paragraph, paragraphs, city, quarter, chance))
        words += len(blocks[-1].split())
        if words >= PAGE_WORDS:
            break
    return "\n\n".join(blocks)


def _retold(
    paragraph: _Paragraph,
    paragraphs: list[_Paragraph],
    city: str,
    quarter: str,
    chance: random.Random,
) -> str:
    """Return a paragraph among sentences of another one, with other names and numbers."""
    other = chance.choice([p for p in paragraphs if p.chapter == paragraph.chapter])
    own = list(split_sentences(paragraph.text))
    for sentence in chance.sample(split_sentences(other.text), 1):
        if sentence not in own:
            own.insert(chance.randrange(len(own) + 1), sentence)
    text = " ".join(own).replace("Istanbul", city).replace("Hayali", quarter)
    text = _CODE.sub(lambda m: f"{m[1]}-{m[2]}{chance.randrange(15, 99)}", text)
    return _NUMBER.sub(lambda m: _varied(m.group(), chance), text)


def _varied(number: str, chance: random.Random) -> str:
    value = int(number.replace(",", ""))
    return f"{max(1, round(value * chance.uniform(0.6, 1.7))):,}"
