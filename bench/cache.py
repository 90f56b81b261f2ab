"""Measures the response cache: are its hits right, how many does it find, what does it cost?

    python bench/cache.py [--half development] [--no-database] [--misses] [--json]

The pairs of `bench/cache_pairs` are two questions each: the same one (written otherwise, mistyped,
or paraphrased), or another one that looks alike. A pair that the cache takes for the same although
it is not is a false hit. Halves are fixed by a hash of the two texts. Look-ups are timed through
the real database, on a data directory of its own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args
from uuid import UUID

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import insert, select

from bench import _turn_product as product
from bench._turn_figures import Spread, spread
from bench._turn_rounds import ask
from db.models import Conversation, Message
from db.models.base import new_id
from leanrag.bootstrap import Services, start_services
from leanrag.question_form import read_question
from leanrag.response_cache import CacheKey, ResponseCache
from leanrag.same_question import SameQuestion, compare_questions
from leanrag.types import LANGUAGES, Language

DIRECTORY = Path(__file__).with_name("cache_pairs")
Half = Literal["development", "held-out"]
HALVES: tuple[Half, ...] = get_args(Half)
Scope = Language | Literal["all"]
SCOPES: tuple[Scope, ...] = ("fa", "en", "ar", "tr", "all")
Kind = Literal["exact", "near", "paraphrase", "different"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STORED_ENTRIES = (0, 200, 2_000)
LOOKUPS = 300
STORES = 50
ROUNDS = 3  # the calmest of so many: what the neighbours leave
NEWEST = 150  # of the entries that a look-up can find are asked for
FIFTEEN_MINUTES = 900
_BASIS = "0" * 64
_QUESTION = "How long does delivery take to Istanbul?"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two questions in one language, and whether they are the same one."""

    language: Language
    first: str
    second: str
    same: bool
    kind: Kind

    @property
    def half(self) -> Half:
        """The half that the two texts fall into, whatever their order."""
        joined = "\n".join(sorted((self.first, self.second)))
        return HALVES[int(hashlib.sha256(joined.encode()).hexdigest(), 16) % len(HALVES)]


@dataclass(frozen=True, slots=True)
class Share:
    """Pairs of one kind: how many there are, and how many the cache takes for the same."""

    kind: Kind
    pairs: int
    hits: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one language and half; `precision` is the share of right hits, 1 where there is none."""

    language: Scope
    half: Half
    hits: int
    false_hits: int
    precision: float
    recall: float
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of look-ups that hit and that miss, and of storing, with so many entries."""

    entries: int
    hit_ms: Spread | None
    miss_ms: Spread
    store_ms: Spread


@dataclass(frozen=True, slots=True)
class Report:
    """All figures; the pairs that went wrong are those of the development half alone."""

    figures: tuple[Figures, ...]
    false_hits: tuple[Pair, ...]
    misses: tuple[Pair, ...]
    compare_ms: Spread
    times: tuple[Times, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    halves = HALVES if options.half is None else (options.half,)
    report = measure(read_pairs(), halves, with_database=not options.no_database)
    if options.json:
        print(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(report, with_misses=options.misses)))
    return 0


def read_pairs() -> tuple[Pair, ...]:
    """Return all pairs, language by language."""
    return tuple(
        Pair(language=language, **json.loads(line))
        for language in LANGUAGES
        for line in (DIRECTORY / f"{language}.jsonl").read_text("utf-8").splitlines()
    )


def measure(pairs: Sequence[Pair], halves: Sequence[Half], *, with_database: bool) -> Report:
    """Compare all pairs and time the look-ups."""
    hits = {pair: compare(pair) is not None for pair in pairs}
    own = [pair for pair in pairs if pair.half == HALVES[0] and pair.half in halves]
    return Report(
        figures=tuple(figures_of(language, half, hits) for half in halves for language in SCOPES),
        false_hits=tuple(pair for pair in own if hits[pair] and not pair.same),
        misses=tuple(pair for pair in own if not hits[pair] and pair.kind in ("exact", "near")),
        compare_ms=spread([_milliseconds(pair) for pair in pairs]),
        times=tuple(_times()) if with_database else (),
    )


def compare(pair: Pair) -> SameQuestion | None:
    """Return what the cache says of a pair."""
    first, second = (read_question(text, pair.language) for text in (pair.first, pair.second))
    return compare_questions(first, second)


def figures_of(language: Language | Literal["all"], half: Half, hits: dict[Pair, bool]) -> Figures:
    """Count the hits of one language (or all) and half."""
    own = [p for p in hits if p.half == half and language in (p.language, "all")]
    found = [pair for pair in own if hits[pair]]
    false_hits = sum(not pair.same for pair in found)
    same = sum(pair.same for pair in own)
    return Figures(
        language,
        half,
        hits=len(found),
        false_hits=false_hits,
        precision=round(1 - false_hits / len(found), 4) if found else 1.0,
        recall=round((len(found) - false_hits) / same, 4) if same else 0.0,
        shares=tuple(
            Share(
                kind,
                sum(pair.kind == kind for pair in own),
                sum(pair.kind == kind for pair in found),
            )
            for kind in KINDS
        ),
    )


def _milliseconds(pair: Pair) -> float:
    started = time.perf_counter()
    compare(pair)
    return (time.perf_counter() - started) * 1000


