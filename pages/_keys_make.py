"""Making a key: what it may do and for how long; the key itself is shown this once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from leanrag.api_keys import KEY_SCOPES, NewKey
from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.identity import Identity
from leanrag.permissions import Action
from pages._keys_words import console_address, example, key_name
from pages._locale import number, t
from pages._members_notice import notice
from pages._members_roles import action_text
from pages._services import visitor

DAYS = (30, 90, 365, 0)  # 0: no end
_NAME, _DAYS, _MADE = "keys_name", "keys_days", "keys_made"
# The button that copies would show only under a mouse.
_STYLE = """<style>
.st-key-keys_once [data-testid="stCode"] > div { opacity: 1 !important; }
.st-key-keys_once [data-testid="stCode"] > div, .st-key-keys_once [data-testid="stCode"] > div * {
  visibility: visible !important;
}
.st-key-keys_once pre { padding-right: 3.5rem !important; }
</style>"""
_CHOSEN_AT_FIRST: frozenset[Action] = frozenset({"ask"})


def draw_make(services: Services, identity: Identity) -> None:
    """Draw the button that asks what to make; show the key that was just made, once."""
    made: NewKey | None = st.session_state.pop(_MADE, None)
    if made is not None:
        _show(made)
    scopes = tuple(scope for scope in KEY_SCOPES if scope in identity.allowed)
    if st.button(t("keys.make"), type="primary", icon=":material/key:", key="keys_make"):
        _ask(services, scopes)


def _ask(services: Services, scopes: tuple[Action, ...]) -> None:
    for key in (_NAME, _DAYS, *(_box(scope) for scope in KEY_SCOPES)):
        st.session_state.pop(key, None)  # a dialog that was closed leaves what was typed

    @st.dialog(t("keys.make"), icon=":material/key:", width="medium")
    def ask() -> None:
        if _MADE in st.session_state:
            st.rerun()
        notice.draw_problem()
        with st.form("keys_new", border=False):
            st.text_input(t("keys.name"), placeholder=t("keys.name_hint"), max_chars=100, key=_NAME)
            _draw_scopes(scopes)
            st.selectbox(t("keys.end"), DAYS, index=1, format_func=_days_text, key=_DAYS)
            st.form_submit_button(
                t("keys.make_yes"),
                type="primary",
                width="stretch",
                on_click=_make,
                args=(services, scopes),
                key="keys_make_yes",
            )

    ask()


def _draw_scopes(scopes: tuple[Action, ...]) -> None:
    st.markdown(t("keys.scopes"))
    with st.container(gap="xsmall", key="keys_scopes"):
        for scope in scopes:
            st.checkbox(action_text(scope), value=scope in _CHOSEN_AT_FIRST, key=_box(scope))
    st.caption(t("keys.never"))


def _make(services: Services, offered: tuple[Action, ...]) -> None:
    if _MADE in st.session_state:
        return  # the button was pressed twice
    days: int = st.session_state[_DAYS]
    try:
        st.session_state[_MADE] = services.access.keys.make(
            visitor(anew=True),
            str(st.session_state[_NAME]),
            [scope for scope in offered if st.session_state[_box(scope)]],
            expires_at=datetime.now(UTC) + timedelta(days=days) if days else None,
        )
    except LeanRagError as error:
        notice.complain(error)


def _show(made: NewKey) -> None:
    """Open a dialog that only its button closes; nothing keeps the key once it is closed."""

    @st.dialog(t("keys.made_title"), icon=":material/key:", width="medium", dismissible=False)
    def show() -> None:
        with st.container(key="interface-keys-made"):
            st.markdown(f"**{key_name(made.view)}**")
        st.warning(t("keys.once"), icon=":material/visibility:")
        st.html(_STYLE)
        with st.container(key="keys_once"):
            st.code(made.text, language=None, wrap_lines=True)
            st.markdown(t("keys.example"))
            command = example(made.text, made.view.scopes, console_address())
            st.code(command, language=None, wrap_lines=True)
        if st.button(t("keys.done"), type="primary", width="stretch", key="keys_done"):
            st.rerun()

    show()


def _days_text(days: int) -> str:
    return t("keys.days", days=number(days)) if days else t("keys.no_end")


def _box(scope: Action) -> str:
    return f"keys_scope_{scope}"
