"""Hostile and broken Word documents, made by code."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from hostile.packing import (
    DOCUMENT,
    LAUGHS,
    OLE,
    Case,
    W,
    bomb_of_many_parts,
    damaged_directory,
    docx_bytes,
    encrypted_entries,
    line,
    macros,
    many_parts,
    nested_archive,
    overlapping_parts,
    repack,
    word,
)


def note_in_itself() -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2"><w:p><w:r><w:t>Inner note.</w:t>'
        '<w:footnoteReference w:id="2"/></w:r></w:p></w:footnote></w:footnotes>'
    )
    relation = f'<Relationship Id="rIdN" Type="{kind}" Target="footnotes.xml"/></Relationships>'
    name = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    override = f'<Override PartName="/word/footnotes.xml" ContentType="{name}"/></Types>'
    body = '<w:p><w:r><w:t>Text.</w:t><w:footnoteReference w:id="2"/></w:r></w:p>'
    return repack(
        word(body),
        {
            "word/footnotes.xml": notes.encode(),
            "word/_rels/document.xml.rels": lambda old: old.replace(
                b"</Relationships>", relation.encode()
            ),
            "[Content_Types].xml": lambda old: old.replace(b"</Types>", override.encode()),
        },
    )


def styles_in_a_circle() -> bytes:
    styles = (
        f'<w:styles xmlns:w="{W}"><w:style w:type="paragraph" w:styleId="A"><w:name w:val="a"/>'
        '<w:basedOn w:val="B"/></w:style><w:style w:type="paragraph" w:styleId="B">'
        '<w:name w:val="b"/><w:basedOn w:val="A"/></w:style></w:styles>'
    )
    body = '<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr><w:r><w:t>Round.</w:t></w:r></w:p>'
    return repack(word(body), {"word/styles.xml": styles.encode()})


def remote_template() -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    relation = (
        f'<Relationship Id="rIdT" Type="{kind}" Target="http://127.0.0.1:9/t.dotm"'
        ' TargetMode="External"/></Relationships>'
    )
    return repack(
        docx_bytes("Stays here."),
        {
            "word/_rels/document.xml.rels": lambda old: old.replace(
                b"</Relationships>", relation.encode()
            )
        },
    )


def unseen_text() -> bytes:
    return word(
        "<w:p><w:r><w:t>Seen.</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t>SECRET</w:t></w:r>"
        "<w:del><w:r><w:delText>SECRET</w:delText></w:r></w:del>"
        "<w:r><w:instrText>SECRET</w:instrText></w:r></w:p>"
    )


def wide_cell() -> bytes:
    return word(
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000000000"/></w:tcPr>'
        f"{line('left')}</w:tc><w:tc>{line('right')}</w:tc></w:tr></w:tbl>"
    )


def word_cases() -> Iterator[Case]:
    bad, laughs = "extraction_failed", LAUGHS.replace("x [", "w:document [")
    yield "docx-bomb-one-part", bad, lambda: word(line(" " * 200_000_000)), "", ""
    yield "docx-bomb-many-parts", "file_too_large", bomb_of_many_parts, "", ""
    yield "docx-2001-parts", "file_too_large", lambda: many_parts(2001), "", ""
    yield "docx-60000-parts", bad, lambda: many_parts(60_000), "", ""
    yield "docx-nested-archive", "read", nested_archive, "Outer text.", ""
    yield "docx-overlapping-parts", bad, overlapping_parts, "", ""
    yield "docx-entity-bomb", bad, lambda: word(line("&i;"), laughs), "", ""
    local = '<!DOCTYPE w:document [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    yield "docx-external-entity", bad, lambda: word(line("&f;"), local), "", "root:"
    yield "docx-entity-in-utf-16", bad, lambda: word(line("&i;"), laughs, "UTF-16"), "", ""
    yield "docx-utf-7", bad, lambda: word(line("&i;"), laughs, "UTF-7"), "", ""
    properties = f"{LAUGHS.replace('x [', 'p [')}<p>&i;</p>".encode()
    yield (
        "docx-entity-in-properties",
        bad,
        lambda: repack(docx_bytes(), {"docProps/core.xml": properties}),
        "",
        "",
    )
    yield "docx-truncated", bad, lambda: docx_bytes()[:-4000], "", ""
    yield "docx-damaged-directory", bad, damaged_directory, "", ""
    yield "docx-encrypted-entries", "encrypted_file", encrypted_entries, "", ""
    yield "docx-lzma", bad, lambda: repack(docx_bytes(), {}, zipfile.ZIP_LZMA), "", ""
    yield (
        "docx-parts-outside",
        bad,
        lambda: repack(docx_bytes(), {"../../../etc/cron.d/x": b"x"}),
        "",
        "",
    )
    yield "docx-without-document", bad, lambda: repack(docx_bytes(), {DOCUMENT: None}), "", ""
    yield "docx-empty-document", bad, lambda: repack(docx_bytes(), {DOCUMENT: b""}), "", ""
    yield "docx-named.pdf", "read", lambda: docx_bytes("Told by its bytes."), "Told by", ""
    yield "../../docx/..\\paths\u202efdp.docx", "read", docx_bytes, "A plain line.", ""
    yield "docx-remote-template", "read", remote_template, "Stays here.", ""
    yield (
        "docx-macros",
        "unsupported_file_type",
        lambda: macros(
            docx_bytes(),
            b"openxmlformats-officedocument.wordprocessingml.document.main",
            b"ms-word.document.macroEnabled.main",
        ),
        "",
        "",
    )
    package = "EncryptedPackage".encode("utf-16-le")
    yield "docx-password", "encrypted_file", lambda: OLE + package + bytes(4096), "", ""
    yield "word-97.doc", "unsupported_file_type", lambda: OLE + bytes(4096), "", ""
    yield (
        "docx-nested-tables",
        f"read {bad}",
        lambda: word("<w:tbl><w:tr><w:tc>" * 5000 + line("deep") + "</w:tc></w:tr></w:tbl>" * 5000),
        "",
        "",
    )
    yield (
        "docx-nested-controls",
        f"read {bad}",
        lambda: word(
            "<w:sdt><w:sdtContent>" * 100_000 + line("deep") + "</w:sdtContent></w:sdt>" * 100_000
        ),
        "",
        "",
    )
    yield (
        "docx-nested-80",
        "read",
        lambda: word("<w:tbl><w:tr><w:tc>" * 80 + line("deep") + "</w:tc></w:tr></w:tbl>" * 80),
        "deep",
        "",
    )
    yield "docx-unseen-text", "read", unseen_text, "Seen.", "SECRET"
    yield "docx-nul", bad, lambda: word(line("a&#0;b")), "", ""
    yield "docx-lone-surrogate", bad, lambda: word(line("a&#xD800;b")), "", ""
    yield "docx-rtl-override", "read", lambda: docx_bytes("safe \u202efdp.exe"), "safe", "\u202e"
    yield "docx-styles-in-a-circle", "read", styles_in_a_circle, "Round.", ""
    yield "docx-note-in-itself", "read", note_in_itself, "Inner note.", ""
    yield "docx-cell-of-10^9-columns", "read", wide_cell, "left | right", ""
    yield "docx-huge-attribute", bad, lambda: word(f'<w:p w:x="{"x" * 20_000_000}"/>'), "", ""
    yield (
        "docx-11-million-letters",
        "file_too_large",
        lambda: word(line("".join(f"{n} " for n in range(180_000))) * 9),
        "",
        "",
    )
    yield (
        "docx-200000-empty-paragraphs",
        "no_text",
        lambda: word("".join(f'<w:p w:rsidR="{n * 7919:08X}"/>' for n in range(200_000))),
        "",
        "",
    )
