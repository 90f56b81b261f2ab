"""The safety margin between our count of a prompt and the provider's, learned from its reports.

Margins belong to a tenant, because how much a foreign tokenizer differs depends on what the tenant
writes; so no tenant's calls shrink another's prompts, and row-level security needs no exception.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import tiktoken
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.models.usage import LearnedMargin
from leanrag.settings import Settings
from leanrag.text.tokens import ENCODING_FILES
from leanrag.types import Language

MarginOrigin = Literal["exact", "assumed", "learned"]

# Before a model has reported: the largest ratio to o200k_base that 600 full prompts took with the
# tokenizers of Gemini, Llama 3.1 and Qwen 3, chat format included, rounded up (docs/budget.md).
ASSUMED_FACTORS: Mapping[Language, float] = {"fa": 1.75, "en": 1.10, "ar": 1.25, "tr": 1.20}
MAX_FACTOR = 3.0  # above it too little is left for persona and question; then the alert stays
REMEMBERED_CALLS = 50
SURE_CALLS = 10  # with fewer, what was assumed is the least
DEVIATIONS = 4  # in the same measurement 0.2 % of full prompts went beyond, by 20 tokens at most
FREAK_RATIO = 1.5  # of the median: no tokenizer strays so far within a language
MIN_COUNTED_TOKENS = 300  # in a shorter prompt the chat format's fixed tokens would weigh too much
FRESH_SECONDS = 60.0
MAX_TENANTS = 1000

_REMEMBER = text(
    """
    INSERT INTO token_margins (tenant_id, base_url, model, language, ratios)
    VALUES (:tenant_id, :base_url, :model, :language, ARRAY[CAST(:ratio AS double precision)])
    ON CONFLICT (tenant_id, base_url, model, language) DO UPDATE
    SET ratios = (EXCLUDED.ratios || token_margins.ratios)[1 : :most],
        updated_at = now()
    RETURNING ratios
    """
)


@dataclass(frozen=True, slots=True)
class TokenMargin:
    """By how much a provider may count more than we do: 1.25 is a quarter more.

    `origin`: "exact" where our encoding is the model's own, "assumed" before enough calls reported,
    "learned" after; `calls` is how many reports it was learned from.
    """

    factor: float = 1.0
    origin: MarginOrigin = "exact"
    calls: int = 0

    def limit(self, max_prompt_tokens: int) -> int:
        """Return the tokens that we may count, so that the provider counts no more than allowed."""
        return int(max_prompt_tokens / self.factor)


EXACT = TokenMargin()


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that may answer, and its provider's address without user, password and query."""

    base_url: str
    model: str


def served_models(settings: Settings) -> tuple[ServedModel, ...]:
    """Return the models that may read a prompt: the one that is set, and its fallback."""
    if not settings.has_model():
        return ()
    models = [_served(settings.openai_base_url, settings.model)]
    if settings.fallback_model:
        address = settings.fallback_base_url or settings.openai_base_url
        models.append(_served(address, settings.fallback_model))
    return tuple(models)


def _served(base_url: str, model: str) -> ServedModel:
    parts = urlsplit(base_url)
    host = parts.netloc.rpartition("@")[2].lower()
    return ServedModel(f"{parts.scheme}://{host}{parts.path.rstrip('/')}", model)


@lru_cache(maxsize=64)
def is_counted_exactly(model: str) -> bool:
    """Tell whether tiktoken names the encoding of `model`, and we count with it."""
    try:
        return tiktoken.encoding_name_for_model(model.rpartition("/")[2]) in ENCODING_FILES
    except KeyError:
        return False


def margin_from(model: str, language: Language, ratios: Sequence[float]) -> TokenMargin:
    """Return the margin of a model from `ratios`, reported to counted tokens of its last calls.

    The larger of the largest ratio and mean + 4 standard deviations; at least 1, at most 3. A
    single ratio above 1.5 medians is left out as a fault until a second one confirms it.
    """
    is_exact = is_counted_exactly(model)
    assumed = 1.0 if is_exact else ASSUMED_FACTORS[language]
    if not ratios:
        return EXACT if is_exact else TokenMargin(assumed, "assumed")
    usual = _without_freak(ratios)
    spread = statistics.fmean(usual) + DEVIATIONS * statistics.pstdev(usual)
    least = 1.0 if len(ratios) >= SURE_CALLS else assumed
    factor = _rounded_up(max(least, *usual, spread))
    if factor == 1.0 and is_exact:
        return EXACT
    is_learned = len(ratios) >= SURE_CALLS or factor > assumed
    return TokenMargin(factor, "learned" if is_learned else "assumed", len(ratios))


