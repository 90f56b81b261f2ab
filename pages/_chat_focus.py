"""The cursor waits in the input when the page opens."""

from __future__ import annotations

import streamlit as st

# Not on a touch screen, where it would open the keyboard over the page.
_FOCUS = """<script>
(function focusInput(tries) {
  const input = document.querySelector('[data-testid="stChatInputTextArea"]');
  if (!input && tries) return setTimeout(focusInput, 50, tries - 1);
  if (input && matchMedia("(pointer: fine)").matches && document.activeElement === document.body)
    input.focus();
})(40);
</script>"""


def focus_input() -> None:
    """Put the cursor into the input, unless something else has it; runs when the page opens."""
    with st.container(key="chat_focus"):
        st.html(_FOCUS, unsafe_allow_javascript=True)
