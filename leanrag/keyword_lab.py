"""The keyword lab: what every keyword does in real and labelled messages, now and by a draft."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.tenancy import Database
from leanrag.draft_router import RouterMaker, as_saved
from leanrag.first_contact import FirstContact
from leanrag.intent_learning import IntentExample
from leanrag.intent_model import IntentModel
from leanrag.keyword_findings import KeywordFinding, RoutedMessage, find_out
from leanrag.keyword_removal import KeywordRemoval
from leanrag.labelled_messages import load_examples
from leanrag.recent_questions import DEFAULT_QUESTIONS, forbid_writing, read_questions, to_be_routed
from leanrag.router import KeywordRule, QueryRouter
from leanrag.routing_scores import LabelledRoute, LanguageFigures, figures_of
from leanrag.tuning import TuningDraft, check_draft, load_tuning
from leanrag.types import Intent, Language, Route


@dataclass(frozen=True, slots=True)
class RoutingSide:
    """One set of keywords: what each did, and how well its routes agree with the labels."""

    keywords: tuple[KeywordFinding, ...]
    scores: tuple[LanguageFigures, ...]

    @property
    def never_fired(self) -> tuple[KeywordFinding, ...]:
        """The enabled keywords that no message holds."""
        return tuple(finding for finding in self.keywords if not finding.matched)


@dataclass(frozen=True, slots=True)
class ChangedRoute:
    """A message whose intents change; `label` is a person's, None where nobody set one."""

    text: str
    language: Language
    before: Intent
    after: Intent
    also_before: Intent | None
    also_after: Intent | None
    label: Intent | None

    @property
    def is_right(self) -> bool | None:
        """Whether the new intent is the label; None where there is no label."""
        return None if self.label is None else self.after == self.label

    @property
    def was_right(self) -> bool | None:
        """Whether the intent before was the label; None where there is no label."""
        return None if self.label is None else self.before == self.label


@dataclass(frozen=True, slots=True)
class LabReport:
    """Keywords in force and by the draft, over the same messages.

    `messages` are distinct texts, of which `labelled` carry a label. `duplicates`: keywords of the
    draft that several intents share once analysed, each group of one language. `is_apart`: turns
    have a model that learned from these labels, so they were routed without what it learned.
    `is_complete` is false when it was cancelled: both sides then stand on what came first.
    """

    before: RoutingSide
    after: RoutingSide
    changed: tuple[ChangedRoute, ...]
    duplicates: tuple[tuple[KeywordRule, ...], ...]
    messages: int
    labelled: int
    is_apart: bool
    is_complete: bool
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class _Trial:
    """What is in force and the draft, a router of each, and the texts that both route."""

    drafts: tuple[TuningDraft, TuningDraft]
    routers: tuple[QueryRouter, QueryRouter]
    labels: Mapping[str, IntentExample]
    texts: tuple[str, ...]


