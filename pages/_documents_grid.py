"""A list of questions or products as a grid: edited, checked row by row, and kept until saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from leanrag.errors import LeanRagError
from leanrag.ingest.record_columns import RECORD_COLUMNS
from leanrag.ingest.record_files import record_cells
from leanrag.ingest.record_import import check_grid
from leanrag.ingest.record_rows import RecordKind, RecordRow
from leanrag.types import LANGUAGES
from pages._documents_add_sentences import problem_text
from pages._documents_grid_problems import draw_problems
from pages._documents_grid_rows import ROWS_PER_PAGE, Cells, GridRows, filled, new_rows
from pages._intents import language_name
from pages._locale import number, t

_PREFIX = "documents_grid_rows_"
_NUMBER = "row"
_SHOWN_FIRST = {
    "faq": ("question", "answer", "language"),
    "product": ("title", "description", "price", "currency", "url", "attributes", "language"),
}
_WIDTHS = {"question": 300, "answer": 430, "title": 220, "description": 300, "attributes": 240}
_FEW_ROWS = 6


def draw_records_grid(
    key: str,
    kind: RecordKind,
    rows: Sequence[RecordRow] = (),
    *,
    save_label: str,
    currency: str = "",
) -> tuple[RecordRow, ...] | None:
    """Draw the grid and its buttons; return the checked rows once a person saves them, else None.

    It begins with `rows`; what is typed stays, under this key, over reruns and other pages until
    `forget_grid`. Other `rows` than before fill it anew where nothing is unsaved. Rows with
    problems come back only where the person saves in spite of them.
    """
    grid = _open(key, kind, rows)
    keep_grid(key)
    _draw_pages(key, grid)
    _draw_editor(key, grid)
    _draw_count(grid)
    saved = _draw_buttons(key, grid, save_label, currency)
    if grid.error:
        st.error(grid.error, icon=":material/error:")
    if grid.problems and saved is None:
        draw_problems(grid.problems, key=f"{key}_checked")
        if st.button(
            t("documents.add.grid_save_anyway"), icon=":material/save:", key=f"{key}_anyway"
        ):
            saved = _check(grid, currency, in_spite=True)
    return saved


def show_rows(kind: RecordKind, rows: Sequence[RecordRow]) -> None:
    """Draw the rows of a list, to be read alone."""
    frame = _frame(kind, [record_cells(row) for row in rows])
    st.dataframe(
        frame,
        hide_index=True,
        height="content" if len(rows) <= _FEW_ROWS else 460,
        column_order=(_NUMBER, *_SHOWN_FIRST[kind]),
        column_config=_columns(kind),
        placeholder="",
        key="documents_rows_shown",
        alt=t(f"documents.add.grid_{kind}"),
    )
    st.caption(rows_text(len(rows)))


def add_to_grid(key: str, kind: RecordKind, rows: Sequence[RecordRow]) -> None:
    """Put rows below those that the grid has, and show them from the first on."""
    grid = _open(key, kind, ())
    keep_grid(key)
    kept = filled(grid.now)
    page = len(kept) // ROWS_PER_PAGE + 1
    grid.refill([*kept, *(record_cells(row) for row in rows)], page=page)
    grid.problems, grid.error, grid.dropped = (), "", ()


def forget_grid(key: str) -> None:
    """Forget what was typed, as after it was saved."""
    grid = _find(key)
    if grid is not None:
        fresh = new_rows(grid.kind, ())
        fresh.generation = grid.generation + 1  # the old editor's edits are not those of the new
        st.session_state[f"{_PREFIX}{key}"] = fresh


def keep_grid(key: str) -> None:
    """Take over what was typed since the last run; call it also where the grid is not drawn."""
    grid = _find(key)
    if grid is None:
        return
    edits = st.session_state.get(_editor_key(key, grid))
    if edits is not None:
        grid.take(edits)
    elif grid.now != grid.shown:  # it was not drawn for a while, and its edits with it
        grid.refill()


def unsaved_rows(key: str) -> int:
    """Return how many rows of a grid are filled while it differs from what is stored; else 0."""
    grid = _find(key)
    return len(filled(grid.now)) if grid is not None and grid.is_unsaved() else 0


def rows_text(count: int) -> str:
    """Write how many rows there are."""
    name = "grid_row_one" if count == 1 else "grid_rows"
    return t(f"documents.add.{name}", count=number(count))


def _find(key: str) -> GridRows | None:
    found: GridRows | None = st.session_state.get(f"{_PREFIX}{key}")
    return found


def _open(key: str, kind: RecordKind, rows: Sequence[RecordRow]) -> GridRows:
    grid = _find(key)
    if grid is not None and (not rows or grid.is_unsaved()):
        return grid
    fresh = new_rows(kind, rows)
    if grid is None or fresh.saved != grid.saved:
        fresh.generation = grid.generation + 1 if grid is not None else 0
        st.session_state[f"{_PREFIX}{key}"] = grid = fresh
    return grid


def _editor_key(key: str, grid: GridRows) -> str:
    return f"{key}_editor_{grid.generation}"


# ---- drawing ----------------------------------------------------------------------------------


def _draw_pages(key: str, grid: GridRows) -> None:
    if grid.pages == 1:
        return
    first, last = grid.start + 1, grid.start + len(grid.on_page())
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_pages"):
        st.caption(
            t(
                "documents.add.grid_page",
                first=number(first),
                last=number(last),
                total=number(len(grid.shown)),
            ),
            width="content",
        )
        page_key = f"{key}_page_{grid.generation}"
        st.pagination(
            grid.pages,
            default=grid.page,
            max_visible_pages=5,
            key=page_key,
            on_change=_turn,
            args=(key, page_key),
        )


def _turn(key: str, page_key: str) -> None:
    grid = _find(key)
    if grid is not None:
        page = st.session_state[page_key]
        keep_grid(key)
        grid.refill(page=page)


def _draw_editor(key: str, grid: GridRows) -> None:
    rows = grid.on_page()
    st.data_editor(
        _frame(grid.kind, rows, first=grid.start + 1),
        num_rows="dynamic",
        hide_index=True,
        height=250 if len(rows) <= _FEW_ROWS else 460,
        column_order=(_NUMBER, *_SHOWN_FIRST[grid.kind]),
        column_config=_columns(grid.kind),
        placeholder="",
        key=_editor_key(key, grid),
        alt=t(f"documents.add.grid_{grid.kind}"),
    )


def _frame(kind: RecordKind, rows: Sequence[Cells], *, first: int = 1) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(RECORD_COLUMNS[kind]), dtype=str)
    # A list to choose from knows an empty cell as None alone.
    frame["language"] = pd.Series([row[0] or None for row in rows], dtype=object)
    frame[_NUMBER] = pd.array(range(first, first + len(rows)), dtype="Int64")
    return frame


def _columns(kind: RecordKind) -> dict[str, Any]:
    return {
        _NUMBER: st.column_config.NumberColumn(
            t("documents.add.column_row"), disabled=True, width=50, pinned=True
        ),
        **{name: _text_column(name) for name in RECORD_COLUMNS[kind]},
        "language": st.column_config.SelectboxColumn(
            t("documents.add.column_language"),
            options=list(LANGUAGES),
            format_func=lambda code: language_name(str(code)),
            help=t("documents.add.column_language_help"),
            width=105,
        ),
    }


def _text_column(name: str) -> Any:
    helps = ("price", "attributes", "url")
    return st.column_config.TextColumn(
        t(f"documents.add.column_{name}"),
        help=t(f"documents.add.column_{name}_help") if name in helps else None,
        width=_WIDTHS.get(name, 120),
    )


def _draw_count(grid: GridRows) -> None:
    said = [rows_text(len(filled(grid.now)))]
    if grid.is_unsaved():
        said.append(t("documents.add.grid_unsaved"))
    st.caption(" · ".join(said))


def _draw_buttons(
    key: str, grid: GridRows, save_label: str, currency: str
) -> tuple[RecordRow, ...] | None:
    saved = None
    is_unsaved = grid.is_unsaved()
    with st.container(horizontal=True, key=f"{key}_buttons"):
        if st.button(
            save_label,
            type="primary",
            icon=":material/save:",
            disabled=not is_unsaved,
            key=f"{key}_save",
        ):
            saved = _check(grid, currency)
        if is_unsaved:
            st.button(
                t("documents.add.grid_drop"),
                type="tertiary",
                icon=":material/undo:",
                on_click=_drop,
                args=(key,),
                key=f"{key}_drop",
            )
        elif grid.dropped:
            st.button(
                t("documents.add.grid_bring_back", count=number(len(filled(grid.dropped)))),
                type="tertiary",
                icon=":material/redo:",
                on_click=_bring_back,
                args=(key,),
                key=f"{key}_bring_back",
            )
    return saved


def _drop(key: str) -> None:
    grid = _find(key)
    if grid is not None:
        keep_grid(key)
        grid.dropped = grid.now
        grid.refill(new_rows(grid.kind, ()).shown if not grid.saved else grid.saved, page=1)
        grid.problems, grid.error = (), ""


def _bring_back(key: str) -> None:
    grid = _find(key)
    if grid is not None:
        grid.refill(grid.dropped, page=1)
        grid.dropped = ()


def _check(
    grid: GridRows, currency: str, *, in_spite: bool = False
) -> tuple[RecordRow, ...] | None:
    """Return the rows that can be saved; None where there is something to look at before."""
    grid.problems, grid.error = (), ""
    try:
        with st.spinner(t("documents.add.grid_checking")):
            found = check_grid(grid.now, grid.kind, currency=currency)
    except LeanRagError as exc:
        grid.error = problem_text(exc.message)
        return None
    if not found.rows and not found.problems:
        grid.error = t("documents.add.grid_empty")
        return None
    grid.problems = found.problems
    if not found.rows or (found.problems and not in_spite):
        if grid.now != grid.shown:
            grid.refill()  # the numbers that the grid shows are those that the problems name
            st.rerun()
        return None
    return found.rows
