"""Rows of a table → products; rows that a shop wrote for the variants of one become part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from leanrag.ingest.record_attributes import join_attributes, split_attributes
from leanrag.ingest.record_currencies import read_currency
from leanrag.ingest.record_findings import Findings
from leanrag.ingest.record_prices import Price, read_price
from leanrag.ingest.record_rows import MAX_ATTRIBUTES, MAX_CELL_CHARACTERS, ProductRow
from leanrag.ingest.record_tables import TableRow
from leanrag.ingest.record_texts import excerpt

_WEB_ADDRESS = re.compile(r"(?i)https?://[^\s]+")
_NO_VARIANT = ("Title", "Default Title")  # what Shopify writes for a product without options
_MAX_VARIANT_VALUES = 50
_MAX_CURRENCY_CHARACTERS = 30


@dataclass(slots=True)
class _Draft:
    """A product while its rows are read: the values of each attribute, and every price."""

    row: TableRow
    product: ProductRow
    attributes: list[tuple[str, list[str]]]
    prices: list[Decimal] = field(default_factory=list)

    def add_variant(self, attributes: Iterable[tuple[str, str]], price: Decimal | None) -> None:
        """Add what a variant says otherwise than the rows before."""
        known = dict(reversed(self.attributes))
        for name, value in attributes:
            if name not in known:
                known[name] = []
                self.attributes.append((name, known[name]))
            if value not in known[name] and len(known[name]) < _MAX_VARIANT_VALUES:
                known[name].append(value)
        if price is not None and price not in self.prices:
            self.prices.append(price)


class ProductReader:
    """Reads products; `attribute_columns` are the columns that become attributes.

    `currency` is that of prices which name none and have none beside them.
    """

    def __init__(
        self, findings: Findings, attribute_columns: Sequence[int], *, currency: str
    ) -> None:
        self._findings = findings
        self._columns = findings.columns
        self._attribute_columns = attribute_columns
        self._currency = self._columns.currency or currency
        self._by_handle: dict[str, _Draft] = {}

    def read(self, rows: Iterable[TableRow]) -> list[tuple[int, ProductRow]]:
        """Return the good products, each once, with the numbers of their rows."""
        drafts = [draft for row in rows if (draft := self._read_row(row)) is not None]
        products: list[tuple[int, ProductRow]] = []
        first: dict[ProductRow, int] = {}
        for draft in drafts:
            product = self._finish(draft)
            known = first.setdefault(product, draft.row.number)
            if known != draft.row.number:
                same = f"This product is the same as in row {known}"
                self._findings.leave_out(draft.row, "", same)
            elif len(join_attributes(product.attributes)) > MAX_CELL_CHARACTERS:
                long = f"The attributes have more than {MAX_CELL_CHARACTERS:,} letters together"
                self._findings.leave_out(draft.row, "", long)
            else:
                products.append((draft.row.number, product))
        return products

    def _read_row(self, row: TableRow) -> _Draft | None:
        """Return a new product; None for a variant of one, or a row without a title."""
        title, handle = self._findings.text(row, "title"), self._findings.raw(row, "handle")
        begun = self._by_handle.get(handle) if handle and not title else None
        if not title and begun is None:
            self._findings.leave_out(row, "title", "There is no title")
            return None
        price = self._read_price(row)
        if begun is not None:
            begun.add_variant(self._attributes(row), price.amount)
            return None
        attributes = [(name, [value]) for name, value in self._attributes(row)]
        prices = [] if price.amount is None else [price.amount]
        draft = _Draft(row, self._read_product(row, title, price), attributes, prices)
        if handle:
            self._by_handle[handle] = draft
        return draft

    def _read_product(self, row: TableRow, title: str, price: Price) -> ProductRow:
        summary = self._findings.text(row, "summary")
        description = self._findings.text(row, "description")
        if summary and summary not in description:
            description = f"{summary}\n{description}".strip()
        return ProductRow(
            title=title,
            price=price.amount,
            currency=price.currency,
            description=description,
            url=self._read_url(row),
            language=self._findings.language(row),
        )

    def _read_price(self, row: TableRow) -> Price:
        beside = self._findings.raw(row, "currency")
        currency = (read_currency(beside) or beside)[:_MAX_CURRENCY_CHARACTERS]
        price = read_price(self._findings.raw(row, "price"), currency=currency or self._currency)
        if price.fault:
            self._findings.add(row, "price", price.fault)
            return Price(None, currency or self._currency)
        if currency and price.currency != currency:
            self._findings.add(
                row,
                "price",
                f"The price is in {price.currency} and the column beside it says {currency}.",
            )
        return price if price.amount is not None or beside else Price()

    def _read_url(self, row: TableRow) -> str:
        url = self._findings.raw(row, "url")
        if url.lower().startswith("www."):
            url = f"https://{url}"
        if url and not _WEB_ADDRESS.fullmatch(url):
            self._findings.add(
                row, "url", f"{excerpt(url)} is no web address and is left out; begin with https://"
            )
            return ""
        return url

    # ---- attributes -------------------------------------------------------------------------

    def _attributes(self, row: TableRow) -> Iterator[tuple[str, str]]:
        findings = self._findings
        own = findings.text(row, "attributes")
        if own:
            pairs = split_attributes(own) or ((self._name("attributes"), own),)
            yield from ((name, value) for name, value in pairs if name and value)
        for name_column, value_column in self._columns.pairs:
            name, value = findings.cell(row, name_column), findings.cell(row, value_column)
            begun = self._by_handle.get(findings.raw(row, "handle"))
            if value and not name and begun is not None:  # named in the first row alone
                name = findings.cell(begun.row, name_column)
            if name and value and (name, value) != _NO_VARIANT:
                yield name, value
        for column in self._attribute_columns:
            if value := findings.cell(row, column):
                yield self._columns.name(column), value

    def _name(self, field_name: str) -> str:
        return self._columns.name(self._columns.fields[field_name])

    def _finish(self, draft: _Draft) -> ProductRow:
        attributes = [(name, ", ".join(values)) for name, values in draft.attributes]
        if len(draft.prices) > 1:
            prices = ", ".join(f"{price:f}" for price in draft.prices)
            attributes.insert(
                0, (self._name("price"), f"{prices} {draft.product.currency}".strip())
            )
        if len(attributes) > MAX_ATTRIBUTES:
            dropped = ", ".join(name for name, _ in attributes[MAX_ATTRIBUTES:])
            self._findings.add(
                draft.row,
                "attributes",
                f"A product has {MAX_ATTRIBUTES} attributes at most; left out: {excerpt(dropped)}.",
            )
        return replace(draft.product, attributes=tuple(attributes[:MAX_ATTRIBUTES]))
