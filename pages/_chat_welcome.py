"""An empty conversation: the bot's greeting, and questions to begin with."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bots import BotView
from pages._chat_messages import message_box, text_box
from pages._chat_state import ask
from pages._locale import t, ui_language
from pages._safe_text import safe_markdown
from pages._services import may

_DEMO_BOT = "shop-assistant"
_EXAMPLES = ("example_1", "example_2", "example_3", "example_4")


def draw_welcome(services: Services, bot: BotView) -> None:
    """Greet, and for the demo shop's bot offer four questions that its sources answer."""
    greeting = bot.greeting.get(ui_language(), "") or t("chat.greeting")
    with message_box("assistant"), text_box(greeting, key="greeting"):
        st.markdown(safe_markdown(greeting))
    if bot.slug != _DEMO_BOT or not may("ask"):
        return
    with st.container(key="chat_examples", gap="small"):
        st.caption(t("chat.examples"))
        for name in _EXAMPLES:
            question = t(f"chat.{name}")
            st.button(
                question,
                key=f"chat_{name}",
                icon=":material/help:",
                on_click=ask,
                args=(services, question, bot),
            )
