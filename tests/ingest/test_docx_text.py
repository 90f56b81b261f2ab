from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from leanrag.errors import ExtractionFailed, NoTextFound
from leanrag.ingest.chunk import cut
from leanrag.ingest.docx_text import read_docx
from leanrag.ingest.extract import extract
from leanrag.ingest.validate import DOCX
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter

LANGUAGES = {
    "fa": (
        "راهنمای فروشگاه",
        "هزینهٔ ارسال ۶۵ لیر است؛ می‌توانید با پشتیبانی تماس بگیرید.",
        "ماهی‌تابه",
    ),
    "ar": ("دليل المتجر", "لا يمكن إرجاع المنتجات المستعملة بعد ١٤ يومًا من تاريخ الشراء.", "مِقلاة"),
    "tr": ("Mağaza kılavuzu", "Kargo ücreti 65 TL'dir; İstanbul'da ığdır usulü çalışırız.", "tava"),
    "en": ("Shop guide", "Delivery costs 65 lira; orders above 1,000 lira are free.", "pan"),
}


def saved(document: Any) -> bytes:
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def text_of(document: Any) -> str:
    return read_docx(saved(document)).parts[0].text


def add_xml(document: Any, xml: str) -> None:
    declared = xml.replace(">", f" {nsdecls('w')}>", 1)
    document.element.body.insert(len(document.element.body) - 1, parse_xml(declared))


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_paragraphs_lists_and_tables_come_in_order_in_four_languages(
    language: str, settings: Settings, counter: TokenCounter
) -> None:
    title, sentence, word = LANGUAGES[language]
    document = docx.Document()
    document.add_heading(title, level=1)
    document.add_paragraph(sentence)
    document.add_heading(word, level=2)
    document.add_paragraph(sentence, style="List Bullet")
    table = document.add_table(2, 2)
    for cell, content in zip(table._cells, (word, "no.", sentence, "1"), strict=True):
        cell.text = content
    document.add_paragraph(f"{word} — {sentence}")
    extracted = extract(saved(document), DOCX, settings=settings)
    assert extracted.title == title
    assert [page.number for page in extracted.pages] == [None]
    assert extracted.pages[0].text == (
        f"# {title}\n\n{sentence}\n\n## {word}\n\n- {sentence}\n\n"
        f"| {word} | no. |\n| --- | --- |\n| {sentence} | 1 |\n\n{word} — {sentence}"
    )
    chunks = cut(extracted, kind="document", counter=counter, fallback_title="x")
    assert {chunk.language for chunk in chunks} == {language}
    assert chunks[-1].heading == word


def test_the_title_comes_from_the_properties_unless_a_program_made_it_up(
    settings: Settings,
) -> None:
    document = docx.Document()
    document.add_heading("House rules", level=1)
    document.core_properties.title = "Rules of 2026"
    assert extract(saved(document), DOCX, settings=settings).title == "Rules of 2026"
    document.core_properties.title = "Word Document"
    assert extract(saved(document), DOCX, settings=settings).title == "House rules"


def test_headings_stand_below_the_title_of_the_document() -> None:
    document = docx.Document()
    document.add_heading("Guide", level=0)
    document.add_heading("Returns", level=1)
    assert text_of(document) == "# Guide\n\n## Returns"


