"""The cursor waits in the input when the page opens."""

from __future__ import annotations

import streamlit as st

# Not on a touch screen, where it would open the keyboard over the page.
_FOCUS = """<script>
if (matchMedia("(pointer: fine)").matches && document.activeElement === document.body)
  document.querySelector('[data-testid="stChatInputTextArea"]')?.focus();
</script>"""


def focus_input() -> None:
    """Put the cursor into the input, unless something else has it; runs when the page opens."""
    with st.container(key="chat_focus"):
        st.html(_FOCUS, unsafe_allow_javascript=True)
