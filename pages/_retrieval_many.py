"""A file of questions: taken in, tried one after the other with a stop, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.retrieval_questions import MAX_QUESTIONS, RetrievalQuestion, read_questions
from leanrag.retrieval_rows import RetrievalRow
from pages._chat_text import isolated
from pages._error_text import error_text
from pages._locale import number, t
from pages._retrieval_table import draw_results
from pages._safe_text import plain_text
from pages._services import current_tenant

_TRIAL, _PROBLEM, _GENERATION = "retrieval_trial", "retrieval_problem", "retrieval_generation"
_EXAMPLE = "question,expected,source\r\nHow long does delivery take?,three working days,\r\n"
_STYLE = """<style>
.st-key-retrieval_upload [data-testid="stFileUploaderDropzoneInstructions"] {{ display: none; }}
.st-key-retrieval_upload [data-testid="stFileUploaderDropzone"] button p {{ font-size: 0; }}
.st-key-retrieval_upload [data-testid="stFileUploaderDropzone"] button p::after {{
  content: "{browse}"; font-size: 0.875rem;
}}
</style>"""


@dataclass(slots=True)
class Trial:
    """The questions of a file, the rows of those that were tried, and whether it goes on."""

    filename: str
    questions: tuple[RetrievalQuestion, ...]
    rows: list[RetrievalRow] = field(default_factory=list)
    is_running: bool = False
    problem: str = ""


def draw_many(services: Services, bot: UUID | None) -> None:
    """Draw the uploader, the questions' progress, and the table of those that were tried."""
    _draw_upload()
    problem = st.session_state.get(_PROBLEM)
    if problem:
        st.error(problem, icon=":material/error:")
    trial: Trial | None = st.session_state.get(_TRIAL)
    if trial is None:
        return
    _draw_controls(trial)
    if trial.is_running:
        _go_on(services, trial, bot)
    if trial.problem:
        st.error(trial.problem, icon=":material/error:")
    if trial.rows:
        draw_results(trial.rows, filename=trial.filename)


def _draw_upload() -> None:
    generation = st.session_state.setdefault(_GENERATION, 0)
    st.html(_STYLE.format(browse=t("retrieval.browse")))
    with st.container(border=True, key="retrieval_upload"):
        key = f"retrieval_file_{generation}"
        st.file_uploader(
            t("retrieval.upload", count=number(MAX_QUESTIONS)),
            type=["csv", "tsv", "txt"],
            key=key,
            on_change=_take_over,
            args=(key,),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("retrieval.upload_help"), width="stretch")
            st.download_button(
                t("retrieval.example"),
                _EXAMPLE.encode("utf-8-sig"),
                file_name="questions.csv",
                mime="text/csv",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
                key="retrieval_example",
            )


def _take_over(key: str) -> None:
    """Read the file's questions and let go of it; a new key is a new, empty uploader."""
    file = st.session_state.get(key)
    if file is None:
        return
    st.session_state.pop(_TRIAL, None)
    try:
        questions = read_questions(file.getvalue(), file.name)
    except LeanRagError as exc:
        st.session_state[_PROBLEM] = plain_text(error_text(exc))
    else:
        st.session_state.pop(_PROBLEM, None)
        st.session_state[_TRIAL] = Trial(file.name, questions)
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    del st.session_state[key]
    st.session_state[_GENERATION] += 1


def _draw_controls(trial: Trial) -> None:
    """Draw whose questions these are, and the one button that fits: begin, stop, go on."""
    expecting = sum(asked.expects for asked in trial.questions)
    with st.container(horizontal=True, vertical_alignment="center", key="retrieval_controls"):
        name = isolated(plain_text(trial.filename))
        st.markdown(
            t(
                "retrieval.file",
                name=f"**{name}**",
                questions=number(len(trial.questions)),
                expecting=number(expecting),
            )
        )
        _draw_button(trial)
    if trial.rows and not trial.is_running and len(trial.rows) < len(trial.questions):
        done, total = number(len(trial.rows)), number(len(trial.questions))
        st.info(t("retrieval.stopped", done=done, total=total), icon=":material/pause_circle:")


def _draw_button(trial: Trial) -> None:
    """Draw one button for all: two would stand beside each other until the first is forgotten."""
    if not trial.is_running and len(trial.rows) == len(trial.questions):
        return
    name = "stop" if trial.is_running else "resume" if trial.rows else "start"
    st.button(
        t(f"retrieval.{name}"),
        type="secondary" if trial.is_running else "primary",
        icon=f":material/{'stop' if trial.is_running else 'play_arrow'}:",
        on_click=_stop if trial.is_running else _start,
        key="retrieval_run",
    )


def _go_on(services: Services, trial: Trial, bot: UUID | None) -> None:
    """Try the questions that are left; whatever is clicked meanwhile keeps what is done."""
    total = len(trial.questions)
    bar = st.progress(len(trial.rows) / total, text=_progress_text(trial))
    try:
        rows = services.retrieval_test.run(
            current_tenant(), trial.questions, bot=bot, first=len(trial.rows) + 1
        )
        for row in rows:
            trial.rows.append(row)
            bar.progress(len(trial.rows) / total, text=_progress_text(trial))
    except LeanRagError as exc:
        trial.problem = plain_text(error_text(exc))
    trial.is_running = False
    st.rerun()


def _progress_text(trial: Trial) -> str:
    done, total = number(len(trial.rows)), number(len(trial.questions))
    return t("retrieval.progress", done=done, total=total)


def _start() -> None:
    trial: Trial = st.session_state[_TRIAL]
    trial.is_running, trial.problem = True, ""


def _stop() -> None:
    trial: Trial = st.session_state[_TRIAL]
    trial.is_running = False