def test_a_style_based_on_a_heading_is_a_heading() -> None:
    document = docx.Document()
    style = document.styles.add_style("Our chapter", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("Delivery", style="Our chapter")
    assert text_of(document) == "## Delivery"


def test_numbered_lists_count_and_begin_anew_below_each_point() -> None:
    document = docx.Document()
    for style in ("List Number", "List Number", "List Bullet"):
        document.add_paragraph("step", style=style)
    numbering = document.part.numbering_part.element
    number = document.styles["List Number"].element.pPr.numPr.numId.val
    assert numbering is not None
    for depth in (1, 1, 0, 1):
        properties = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
        add_xml(document, f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>d{depth}</w:t></w:r></w:p>")
    lines = text_of(document).split("\n")
    assert lines[:3] == ["1. step", "2. step", "- step"]
    assert [line for line in lines[3:] if line.strip().endswith("d0")] == ["3. d0"]
    assert all(line.startswith("    ") for line in lines[3:] if line.endswith("d1"))


def test_merged_cells_say_the_same_in_each_row_and_nothing_in_further_columns() -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for number, cell in enumerate(table._cells):
        cell.text = str(number)
    table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"
    table.cell(1, 1).merge(table.cell(1, 2)).text = "wide"
    rows = text_of(document).split("\n")
    assert rows[2:] == ["| tall | wide |  |", "| tall | 7 | 8 |"]


def test_a_cell_of_several_lines_becomes_one_and_a_pipe_is_escaped() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    for cell, content in zip(table._cells, ("a", "b|c", "one.\ntwo", "three\nfour"), strict=True):
        cell.text = content
    assert text_of(document).endswith("| one. two | three; four |")
    assert r"b\|c" in text_of(document)


def test_a_frame_of_one_cell_is_read_as_the_text_inside_it() -> None:
    document = docx.Document()
    cell = document.add_table(1, 1).cell(0, 0)
    cell.text = "Framed."
    cell.add_paragraph("Still framed.")
    assert text_of(document) == "Framed.\n\nStill framed."


def test_what_word_does_not_show_is_not_read() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Shown.")
    paragraph.add_run("SECRET").font.hidden = True
    add_xml(document, "<w:p><w:del><w:r><w:delText>SECRET</w:delText></w:r></w:del></w:p>")
    add_xml(document, "<w:p><w:ins><w:r><w:t>Inserted.</w:t></w:r></w:ins></w:p>")
    add_xml(
        document,
        "<w:tbl><w:tr><w:tc/><w:tc/></w:tr><w:tr><w:trPr><w:del/></w:trPr><w:tc><w:p><w:r>"
        "<w:t>SECRET</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
    )
    document.sections[0].header.paragraphs[0].text = "SECRET"
    assert text_of(document) == "Shown.\n\nInserted."


def test_a_table_of_contents_is_left_out() -> None:
    document = docx.Document()
    style = document.styles.add_style("toc 1", 1)
    document.add_paragraph("Returns\t7", style=style)
    document.add_paragraph("Text.")
    assert text_of(document) == "Text."


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    document = docx.Document()
    inside = "<w:txbxContent><w:p><w:r><w:t>Boxed.</w:t></w:r></w:p></w:txbxContent>"
    add_xml(
        document,
        "<w:p><w:r><w:t>Before the box.</w:t></w:r><w:r><mc:AlternateContent "
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<mc:Choice Requires="wps"><w:drawing>{inside}</w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict>{inside}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )
    assert text_of(document) == "Before the box.\n\nBoxed."


def test_a_footnote_stands_where_it_is_referred_to(with_footnote: Callable[[str], bytes]) -> None:
    text = read_docx(with_footnote("Only in Istanbul.")).parts[0].text
    assert text == "Delivery is free (Only in Istanbul.) and quick."


def test_line_breaks_stay_and_page_breaks_go() -> None:
    document = docx.Document()
    document.add_paragraph("first").add_run().add_break()
    document.paragraphs[0].add_run("second").add_break(docx.enum.text.WD_BREAK.PAGE)
    assert text_of(document) == "first\nsecond"


def test_what_looks_like_markdown_in_a_paragraph_stays_a_paragraph() -> None:
    document = docx.Document()
    document.add_paragraph("# sudo apt upgrade")
    document.add_paragraph("```")
    document.add_paragraph("price\n---")
    assert text_of(document) == "\\# sudo apt upgrade\n\n\\```\n\nprice"


def test_an_empty_document_holds_no_text(settings: Settings) -> None:
    with pytest.raises(NoTextFound, match="Word document holds no text"):
        extract(saved(docx.Document()), DOCX, settings=settings)


def test_a_document_without_its_main_part_is_damaged(settings: Settings) -> None:
    output, old = io.BytesIO(), zipfile.ZipFile(io.BytesIO(saved(docx.Document())))
    with old, zipfile.ZipFile(output, "w") as new:
        for name in set(old.namelist()) - {"word/document.xml"}:
            new.writestr(name, old.read(name))
    with pytest.raises(ExtractionFailed, match=r"Word document is damaged .* upload the new file"):
        extract(output.getvalue(), DOCX, settings=settings)


@pytest.fixture
def with_footnote() -> Callable[[str], bytes]:
    def build(note: str) -> bytes:
        document = docx.Document()
        add_xml(
            document,
            '<w:p><w:r><w:t>Delivery is free</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>'
            '<w:r><w:t xml:space="preserve"> and quick.</w:t></w:r></w:p>',
        )
        xml = (
            f'<w:footnotes {nsdecls("w")}><w:footnote w:type="separator" w:id="0"/>'
            f'<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/><w:t>{note}</w:t></w:r></w:p>'
            "</w:footnote></w:footnotes>"
        )
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
        name = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
        part = docx.opc.part.Part(
            docx.opc.packuri.PackURI("/word/footnotes.xml"),
            name,
            xml.encode(),
            document.part.package,
        )
        document.part.relate_to(part, kind)
        return saved(document)

    return build
