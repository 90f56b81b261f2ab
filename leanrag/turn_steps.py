"""The steps of a turn, put together by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from leanrag.budget import TokenBudgetController
from leanrag.embedding_cache import QuestionEmbedder
from leanrag.first_contact import FirstContact
from leanrag.memory import SessionMemoryManager
from leanrag.quotas import RateLimiter
from leanrag.response_cache import ResponseCache
from leanrag.retriever import ContextRetriever
from leanrag.right_of_way import RightOfWay
from leanrag.speech import Speaker
from leanrag.summary_renewal import SummaryRenewal
from leanrag.text.tokens import TokenCounter
from leanrag.token_margin import TokenMargins
from leanrag.tuning import RouterCache


@dataclass(frozen=True, slots=True)
class TurnSteps:
    """What a turn is made with; without a model no summary is renewed (None).

    `answer_settings` names the settings that shape answers, as `response_cache` has them.
    """

    contact: FirstContact
    routers: RouterCache
    memory: SessionMemoryManager
    embedder: QuestionEmbedder
    retriever: ContextRetriever
    budget: TokenBudgetController
    margins: TokenMargins
    counter: TokenCounter
    speaker: Speaker
    limiter: RateLimiter
    questions_per_month: int
    cache: ResponseCache
    answer_settings: str
    renewal: SummaryRenewal | None = None
    right_of_way: RightOfWay = field(default_factory=RightOfWay)

    def forget(self, tenant_id: UUID) -> None:
        """Drop what this process holds in memory of a tenant that is no more."""
        self.retriever.forget(tenant_id)
        self.routers.forget(tenant_id)
        self.margins.forget(tenant_id)
