"""Adding products with their prices."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from leanrag.bootstrap import Services
from leanrag.ingest.record_attributes import split_attributes
from leanrag.ingest.record_rows import ProductRow
from pages._documents_add_records import draw_add_records
from pages._locale import t, ui_language


def draw_add_products(services: Services, tenant_id: UUID) -> None:
    """Draw the grid of products, and the import into it."""
    example = ProductRow(
        t("documents.add.example_product"),
        Decimal("1250.00"),
        "TRY",
        t("documents.add.example_description"),
        split_attributes(t("documents.add.example_attributes")),
        "https://shop.example/1",
        ui_language(),
    )
    draw_add_records(services, tenant_id, "product", (example,))
