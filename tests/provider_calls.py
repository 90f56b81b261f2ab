"""Questions to a chat model, as the tests of several files ask them."""

from __future__ import annotations

import threading

from leanrag.errors import ProviderError
from leanrag.llm import ChatModel
from leanrag.types import ModelDelta, PromptMessage
from tests.provider_server import Reply

KEY = "sk-test-1234567890"
PROMPT = (
    PromptMessage("system", "Answer from the evidence and cite it as [1]."),
    PromptMessage(
        "user",
        "<evidence>\n[1] Shop > Delivery\nDelivery takes 3.5 days. It is free.\n"
        "[2] Returns\nThirty days.\n</evidence>\n<question>\nHow long?",
    ),
)
WORDS = Reply(text="one two three four")


def ask(model: ChatModel, max_completion_tokens: int | None = None) -> list[ModelDelta]:
    """Return every piece of the answer to PROMPT."""
    never = threading.Event()
    return list(model.stream(PROMPT, cancelled=never, max_completion_tokens=max_completion_tokens))


def text_of(deltas: list[ModelDelta]) -> str:
    return "".join(delta.text for delta in deltas)


def ask_until_failure(model: ChatModel) -> tuple[str, ProviderError]:
    """Return the text that came before the failure, and the failure."""
    text = ""
    try:
        for delta in model.stream(PROMPT, cancelled=threading.Event()):
            text += delta.text
    except ProviderError as failure:
        return text, failure
    raise AssertionError(f"The stream ended well, with {text!r}.")
