"""Signing in: an address, the six digits from the mail, and the session goes into a cookie."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from pages._error_text import error_text
from pages._identity import network_address
from pages._locale import t, ui_language
from pages._safe_text import plain_text
from pages._tenants_delete import draw_farewell

_EMAIL = "sign_in_email"
_TICKET = "sign_in_ticket"
_PROBLEM = "sign_in_problem"
_TYPED_EMAIL = "sign_in_typed_email"
_TYPED_CODE = "sign_in_typed_code"
_UNNAMED = "OpenID"
_FAILED = "sign-in"  # in the address, when the cookie could not be set
# The browser takes the ticket to the server itself: a script's answer cannot set a cookie.
_CLAIM = """<script>
(async () => {
  const here = new URL(window.location.href);
  here.searchParams.delete("sign-in");
  try {
    const reply = await fetch("/api/v1/auth/claim", {
      method: "POST",
      headers: {"Content-Type": "application/json", "X-LeanRAG-Request": "page"},
      body: JSON.stringify({ticket: %s}),
    });
    if (!reply.ok) here.searchParams.set("sign-in", "failed");
  } catch (error) {
    here.searchParams.set("sign-in", "failed");
  }
  window.location.replace(here);
})();
</script>"""


def draw_sign_in(services: Services) -> None:
    """Draw what is due: the address, the code, or the way into the cookie.

    `services` are the unguarded ones: nobody is known yet.
    """
    st.title(t("sign_in.title"))
    ticket = st.session_state.pop(_TICKET, "")
    if ticket:
        _claim(ticket)
        return
    draw_farewell()
    if st.query_params.get(_FAILED):
        st.error(t("sign_in.cookie_failed"))
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem)
    if st.session_state.get(_EMAIL):
        _draw_code(services)
    else:
        _draw_email(services)
        _draw_providers(services)


def _draw_email(services: Services) -> None:
    st.caption(t("sign_in.intro"))
    with st.form("sign_in_address", border=False):
        st.text_input(
            t("sign_in.email"),
            key=_TYPED_EMAIL,
            autocomplete="email",
            placeholder="you@example.com",
        )
        st.form_submit_button(
            t("sign_in.send"),
            type="primary",
            width="stretch",
            on_click=_told,
            args=(lambda: _send_code(services, str(st.session_state[_TYPED_EMAIL])),),
        )


def _draw_code(services: Services) -> None:
    email = str(st.session_state[_EMAIL])
    with st.container(key="interface-sign_in_sent"):
        st.markdown(t("sign_in.sent", email=plain_text(email)))
        if not services.settings.smtp_host:
            st.caption(t("sign_in.in_log"))
    with st.form("sign_in_code", border=False):
        st.text_input(
            t("sign_in.code"), key=_TYPED_CODE, autocomplete="one-time-code", max_chars=20
        )
        st.form_submit_button(
            t("sign_in.enter"),
            type="primary",
            width="stretch",
            on_click=_told,
            args=(lambda: _verify(services, email, str(st.session_state[_TYPED_CODE])),),
        )
    with st.container(horizontal=True):
        st.button(
            t("sign_in.again"),
            type="tertiary",
            on_click=_told,
            args=(lambda: _send_code(services, email),),
            key="sign_in_again",
        )
        st.button(t("sign_in.other"), type="tertiary", on_click=_forget, key="sign_in_other")


def _draw_providers(services: Services) -> None:
    """Offer the OpenID providers that .streamlit/secrets.toml names."""
    names = _providers()
    if not names:
        return
    st.caption(t("sign_in.or"), text_alignment="center")
    # Somebody who came back; a button, so that a session that was revoked stays so.
    if st.user.to_dict().get("is_logged_in"):
        who = str(st.user.get("email") or st.user.get("name") or "")
        st.button(
            t("sign_in.go_on", name=plain_text(who)),
            width="stretch",
            on_click=_told,
            args=(lambda: _enter_by_provider(services),),
            key="sign_in_go_on",
        )
    for name in names:
        label = t("sign_in.by_provider", name=_UNNAMED if name is None else name.title())
        if st.button(label, width="stretch", key=f"sign_in_by_{name}"):
            st.login(name)


def _providers() -> list[str | None]:
    """Return the names of the OpenID providers; None for the one that has no name."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return []
    section = st.secrets["auth"]
    named: list[str | None] = [name for name in section if hasattr(section[name], "keys")]
    return named or [None]


def _told(action: Callable[[], None]) -> None:
    """Do what a button is for; what goes wrong is told when the form is drawn again."""
    try:
        action()
    except LeanRagError as error:
        st.session_state[_PROBLEM] = error_text(error)


def _send_code(services: Services, email: str) -> None:
    sign_in, ip = services.access.sign_in, network_address(services.settings)
    sign_in.request_code(email, ip=ip, language=ui_language())
    st.session_state[_EMAIL] = email.strip()
    st.query_params.pop(_FAILED, None)


def _verify(services: Services, email: str, code: str) -> None:
    ip, agent = network_address(services.settings), _agent()
    made = services.access.sign_in.verify_code(email, code, ip=ip, agent=agent)
    st.session_state[_TICKET] = made.ticket
    _forget()


def _enter_by_provider(services: Services) -> None:
    ip = network_address(services.settings)
    made = services.access.oidc.sign_in(st.user.to_dict(), ip=ip, agent=_agent())
    st.session_state[_TICKET] = made.ticket


def _agent() -> str:
    return str(st.context.headers.get("User-Agent", ""))


def _forget() -> None:
    for key in (_EMAIL, _TYPED_EMAIL, _TYPED_CODE):
        st.session_state.pop(key, None)


def _claim(ticket: str) -> None:
    st.caption(t("sign_in.entering"))
    st.html(_CLAIM % json.dumps(ticket), unsafe_allow_javascript=True)
