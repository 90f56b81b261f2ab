"""Adding a list, of questions or of products: typed into a grid, or brought as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, export_records, write_records
from leanrag.ingest.record_import import read_records
from leanrag.ingest.record_rows import RecordKind, RecordRow, RowProblem
from leanrag.ingest.upload import MAX_TITLE_CHARACTERS
from pages._documents_add_options import (
    AddOptions,
    draw_bot,
    draw_citable,
    draw_learn_only,
    draw_tags,
)
from pages._documents_add_outcomes import keep_outcomes, outcome_of, rejection_text
from pages._documents_grid import add_to_grid, draw_records_grid, forget_grid, rows_text
from pages._documents_grid_problems import draw_problems
from pages._documents_upload import draw_refused, let_go
from pages._documents_words import size_text
from pages._locale import t
from pages._safe_text import plain_text

LIST_EXTENSIONS = ("csv", "tsv", "txt", "xlsx")
_MAX_COLUMNS_NAMED = 12
_CURRENCY = "documents_add_currency"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file brought into the grid, or in `error` (markdown) why it brought nothing."""

    filename: str
    count: int = 0
    problems: tuple[RowProblem, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    error: str = ""


def grid_key(kind: RecordKind) -> str:
    """Return the key of the grid in which a new list of this kind is written."""
    return f"documents_add_{kind}"


def draw_add_records(
    services: Services, tenant_id: UUID, kind: RecordKind, example: Sequence[RecordRow]
) -> None:
    """Draw the title, the way in for a file, the grid, and save what was written."""
    top = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with st.expander(
        t("documents.add.import"), icon=":material/table:", key=f"documents_bring_{kind}"
    ):
        # Before the title is drawn, which the file's name may set.
        _draw_import(services, kind, example)
    with top:
        title = st.text_input(
            t("documents.add.title"),
            max_chars=MAX_TITLE_CHARACTERS,
            placeholder=t(f"documents.add.{kind}_title"),
            key=_title_key(kind),
            persist_state="session",
        )
        is_citable = draw_citable(kind)
    draw_learn_only(is_citable)
    with st.expander(t("documents.add.more"), key=f"documents_more_{kind}"):
        tags = draw_tags(kind)
        bot_id = draw_bot(kind, services.bots.list(tenant_id))
    _draw_report(kind)
    rows = draw_records_grid(
        grid_key(kind), kind, save_label=t("documents.add.save"), currency=_currency()
    )
    if rows is not None:
        _save(services, tenant_id, kind, rows, title.strip(), AddOptions(is_citable, tags, bot_id))


# ---- a file -----------------------------------------------------------------------------------


def _draw_import(services: Services, kind: RecordKind, example: Sequence[RecordRow]) -> None:
    generation = st.session_state.setdefault(_generation_key(kind), 0)
    limit = size_text(services.settings.max_file_bytes)
    if kind == "product":
        _draw_currency()
    with st.container(key=f"documents_upload_{kind}"):
        file = st.file_uploader(
            t(f"documents.add.import_{kind}_help", limit=limit),
            type=list(LIST_EXTENSIONS),
            key=f"documents_import_{kind}_{generation}",
        )
        draw_refused(kind, t("documents.add.import_refused", limit=limit))
        if file is not None:
            with st.spinner(t("documents.add.import_reading")):
                _import(services, kind, file)
            st.session_state[_generation_key(kind)] += 1  # a new key is a new, empty uploader
            st.rerun()
    st.download_button(
        t("documents.add.example"),
        lambda: export_records(example, kind),
        file_name=f"{kind}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"documents_example_{kind}",
    )


def _draw_currency() -> None:
    st.text_input(
        t("documents.add.currency"),
        max_chars=20,
        placeholder="TRY",
        help=t("documents.add.currency_help"),
        key=_CURRENCY,
        persist_state="session",
        width=300,
    )


def _currency() -> str:
    """Return the currency that the person names for prices without one; empty for none."""
    return str(st.session_state.get(_CURRENCY) or "").strip()


def _import(services: Services, kind: RecordKind, file: UploadedFile) -> None:
    """Read a file's rows into the grid, below those that are there."""
    try:
        found = read_records(
            file.getvalue(), file.name, kind, settings=services.settings, currency=_currency()
        )
    except LeanRagError as exc:
        report = ImportReport(file.name, error=rejection_text(exc, noun="list"))
    else:
        report = ImportReport(file.name, len(found.rows), found.problems, found.ignored_columns)
        add_to_grid(grid_key(kind), kind, found.rows)
        if found.rows and not st.session_state.get(_title_key(kind)):
            stem = PurePath(file.name).stem.replace("_", " ").strip()
            st.session_state[_title_key(kind)] = stem[:MAX_TITLE_CHARACTERS]
    finally:
        let_go((file,))
    st.session_state[_report_key(kind)] = report


def _draw_report(kind: RecordKind) -> None:
    report: ImportReport | None = st.session_state.get(_report_key(kind))
    if report is None:
        return
    name = f"**{plain_text(report.filename)}**  \n"
    if report.error:
        st.error(f"{name}{report.error}", icon=":material/error:")
        return
    text = t("documents.add.imported", rows=rows_text(report.count))
    st.info(f"{name}{text}", icon=":material/playlist_add_check:")
    if report.ignored_columns:
        named = ", ".join(report.ignored_columns[:_MAX_COLUMNS_NAMED])
        more = "…" if len(report.ignored_columns) > _MAX_COLUMNS_NAMED else ""
        st.caption(t("documents.add.ignored_columns", columns=plain_text(f"{named}{more}")))
    if report.problems:
        draw_problems(report.problems, key=f"documents_import_{kind}")
        st.caption(t("documents.add.import_left_out_help"))


# ---- saving -----------------------------------------------------------------------------------


def _save(
    services: Services,
    tenant_id: UUID,
    kind: RecordKind,
    rows: Sequence[RecordRow],
    title: str,
    options: AddOptions,
) -> None:
    """Hand the list over; what was typed goes only once it was taken in."""
    title = title or t(f"documents.add.{kind}_title")
    try:
        upload = Upload(
            filename=f"{title}.csv",
            data=write_records(rows, kind),
            kind=kind,
            is_citable=options.is_citable,
            bot_id=options.bot_id,
            title=title,
            media_type=RECORDS_MEDIA_TYPE,
            form="records",
            tags=options.tags,
        )
        accepted = services.ingest.accept(tenant_id, upload)
    except LeanRagError as exc:
        st.error(rejection_text(exc, noun="list"), icon=":material/error:")
        return
    keep_outcomes([outcome_of(title, accepted)])
    forget_grid(grid_key(kind))
    st.session_state.pop(_report_key(kind), None)
    st.session_state[_saved_key(kind)] = st.session_state.get(_saved_key(kind), 0) + 1
    st.rerun()


def _title_key(kind: RecordKind) -> str:
    """Return the title field's key: a new one, and so an empty field, after each list saved."""
    return f"documents_title_{kind}_{st.session_state.get(_saved_key(kind), 0)}"


def _generation_key(kind: RecordKind) -> str:
    return f"documents_import_generation_{kind}"


def _report_key(kind: RecordKind) -> str:
    return f"documents_import_report_{kind}"


def _saved_key(kind: RecordKind) -> str:
    return f"documents_saved_{kind}"
