"""The audit log's search box and its filters: who, what, which kind of thing, and when."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import streamlit as st

from leanrag.audit import AuditFilter
from leanrag.bootstrap import Services
from pages._audit_address import (
    MAX_LETTERS,
    FilterName,
    clear_filter,
    read_day,
    read_value,
    set_value,
)
from pages._audit_words import action_text, actor_text, kind_text
from pages._chat_text import isolated
from pages._locale import number, t
from pages._safe_text import plain_text
from pages._services import may

NAMES_KEY = "audit_names"  # what those are called whose id the filter names
_CHOICES: tuple[FilterName, ...] = ("who", "action", "kind", "from", "to")
_MACHINES = ("system",)


def draw_filter(services: Services, tenant_id: UUID) -> None:
    """Draw the search box, and the filters behind one button that counts them."""
    actions, kinds = services.audit.kinds(tenant_id)
    with st.container(horizontal=True, vertical_alignment="bottom", key="audit_find"):
        st.session_state[_key("words")] = read_value("words")
        st.text_input(
            t("audit.search"),
            type="search",
            max_chars=MAX_LETTERS,
            placeholder=t("audit.search_hint"),
            icon=":material/search:",
            label_visibility="collapsed",
            key=_key("words"),
            on_change=_keep,
            args=("words",),
        )
        active = sum(bool(read_value(name)) for name in _CHOICES)
        label = t("audit.filters_some" if active else "audit.filters", count=number(active))
        with st.popover(label, icon=":material/filter_alt:", key="audit_filters"):
            _choose("who", _people(services, tenant_id))
            _choose("action", {name: action_text(name) for name in actions})
            _choose("kind", {name: kind_text(name) for name in kinds})
            _draw_days()


def draw_clear(wanted: AuditFilter) -> None:
    """Say whose and which thing's events these are, and offer to show all again."""
    if wanted == AuditFilter():
        return
    said = []
    if wanted.actor:
        known: Mapping[str, str] = st.session_state.get(NAMES_KEY, {})
        said.append(t("audit.only_who", name=_shown(known.get(wanted.actor, wanted.actor))))
    if wanted.object_id:
        said.append(t("audit.only_object", name=_shown(wanted.object_id)))
    with st.container(horizontal=True, vertical_alignment="center", key="audit_said"):
        if said:
            st.caption(" · ".join(said), width="content")
        st.button(
            t("audit.clear"),
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=clear_filter,
            key="audit_clear",
        )


def _people(services: Services, tenant_id: UUID) -> dict[str, str]:
    """Return who can be chosen: members by id, what is no person, and who is chosen already."""
    people: dict[str, str] = {}
    if may("members.read"):
        for member in services.access.members.list(tenant_id):
            people[str(member.person_id)] = member.name or member.email or str(member.person_id)
    for kind in _MACHINES:
        people[kind] = actor_text(kind, "")
    known: dict[str, str] = st.session_state.setdefault(NAMES_KEY, {})
    known |= people
    chosen = read_value("who")
    if chosen and chosen not in people:
        people[chosen] = known.get(chosen, chosen)
    return people


def _choose(name: FilterName, values: Mapping[str, str]) -> None:
    """Draw a choice of one value or none; a person may also be typed, as the log calls it."""
    chosen = read_value(name)
    options = ["", *values, *({chosen} - set(values) - {""})]
    st.session_state[_key(name)] = chosen
    st.selectbox(
        t(f"audit.by_{name}"),
        options,
        format_func=lambda value: values.get(value, value) if value else t("audit.any"),
        accept_new_options=name == "who",
        help=t("audit.by_who_help") if name == "who" else None,
        key=_key(name),
        on_change=_keep,
        args=(name,),
    )


def _draw_days() -> None:
    with st.container(horizontal=True):
        for name in ("from", "to"):
            st.session_state[_key(name)] = read_day(name)
            st.date_input(
                t(f"audit.by_{name}"),
                value=None,
                format="YYYY-MM-DD",
                key=_key(name),
                on_change=_keep,
                args=(name,),
            )


def _keep(name: FilterName) -> None:
    value = st.session_state[_key(name)]
    set_value(name, "" if value is None else str(value).strip())


def _key(name: str) -> str:
    return f"audit_filter_{name}"


def _shown(name: str) -> str:
    return isolated(plain_text(name if len(name) <= 60 else f"{name[:60]}…"))
