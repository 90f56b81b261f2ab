"""How far the processing of a source is: in the database, where every page and browser sees it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update

from db.models import Source
from db.tenancy import Database
from leanrag.errors import ProcessingInterrupted, ProcessingStopped
from leanrag.ingest.attempt import Attempt
from leanrag.right_of_way import RightOfWay

Step = Literal["extracting", "cutting", "summarising", "embedding", "storing"]
STEPS: tuple[Step, ...] = ("extracting", "cutting", "summarising", "embedding", "storing")

# Percent of the work that is done when a step begins, and when the last one ends.
_BEGINS_AT: dict[Step, int] = {
    "extracting": 5,
    "cutting": 35,
    "summarising": 40,
    "embedding": 50,
    "storing": 90,
}
_ENDS_AT = dict(zip(STEPS, [*list(_BEGINS_AT.values())[1:], 99], strict=True))
_WRITE_SECONDS = 0.3  # a page asks once a second
_LOOK_SECONDS = 1.0
_STOPPED = "The processing of this source was stopped."


class Progress:
    """Writes the steps of one source, each in a transaction of its own, and hears when to stop.

    Every method raises ProcessingStopped where a person has stopped the source, deleted it or had
    it begin anew, and ProcessingInterrupted where the worker has to end.
    """

    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        source_id: UUID,
        right_of_way: RightOfWay,
        attempt: Attempt | None = None,
    ) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._source_id = source_id
        self._right_of_way = right_of_way
        self._attempt = attempt
        self._step: Step = "extracting"
        self._total = 0
        self._done = 0
        self._heard = 0.0  # when the database was last written or asked

    def begin(self, step: Step, total: int = 0) -> None:
        """Say that a step of `total` units begins."""
        self._step, self._total = step, total
        self._write({"step": step, "step_total": total, "error": None}, done=0)

    def advance(self, done: int, total: int | None = None) -> None:
        """Say that `done` units of the step are done; written now and then. Turns go first."""
        self._right_of_way.give_way()
        self._total = self._total if total is None else total
        self._check_interrupted()
        if time.monotonic() - self._heard >= _WRITE_SECONDS:
            self._write({"step_total": self._total}, done=done)

    def wait(self, done: int = 0, total: int = 0) -> None:
        """Go on waiting for what works elsewhere, as a reader's process does, and may have got on.

        To be called about twice a second; the database is asked once a second at most.
        """
        if done > self._done:
            self.advance(done, total)
            return
        self._check_interrupted()
        if time.monotonic() - self._heard >= _LOOK_SECONDS:
            self._look()

    def _look(self) -> None:
        query = select(Source.status).where(
            Source.tenant_id == self._tenant_id, Source.source_id == self._source_id
        )
        with self._database.tenant(self._tenant_id) as session:
            status = session.scalar(query)
        if status != "processing":
            raise ProcessingStopped(_STOPPED)
        self._heard = time.monotonic()

    def _check_interrupted(self) -> None:
        if self._attempt is not None and self._attempt.is_ending():
            raise ProcessingInterrupted("The worker ends; the source waits for the next one.")

    def _write(self, values: Mapping[str, object], *, done: int) -> None:
        self._check_interrupted()
        begins, ends = _BEGINS_AT[self._step], _ENDS_AT[self._step]
        share = min(1.0, done / self._total) if self._total else 0.0
        progress = begins + int((ends - begins) * share)
        with self._database.tenant(self._tenant_id) as session:
            written = session.execute(
                update(Source)
                .where(
                    Source.tenant_id == self._tenant_id,
                    Source.source_id == self._source_id,
                    Source.status == "processing",
                )
                .values(**values, step_done=done, progress=progress)
                .returning(Source.source_id)
            ).one_or_none()
        if written is None:
            raise ProcessingStopped(_STOPPED)
        self._done, self._heard = done, time.monotonic()
