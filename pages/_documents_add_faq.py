"""Adding questions and their answers."""

from __future__ import annotations

from uuid import UUID

from leanrag.bootstrap import Services
from leanrag.ingest.record_rows import FaqRow
from pages._documents_add_records import draw_add_records
from pages._locale import t, ui_language


def draw_add_faq(services: Services, tenant_id: UUID) -> None:
    """Draw the grid of questions and answers, and the import into it."""
    example = tuple(
        FaqRow(
            t(f"documents.add.example_question_{n}"),
            t(f"documents.add.example_answer_{n}"),
            ui_language(),
        )
        for n in (1, 2)
    )
    draw_add_records(services, tenant_id, "faq", example)
