"""An answer that is being written: it lives in the session, beyond one drawing of the page."""

from __future__ import annotations

import threading
from uuid import UUID

from leanrag.errors import LeanRagError
from leanrag.stream import AnswerStream
from leanrag.types import TextDelta, TurnEnded, TurnEvent, TurnFailed, TurnStarted


class LiveAnswer:
    """A running answer as far as it has come; it goes on while the page is drawn anew.

    Streamlit begins a new drawing before the last one has noticed, so that for a moment two threads
    advance the same answer.
    """

    def __init__(self, stream: AnswerStream, *, question: str, asked_in: UUID | None) -> None:
        self.question = question
        self.asked_in = asked_in
        self.conversation_id: UUID | None = None
        self.message_id: UUID | None = None
        self.text = ""
        self.is_stopping = False
        self.refusal: LeanRagError | None = None
        self._stream = stream
        self._events = stream.events()
        self._lock = threading.Lock()

    def advance(self) -> bool:
        """Take the next event, or wait a moment for one; False when the answer has ended."""
        with self._lock:
            try:
                event = next(self._events)
            except StopIteration:
                return False
            except LeanRagError as error:
                self.refusal = error
                return False
            self._take(event)
            return True

    def stop(self) -> None:
        """Ask the answer to end; what it has said is kept."""
        self.is_stopping = True
        self._stream.cancel()

    def _take(self, event: TurnEvent | None) -> None:
        if isinstance(event, TurnStarted):
            self.conversation_id, self.message_id = event.conversation_id, event.message_id
        elif isinstance(event, TextDelta):
            self.text += event.text
        elif isinstance(event, TurnEnded):
            self.text = event.text
        elif isinstance(event, TurnFailed):
            self.text = event.kept_text
