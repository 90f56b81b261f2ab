from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.ingest import document_report
from leanrag.ingest.document_report import Refused
from leanrag.ingest.extracted import ExtractedDocument, ExtractedPage
from leanrag.ingest.markdown_writer import MAX_TABLE_CELLS, MarkdownWriter, escape, join_lines
from leanrag.ingest.structure import read_blocks


def test_blocks_are_apart_and_items_of_one_list_together() -> None:
    writer = MarkdownWriter()
    writer.heading(2, "  Two\nlines ")
    writer.paragraph("Text.")
    writer.item("one")
    writer.item("two\nmore", depth=1, mark="12.")
    writer.paragraph("End.")
    assert writer.text() == "## Two lines\n\nText.\n\n- one\n    12. two\n        more\n\nEnd."


def test_empty_texts_leave_nothing() -> None:
    writer = MarkdownWriter()
    writer.heading(1, " ")
    writer.paragraph("\n \n")
    writer.item("")
    writer.code("\n")
    writer.table([["", ""], []])
    writer.table([])
    assert writer.text() == ""


def test_code_is_fenced_by_more_marks_than_it_holds() -> None:
    writer = MarkdownWriter()
    writer.code("```\n  x\n```")
    assert writer.text() == "````\n```\n  x\n```\n````"


def test_rows_of_different_lengths_make_one_table_without_empty_columns() -> None:
    writer = MarkdownWriter()
    writer.table([["a", "", "b"], ["1"], ["2", "", "3", ""]])
    assert writer.text() == "| a | b |\n| --- | --- |\n| 1 |  |\n| 2 | 3 |"


def test_a_table_too_large_to_fill_up_is_written_row_by_row() -> None:
    writer = MarkdownWriter()
    writer.table([["x"] * 3000, *[["a", "b"]] * (MAX_TABLE_CELLS // 3000)])
    assert writer.text().endswith("\n\na | b")


def test_each_line_knows_the_row_that_it_is() -> None:
    writer = MarkdownWriter()
    writer.heading(1, "Sheet")
    writer.paragraph("two\nlines", row=1)
    writer.table([["a", "b"], ["", ""], ["1", "2"]], [3, 4, 5])
    writer.table([["h"] * 13, ["v"] * 13, ["w"] * 13], [7, 8, 9])
    assert len(writer.rows()) == len(writer.text().split("\n"))
    assert writer.rows() == (0, 0, 1, 1, 0, 0, 0, 5, 0, 8, 9)


def test_a_document_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_report, "MAX_TEXT_CHARACTERS", 10)
    writer = MarkdownWriter()
    writer.paragraph("0123456789")
    with pytest.raises(Refused, match="too_much_text"):
        writer.paragraph("x")


def test_lines_of_a_cell_are_joined_by_what_they_lack() -> None:
    assert join_lines(["one", "two.", "", "three  four"]) == "one; two. three four"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("start", [" ", "- ", "-", "* ", "# ", "`", "\n "])
def test_escaping_takes_no_longer_for_what_repeats_without_end(start: str) -> None:
    assert escape(start * 200_000 + "x").endswith("x")


@given(st.one_of(st.text(), st.text("#`~=-*_+<>|: \n\tab1.")))
def test_an_escaped_paragraph_is_never_read_as_a_heading_or_code(text: str) -> None:
    escaped = escape(text)
    document = ExtractedDocument(
        "", (ExtractedPage(None, f"# Top\n\nText.\n\n{escaped}\n\n# End\n\nx"),)
    )
    blocks = read_blocks(document)
    assert {block.kind for block in blocks} <= {"paragraph", "item", "table"}
    assert {block.heading for block in blocks} <= {"Top", "End"}