class KeywordLab:
    """Examines keywords against a tenant's messages; stores nothing. Thread-safe."""

    def __init__(
        self,
        database: Database,
        make_router: RouterMaker,
        contact: FirstContact,
        *,
        unlearned: Callable[[], IntentModel] | None = None,
    ) -> None:
        """`make_router` makes what turns are routed by, `contact` tells what is not routed at all.

        Where that has learned from the tenant's labels, labelled messages are routed by the same
        keywords beside the model that `unlearned` loads: none may be judged by what it was taught.
        """
        self._database = database
        self._make_router = make_router
        self._contact = contact
        self._unlearned = unlearned

    def examine(
        self,
        tenant_id: UUID,
        draft: TuningDraft,
        *,
        bot: str | UUID | None = None,
        questions: int = DEFAULT_QUESTIONS,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> LabReport:
        """Return what each keyword does in the last questions and all labelled messages.

        `on_progress(done, all)` counts messages; `cancelled` ends it early. Raises InvalidInput for
        a draft that cannot be in force, NotFound for an unknown bot, and DatabaseUnavailable.
        """
        started = time.perf_counter()
        check_draft(draft)
        trial = self._prepare(tenant_id, as_saved(draft), bot, questions)
        judge = _Judge(trial.drafts, self._unlearned)
        routed: list[tuple[RoutedMessage, RoutedMessage]] = []
        for text in trial.texts:
            if cancelled is not None and cancelled.is_set():
                break
            routed.append(_route(text, trial, judge))
            if on_progress is not None:
                on_progress(len(routed), len(trial.texts))
        removals = [KeywordRemoval(one.keywords, one.routings) for one in trial.drafts]
        before, after = (
            _side(one, removal, [pair[place] for pair in routed], trial.labels)
            for place, (one, removal) in enumerate(zip(trial.drafts, removals, strict=True))
        )
        return LabReport(
            before=before,
            after=after,
            changed=tuple(_changed(routed)),
            duplicates=removals[1].twins(),
            messages=len(routed),
            labelled=sum(one.label is not None for one, _ in routed),
            is_apart=judge.was_asked,
            is_complete=len(routed) == len(trial.texts),
            elapsed_seconds=time.perf_counter() - started,
        )

    def _prepare(
        self, tenant_id: UUID, draft: TuningDraft, bot: str | UUID | None, questions: int
    ) -> _Trial:
        with self._database.tenant(tenant_id) as session:
            forbid_writing(session)
            asked = read_questions(tenant_id, bot=bot, limit=questions, session=session)
            labels = {e.text: e for e in load_examples(tenant_id, session=session)}
            drafts = (load_tuning(tenant_id, session=session), draft)
            before, after = (self._make_router(tenant_id, one, session=session) for one in drafts)
        routed = to_be_routed(asked, self._contact)
        texts = tuple(dict.fromkeys([*labels, *(one.text for one in routed)]))
        return _Trial(drafts, (before, after), labels, texts)


class _Judge:
    """Routes labelled messages by the same keywords, beside a model that has not seen them."""

    def __init__(
        self, drafts: Sequence[TuningDraft], load: Callable[[], IntentModel] | None
    ) -> None:
        self._drafts, self._load = drafts, load
        self._routers: list[QueryRouter] = []

    @property
    def was_asked(self) -> bool:
        return bool(self._routers)

    def route(self, text: str) -> list[Route]:
        if not self._routers:
            model = None if self._load is None else self._load()
            self._routers = [
                QueryRouter(draft.keywords, draft.routings, model) for draft in self._drafts
            ]
        return [router.route(text) for router in self._routers]


def _route(text: str, trial: _Trial, judge: _Judge) -> tuple[RoutedMessage, RoutedMessage]:
    label = trial.labels.get(text)
    routes = [router.route(text) for router in trial.routers]
    if label is not None and any(route.explanation.labelled for route in routes):
        routes = judge.route(text)
    intent = None if label is None else label.intent
    return RoutedMessage(text, routes[0], intent), RoutedMessage(text, routes[1], intent)


def _side(
    draft: TuningDraft,
    removal: KeywordRemoval,
    messages: Sequence[RoutedMessage],
    labels: Mapping[str, IntentExample],
) -> RoutingSide:
    return RoutingSide(
        find_out(draft.keywords, removal, messages),
        figures_of(
            LabelledRoute(labels[m.text].language, labels[m.text].intent, m.route.intent)
            for m in messages
            if m.label is not None
        ),
    )


def _changed(routed: Sequence[tuple[RoutedMessage, RoutedMessage]]) -> Iterator[ChangedRoute]:
    for one, other in routed:
        before, after = one.route, other.route
        if (before.intent, before.also) != (after.intent, after.also):
            yield ChangedRoute(
                text=one.text,
                language=before.language,
                before=before.intent,
                after=after.intent,
                also_before=before.also,
                also_after=after.also,
                label=one.label,
            )
