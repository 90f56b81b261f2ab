"""Whether a question may be asked, and where it goes: checked, counted, routed and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.base import new_id
from db.tenancy import Database, commit_without_waiting
from leanrag.conversations import add_conversation, continue_conversation
from leanrag.first_contact import FirstContactMatch
from leanrag.quotas import reserve_question
from leanrag.response_cache import AnswerBasis, CacheKey
from leanrag.settlement import AdmittedTurn, store_opening
from leanrag.text.language import detect_language
from leanrag.text.normalize import clean
from leanrag.turn_basis import TurnBasis, read_basis
from leanrag.turn_steps import TurnSteps
from leanrag.types import Language, PastMessage, Route


@dataclass(frozen=True, slots=True)
class Question:
    """What a customer asks: in a conversation or a new one, of a bot (slug or id) or the first."""

    text: str
    conversation_id: UUID | None = None
    bot: str | UUID | None = None
    channel: str = "console"


class Admission:
    """Lets questions in."""

    def __init__(self, database: Database, steps: TurnSteps) -> None:
        self._database = database
        self._steps = steps

    def admit(self, tenant_id: UUID, question: Question) -> AdmittedTurn:
        """Check and count the question, route it, and store both messages, in one transaction.

        A greeting or thanks is no question: it takes nothing of the monthly quota. An answer that
        was given before is looked for where the question stands alone. Raises
        EmptyQuestion, QuestionTooLong, NotFound, Conflict, RateLimited, QuotaExceeded.
        """
        text = clean(question.text).strip()
        contact = self._recognise(text)
        if contact is None or not contact.is_whole:
            self._steps.budget.check_question(text)
        self._steps.limiter.admit(tenant_id)
        with self._database.tenant(tenant_id) as session:
            # Nothing is acknowledged yet; the settlement waits for the disk, and so for this too.
            commit_without_waiting(session)
            basis, conversation_id = self._open(tenant_id, question, text, session=session)
            turn = self._turn(tenant_id, basis, conversation_id, text, contact, session=session)
            store_opening(turn, session=session)
            if turn.is_question:
                reserve_question(
                    tenant_id, questions_per_month=self._steps.questions_per_month, session=session
                )
        return turn

    def _recognise(self, text: str) -> FirstContactMatch | None:
        return self._steps.contact.recognise(text, detect_language(text))

    def _turn(
        self,
        tenant_id: UUID,
        basis: TurnBasis,
        conversation_id: UUID,
        text: str,
        contact: FirstContactMatch | None,
        *,
        session: Session,
    ) -> AdmittedTurn:
        router = self._steps.routers.read(tenant_id, session=session, version=basis.tuning_version)
        route = router.route(text)
        turn = AdmittedTurn(
            tenant_id=tenant_id,
            basis=basis,
            conversation_id=conversation_id,
            question_id=new_id(),
            message_id=new_id(),
            question=text,
            route=route,
            memory=self._steps.memory.recall(basis.summary, basis.latest),
            margin=self._steps.margins.read(tenant_id, route.language, session=session),
            contact=contact,
        )
        if contact is not None or not self._stands_alone(basis):
            return turn
        key = self._cache_key(basis, route)
        found = self._steps.cache.find(tenant_id, key, text, session=session)
        return replace(turn, cache_key=key, cached=found)

    def _stands_alone(self, basis: TurnBasis) -> bool:
        """Tell whether nothing was said before that an answer could rest on: greetings at most."""
        said = (message.text for message in basis.latest if message.role == "user")
        matches = (self._recognise(text) for text in said)
        return not basis.summary and all(match and match.is_whole for match in matches)

    def _cache_key(self, basis: TurnBasis, route: Route) -> CacheKey:
        stands_on = AnswerBasis(
            knowledge_version=basis.knowledge_version,
            prompt_version=basis.prompt_version,
            tuning_version=basis.tuning_version,
            settings=self._steps.answer_settings,
            model=self._steps.speaker.model_name,
            encoding=self._steps.counter.name,
            language=route.language,
            intent=route.intent,
            also=route.also,
        )
        return CacheKey(basis.bot_id, route.language, stands_on.digest())

    def _open(
        self, tenant_id: UUID, question: Question, text: str, *, session: Session
    ) -> tuple[TurnBasis, UUID]:
        """Go on with the question's conversation, locked, or open one."""
        if question.conversation_id is None:
            basis = read_basis(tenant_id, question.bot, session=session)
            conversation_id = add_conversation(
                tenant_id,
                bot_id=basis.bot_id,
                channel=question.channel,
                question=text,
                session=session,
            )
            return basis, conversation_id
        own_bot = continue_conversation(tenant_id, question.conversation_id, session=session)
        basis = read_basis(
            tenant_id,
            own_bot if question.bot is None else question.bot,
            conversation_id=question.conversation_id,
            recent_messages=self._steps.memory.recent_messages,
            session=session,
        )
        return basis, question.conversation_id


def reply_language(match: FirstContactMatch, text: str, latest: Sequence[PastMessage]) -> Language:
    """Return the language to reply in: of the words that decided, or else of what was said before.

    An emoji tells no language, so the customer's last message does; `latest` is newest first.
    """
    if any(letter.isalpha() for letter in text):
        return match.language
    before = next((message.text for message in latest if message.role == "user"), "")
    return detect_language(before, default=match.language)
