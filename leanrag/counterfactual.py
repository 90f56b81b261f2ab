"""What the send-everything prompt would have taken: the measure of what the budget saves.

The prompt that it stands for sends with every question the whole manual, 8 FAQ pairs, 6 products,
10 web pages and 6 earlier messages. Uploaded documents count with 2,000 tokens at most (five
passages of 400, the usual default of retrieval libraries), so that a large archive cannot inflate
what we claim to save. Where a list is longer than what would be sent, its mean counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.ledger import Counterfactual, CounterfactualPart
from leanrag.text.tokens import TokenCounter
from leanrag.types import PastMessage

SENT_FAQ_PAIRS = 8
SENT_PRODUCTS = 6
SENT_PAGES = 10
SENT_MESSAGES = 6
MAX_DOCUMENT_TOKENS = 2_000

# What `:tenant` would send with a question to the bot that the query around this calls `bot`.
SOURCE_TOTALS = """
    SELECT kind, sum(token_count) AS tokens, sum(passage_count) AS passages, count(*) AS sources
    FROM sources
    WHERE tenant_id = :tenant AND status = 'processed' AND enabled
      AND (sources.bot_id IS NULL OR sources.bot_id = bot.bot_id)
    GROUP BY kind ORDER BY kind"""


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """All sources of one kind that a bot knows: their tokens, their passages, and how many."""

    kind: str
    tokens: int
    passages: int
    sources: int


def count_everything(
    totals: Sequence[SourceTotals],
    latest: Sequence[PastMessage] | None,
    *,
    own_tokens: int,
    counter: TokenCounter,
) -> Counterfactual:
    """Count it for one question; `own_tokens` are those of our system prompt and the question.

    `latest` are the messages before the question, newest first; None where it stands alone.
    """
    parts = [CounterfactualPart("instructions_and_question", own_tokens)]
    parts += [CounterfactualPart(total.kind, _sent(total)) for total in totals]
    if latest is not None:
        messages = sum(counter.count(message.text) for message in latest[:SENT_MESSAGES])
        parts.append(CounterfactualPart("messages", messages))
    return Counterfactual(sum(part.tokens for part in parts), tuple(parts))


def _sent(total: SourceTotals) -> int:
    if total.kind == "faq":
        return _mean_of(total.tokens, total.passages, SENT_FAQ_PAIRS)
    if total.kind == "product":
        return _mean_of(total.tokens, total.passages, SENT_PRODUCTS)
    if total.kind == "website":
        return _mean_of(total.tokens, total.sources, SENT_PAGES)
    return total.tokens if total.kind == "manual" else min(total.tokens, MAX_DOCUMENT_TOKENS)


def _mean_of(tokens: int, items: int, sent: int) -> int:
    return tokens if items <= sent else round(tokens * sent / items)