def _rounded_up(factor: float) -> float:
    """Return at most `MAX_FACTOR`, in ten-thousandths; never less, but for a float's own error."""
    return min(MAX_FACTOR, math.ceil(round(factor * 10_000, 6)) / 10_000)


def _without_freak(ratios: Sequence[float]) -> Sequence[float]:
    if len(ratios) < SURE_CALLS:
        return ratios
    ceiling = FREAK_RATIO * statistics.median(ratios)
    usual = [ratio for ratio in ratios if ratio <= ceiling]
    return usual if len(usual) == len(ratios) - 1 else ratios


_Key = tuple[ServedModel, str]


class TokenMargins:
    """Reads and learns tenants' margins. Thread-safe; read from memory for a minute at a time.

    Every process sees the reports of its own calls at once, and those of others within a minute.
    """

    def __init__(self, models: Sequence[ServedModel], *, max_prompt_tokens: int) -> None:
        """`models` may answer, the primary first; `max_prompt_tokens` as providers may bill it."""
        self._models = tuple(models)
        self.max_prompt_tokens = max_prompt_tokens
        self._kept: dict[UUID, tuple[float, dict[_Key, tuple[float, ...]]]] = {}
        self._lock = threading.Lock()

    def read(self, tenant_id: UUID, language: Language, *, session: Session) -> TokenMargin:
        """Return the margin of a prompt: the largest of all models that may have to read it."""
        if not self._models:
            return EXACT
        ratios = self._ratios(tenant_id, session=session)
        margins = [
            margin_from(served.model, language, ratios.get((served, language), ()))
            for served in self._models
        ]
        return max(margins, key=lambda margin: margin.factor)

    def learn(
        self,
        tenant_id: UUID,
        language: Language,
        *,
        model: str,
        counted_tokens: int,
        reported_tokens: int,
        session: Session,
    ) -> None:
        """Remember one report; `model` is the name that the provider gave. Short prompts teach not.

        An exact count that is confirmed again is not written.
        """
        if not self._models or counted_tokens < MIN_COUNTED_TOKENS or reported_tokens <= 0:
            return
        served = self._asked(model)
        ratio = self._ratio(served, counted_tokens, reported_tokens)
        known = self._ratios(tenant_id, session=session).get((served, language), ())
        if ratio <= 1.0 and not known and is_counted_exactly(served.model):
            return
        values: dict[str, object] = {"tenant_id": tenant_id, "language": language, "ratio": ratio}
        values |= {"base_url": served.base_url, "model": served.model, "most": REMEMBERED_CALLS}
        learned = tuple(session.execute(_REMEMBER, values).scalar_one())
        with self._lock:
            if tenant_id in self._kept:
                self._kept[tenant_id][1][served, language] = learned

    def forget(self, tenant_id: UUID) -> None:
        """Drop what is held of a tenant that is no more."""
        with self._lock:
            self._kept.pop(tenant_id, None)

    def _ratio(self, served: ServedModel, counted_tokens: int, reported_tokens: int) -> float:
        """Return the factor by which a prompt of this report would just have met the limit.

        Where the encoding is the model's own, the difference is text that somebody adds to every
        prompt, long or short; a foreign tokenizer's grows with the prompt.
        """
        if is_counted_exactly(served.model):
            room = self.max_prompt_tokens - max(0, reported_tokens - counted_tokens)
            return _rounded_up(self.max_prompt_tokens / max(1, room))
        return _rounded_up(reported_tokens / counted_tokens)

    def excess(self, reported_tokens: int) -> int:
        """Return by how many tokens a reported prompt exceeds the limit; 0 when it is within."""
        return max(0, reported_tokens - self.max_prompt_tokens)

    def _asked(self, model: str) -> ServedModel:
        """Return which model answered: providers add dates to names, so the longest start wins."""
        named = [served for served in self._models if model.startswith(served.model)]
        return max(named, key=lambda served: len(served.model), default=self._models[0])

    def _ratios(self, tenant_id: UUID, *, session: Session) -> dict[_Key, tuple[float, ...]]:
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(tenant_id)
            if kept is not None and now - kept[0] < FRESH_SECONDS:
                return kept[1].copy()
        query = select(LearnedMargin).where(LearnedMargin.tenant_id == tenant_id)
        ratios = {
            (ServedModel(row.base_url, row.model), row.language): tuple(row.ratios)
            for row in session.scalars(query)
        }
        with self._lock:
            if len(self._kept) >= MAX_TENANTS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[tenant_id] = (now, ratios)
        return ratios.copy()
