"""A turn in a thread of its own, read through a queue: so that a reader can poll, and stop it."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Iterator
from uuid import UUID

from leanrag.answer import Answerer, Question
from leanrag.errors import LeanRagError
from leanrag.types import TurnEvent

_Item = TurnEvent | Exception | None


class AnswerStream:
    """Runs a turn in a thread. The turn goes on to its end when nobody reads, unless cancelled."""

    def __init__(self, answerer: Answerer, tenant_id: UUID, question: Question) -> None:
        self._answerer = answerer
        self._tenant_id = tenant_id
        self._question = question
        self._cancelled = threading.Event()
        self._queue: queue.Queue[_Item] = queue.Queue()
        run = contextvars.copy_context().run  # whose turn it is goes along
        self._thread = threading.Thread(
            target=run, args=(self._run,), name="leanrag-turn", daemon=True
        )
        self._thread.start()

    def events(self, poll_seconds: float = 0.1) -> Iterator[TurnEvent | None]:
        """Yield the turn's events, and None whenever none came for `poll_seconds`.

        Raises the LeanRagError that forbade the turn.
        """
        while True:
            try:
                item = self._queue.get(timeout=poll_seconds)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def cancel(self) -> None:
        """Stop the answer within 0.25 s; what was said is kept, and TurnEnded follows."""
        self._cancelled.set()

    def join(self, timeout_seconds: float | None = None) -> None:
        """Wait until the turn is settled."""
        self._thread.join(timeout_seconds)

    def _run(self) -> None:
        try:
            for event in self._answerer.answer(
                self._tenant_id, self._question, cancelled=self._cancelled
            ):
                self._queue.put(event)
        except LeanRagError as exc:
            self._queue.put(exc)
        except Exception as exc:  # noqa: BLE001 - it goes on in the reader's thread
            self._queue.put(exc)
        finally:
            self._queue.put(None)
