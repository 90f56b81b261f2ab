"""What is wrong in the rows of a list: each with its row and column, and all of them as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from leanrag.csv_export import export_csv
from leanrag.ingest.record_rows import RowProblem
from pages._documents_add_sentences import translated
from pages._locale import number, t

_COLUMNS = ("row", "column", "problem", "left_out")
_NAMED = frozenset(
    {"question", "answer", "language", "title", "description"}
    | {"price", "currency", "url", "attributes"}
)
_ROWS_IN_SIGHT = 8


def draw_problems(problems: Sequence[RowProblem], *, key: str) -> None:
    """Show the problems in the order of their rows, and offer them as a CSV file."""
    left_out = sum(problem.is_left_out for problem in problems)
    text = t("documents.add.problems", count=number(len(problems)))
    if left_out:
        text = f"{text} {t('documents.add.problems_left_out', count=number(left_out))}"
    st.warning(text, icon=":material/rule:")
    names = {name: t(f"documents.add.problem_{name}") for name in _COLUMNS}
    frame = problems_frame(problems)
    formats: dict[str, Any] = {"row": number}
    st.dataframe(
        frame.style.format(formats),
        hide_index=True,
        height=36 * (min(len(problems), _ROWS_IN_SIGHT) + 1) + 2,
        column_config={
            "row": st.column_config.NumberColumn(names["row"], width=60),
            "column": st.column_config.TextColumn(names["column"], width=120),
            "problem": st.column_config.TextColumn(names["problem"], width=620),
            "left_out": st.column_config.CheckboxColumn(names["left_out"], width=90),
        },
        key=f"{key}_problems",
    )
    # Outside a run of the script, where the file is made, no language is known.
    rows = [tuple(row) for row in frame.itertuples(index=False)]
    st.download_button(
        t("documents.add.problems_download"),
        lambda: export_csv([names[name] for name in _COLUMNS], rows),
        file_name="problems.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"{key}_download",
    )


def problems_frame(problems: Sequence[RowProblem]) -> pd.DataFrame:
    """Return one line for each problem, its sentence in the interface's language."""
    return pd.DataFrame(
        {
            "row": [problem.row_number for problem in problems],
            "column": [_column(problem.column) for problem in problems],
            "problem": [translated(problem.sentence) for problem in problems],
            "left_out": [problem.is_left_out for problem in problems],
        }
    )


def _column(name: str) -> str:
    return t(f"documents.add.column_{name}") if name in _NAMED else name