def _times() -> Iterator[Times]:
    """Time look-ups beside more and more stored answers, all of one bot and basis."""
    with (
        product.data_directory() as home,
        closing(start_services(product.settings_for(home), worker=False)) as services,
    ):
        ask(services, services.local_tenant_id, _QUESTION, None)
        stored = 0
        cache = ResponseCache(FIFTEEN_MINUTES)
        for entries in STORED_ENTRIES:
            key = _fill(services, cache, range(stored, entries))
            stored = entries
            newest = [_numbered(entries - 1 - number % NEWEST) for number in range(LOOKUPS)]
            others = [f"{question} today" for question in newest]
            yield Times(
                entries,
                hit_ms=_calmest(_find, services, cache, key, newest) if entries else None,
                miss_ms=_calmest(_find, services, cache, key, others),
                store_ms=_calmest(_store, services, cache, key, others[:STORES]),
            )


def _calmest(
    step: Callable[[Services, ResponseCache, CacheKey, Sequence[str]], list[float]],
    services: Services,
    cache: ResponseCache,
    key: CacheKey,
    questions: Sequence[str],
) -> Spread:
    """Return the times of the round with the lowest 95th percentile."""
    rounds = [spread(step(services, cache, key, questions)) for _ in range(ROUNDS)]
    return min(rounds, key=lambda one: one.p95_ms)


def _numbered(number: int) -> str:
    """Return one of 3,000 questions that are all alike, and none the same as another."""
    things = ("kettle", "toaster", "drill", "blender", "lamp", "chair", "table", "shelf")
    return f"How much is the {things[number % 8]} number {number} with delivery to Istanbul?"


def _fill(services: Services, cache: ResponseCache, numbers: range) -> CacheKey:
    """Store answers to so many questions: each a message like the one that was really given."""
    tenant_id = services.local_tenant_id
    with services.database.tenant(tenant_id) as session:
        conversation = session.scalars(select(Conversation)).first()
        answer = session.scalars(select(Message).where(Message.role == "assistant")).first()
        if conversation is None or answer is None:
            raise RuntimeError("The demo tenant did not answer.")
        key = CacheKey(conversation.bot_id, "en", _BASIS)
        shared = {
            "tenant_id": tenant_id,
            "conversation_id": conversation.conversation_id,
            "role": "assistant",
            "text": answer.text,
            "citations": answer.citations,
            "ledger": answer.ledger,
        }
        for number in numbers:
            message_id: UUID = new_id()
            session.execute(insert(Message), {**shared, "message_id": message_id})
            cache.store(tenant_id, key, _numbered(number), message_id, session=session)
    return key


def _find(
    services: Services, cache: ResponseCache, key: CacheKey, questions: Sequence[str]
) -> list[float]:
    """Look each question up in a transaction of its own, as turns do; time the look-up alone."""
    measured = []
    for question in questions:
        with services.database.tenant(services.local_tenant_id) as session:
            session.connection()  # the transaction is there before the cache is asked
            started = time.perf_counter()
            cache.find(services.local_tenant_id, key, question, session=session)
            measured.append((time.perf_counter() - started) * 1000)
    return measured


def _store(
    services: Services, cache: ResponseCache, key: CacheKey, questions: Sequence[str]
) -> list[float]:
    """Store answers once more and take them back."""
    tenant_id, measured = services.local_tenant_id, []
    for question in questions:
        with services.database.tenant(tenant_id) as session:
            message_id = session.scalars(
                select(Message.message_id).where(Message.role == "assistant").limit(1)
            ).one()
            started = time.perf_counter()
            cache.store(tenant_id, key, question, message_id, session=session)
            measured.append((time.perf_counter() - started) * 1000)
            session.rollback()
    return measured


def lines(report: Report, *, with_misses: bool = False) -> Iterator[str]:
    """Yield the report for people; the last line sums it up."""
    yield "Pairs taken for the same question, and of those of each kind how many"
    for f in report.figures:
        shares = "  ".join(f"{s.kind} {s.hits}/{s.pairs}" for s in f.shares)
        right = f"precision {100 * f.precision:5.1f} %  recall {100 * f.recall:5.1f} %"
        yield f"  {f.half:11}  {f.language:3}  {right}  {shares}"
    for pair in report.false_hits:
        yield f"  false hit  {pair.language}  {pair.first} | {pair.second}"
    for pair in report.misses if with_misses else ():
        yield f"  missed {pair.kind}  {pair.language}  {pair.first} | {pair.second}"
    times = report.compare_ms
    yield f"Comparing two questions: p50 {times.p50_ms}, p95 {times.p95_ms} ms"
    for t in report.times:
        hit = "" if t.hit_ms is None else f" hit p50 {t.hit_ms.p50_ms} p95 {t.hit_ms.p95_ms} ms,"
        miss = f" miss p50 {t.miss_ms.p50_ms} p95 {t.miss_ms.p95_ms} ms"
        yield f"  {t.entries:5} stored:{hit}{miss}, store p95 {t.store_ms.p95_ms} ms"
    totals = [f for f in report.figures if f.language == "all"]
    figures = ", ".join(
        f"{f.half} {f.hits - f.false_hits} of {f.hits} hits right ({100 * f.precision:.1f} %),"
        f" recall {100 * f.recall:.1f} %"
        for f in totals
    )
    spreads = [found for t in report.times for found in (t.hit_ms, t.miss_ms) if found]
    slowest = max((found.p95_ms for found in spreads), default=0.0)
    yield f"cache: {figures}; look-up p95 at most {slowest} ms"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the response cache.")
    parser.add_argument("--half", choices=HALVES, help="only this half of the pairs")
    parser.add_argument("--no-database", action="store_true", help="compare pairs alone")
    parser.add_argument("--misses", action="store_true", help="list what should have been a hit")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
