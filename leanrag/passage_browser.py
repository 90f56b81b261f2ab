"""A tenant's passages as a person looks through them: searched, filtered, paged, and in place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pgvector import SparseVector
from sqlalchemy import Row, text

from db.models.knowledge import LEXICAL_DIMENSIONS
from db.tenancy import Database
from leanrag.errors import InvalidInput, NotFound
from leanrag.passage_filter import (
    PassageFacets,
    PassageFilter,
    PassageGroup,
    count_shown,
    facets_of,
)
from leanrag.passage_words import SoughtWord, SoughtWords, read_words, single_terms
from leanrag.sources import ChunkView, SourceView, find_source, source_view
from leanrag.text.normalize import clean

MAX_PAGE = 200
MAX_AROUND = 10

_SHOWN = """
    c.chunk_id, c.source_id, s.title AS source_title, c.chunk_type AS kind, c.position, c.title,
    c.heading_path AS heading, c.full_text AS text, c.tldr, c.language, c.page, c.label, c.url,
    c.token_count, c.is_citable, c.enabled, c.edit_id"""
_OF_SOURCE = " AND {table}.source_id = :source"
_OF_TAGS = """
    AND {table}.source_id IN (
        SELECT source_id FROM sources
        WHERE tenant_id = :tenant AND tags && CAST(:tags AS varchar[]))"""
_ALIKE = """c.chunk_id, c.source_id, c.position, c.chunk_type, c.language, c.is_citable, c.enabled,
           c.edit_id IS NOT NULL AS is_edited"""
_ALL = """
    SELECT {alike} FROM chunks c WHERE c.tenant_id = :tenant {base}"""
# Materialized: or every passage's words would be compared once for the page and once to count.
_WITH_WORDS = """
    SELECT {alike}, t.score
    FROM (SELECT t.chunk_id, -(t.lexical <#> CAST(:all_terms AS sparsevec)) AS score
          FROM chunk_terms t WHERE t.tenant_id = :tenant {base} AND {words}) t
    JOIN chunks c ON c.tenant_id = :tenant AND c.chunk_id = t.chunk_id"""
_FIND = """
    WITH matched AS {materialized} ({matched}),
    grouped AS (
        SELECT json_agg(json_build_array(chunk_type, language, is_citable, enabled, is_edited, n))
               AS groups
        FROM (SELECT chunk_type, language, is_citable, enabled, is_edited, count(*) AS n
              FROM matched GROUP BY 1, 2, 3, 4, 5) g),
    page AS (
        SELECT chunk_id, row_number() OVER (ORDER BY {order}) AS place FROM (
            SELECT * FROM matched c WHERE {narrowed}
            ORDER BY {order} LIMIT :limit OFFSET :offset) c)
    SELECT g.groups, {shown}
    FROM grouped g
    LEFT JOIN page p ON true
    LEFT JOIN chunks c ON c.tenant_id = :tenant AND c.chunk_id = p.chunk_id
    LEFT JOIN sources s ON s.tenant_id = :tenant AND s.source_id = c.source_id
    ORDER BY p.place"""
# The newest source first: its id begins with the time at which it was made.
_IN_PLACE = "c.source_id DESC, c.position, c.chunk_id"
_BEST_FIRST = f"c.score DESC, {_IN_PLACE}"
_NEIGHBOURS = """
    WITH own AS (
        SELECT source_id, position FROM chunks WHERE tenant_id = :tenant AND chunk_id = :passage),
    around AS (
        (SELECT c.chunk_id FROM chunks c, own
         WHERE c.tenant_id = :tenant AND c.source_id = own.source_id
           AND c.position < own.position ORDER BY c.position DESC LIMIT :around)
        UNION ALL
        (SELECT c.chunk_id FROM chunks c, own
         WHERE c.tenant_id = :tenant AND c.source_id = own.source_id
           AND c.position >= own.position ORDER BY c.position LIMIT :around + 1))
    SELECT {shown},
           (SELECT count(*) FROM chunks o, own WHERE o.tenant_id = :tenant
              AND o.source_id = own.source_id AND o.position <= own.position) AS number,
           (SELECT count(*) FROM chunks o, own WHERE o.tenant_id = :tenant
              AND o.source_id = own.source_id) AS total
    FROM around a
    JOIN chunks c ON c.tenant_id = :tenant AND c.chunk_id = a.chunk_id
    JOIN sources s ON s.tenant_id = :tenant AND s.source_id = c.source_id
    ORDER BY c.position"""
_AROUND = text(_NEIGHBOURS.format(shown=_SHOWN))


@dataclass(frozen=True, slots=True)
class PassagePage:
    """Some of the `total` passages that a filter shows, and what its other choices would.

    `too_common`: words of the filter that stand in no index, and so were not searched.
    """

    passages: tuple[ChunkView, ...]
    total: int
    facets: PassageFacets
    too_common: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PassagePlace:
    """A passage between its neighbours: `number`, from 1, of `total` in its source.

    `page` is the page of the document that it begins on, from 1; None where there are no pages.
    """

    before: tuple[ChunkView, ...]
    passage: ChunkView
    after: tuple[ChunkView, ...]
    source: SourceView
    page: int | None
    number: int
    total: int


class PassageBrowser:
    """Looks through a tenant's passages in the database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(
        self,
        tenant_id: UUID,
        wanted: PassageFilter | None = None,
        *,
        limit: int = 25,
        offset: int = 0,
    ) -> PassagePage:
        """Return a page of passages with their total and the filter's facets, in one statement.

        Those that hold the words best come first; without words, those of the newest source, in
        their order. Raises InvalidInput for a `limit` that is not 1 to 200 or a negative `offset`.
        """
        if not 1 <= limit <= MAX_PAGE or offset < 0:
            raise InvalidInput(f"A page has 1 to {MAX_PAGE} passages, from the first on.")
        wanted = wanted or PassageFilter()
        words = read_words(wanted.words)
        given = {"tenant": tenant_id, "limit": limit, "offset": offset}
        given |= _parameters(wanted) | _word_parameters(words)
        with self._database.tenant(tenant_id) as session:
            rows = session.execute(text(_statement(wanted, words)), given).all()
        groups = [PassageGroup(*group) for group in rows[0].groups or ()]
        return PassagePage(
            passages=tuple(_chunk(row) for row in rows if row.chunk_id is not None),
            total=count_shown(groups, wanted),
            facets=facets_of(groups, wanted),
            too_common=words.too_common,
        )

    def place(self, tenant_id: UUID, passage_id: UUID, *, around: int = 1) -> PassagePlace:
        """Return a passage with up to `around` (0 to 10) before and after it in its source.

        Raises NotFound for a passage that is no longer there, and InvalidInput.
        """
        if not 0 <= around <= MAX_AROUND:
            raise InvalidInput(f"A passage can be shown among 0 to {MAX_AROUND} on either side.")
        given = {"tenant": tenant_id, "passage": passage_id, "around": around}
        with self._database.tenant(tenant_id) as session:
            rows = session.execute(_AROUND, given).all()
            if not rows:
                raise NotFound("This passage is no longer there; its source changed or is gone.")
            source = source_view(find_source(tenant_id, rows[0].source_id, session=session))
        chunks = tuple(map(_chunk, rows))
        at = next(i for i, chunk in enumerate(chunks) if chunk.chunk_id == passage_id)
        return PassagePlace(
            before=chunks[:at],
            passage=chunks[at],
            after=chunks[at + 1 :],
            source=source,
            page=chunks[at].page,
            number=rows[at].number,
            total=rows[at].total,
        )


def _statement(wanted: PassageFilter, words: SoughtWords) -> str:
    """Put the statement together of constant parts; every value is a parameter."""
    has_words = bool(words.words)
    base = _OF_SOURCE if wanted.source_id is not None else ""
    base = (base + (_OF_TAGS if wanted.tags else "")).format(table="t" if has_words else "c")
    conditions = " AND ".join(_conditions(words.words))
    return _FIND.format(
        materialized="MATERIALIZED" if has_words else "NOT MATERIALIZED",
        matched=(_WITH_WORDS if has_words else _ALL).format(
            alike=_ALIKE, base=base, words=conditions
        ),
        narrowed=" AND ".join(_narrowed(wanted)) or "true",
        order=_BEST_FIRST if has_words else _IN_PLACE,
        shown=_SHOWN,
    )


def _narrowed(wanted: PassageFilter) -> Iterator[str]:
    """Yield the conditions that the facets are counted without."""
    if wanted.kinds:
        yield "c.chunk_type = ANY(:kinds)"
    if wanted.languages:
        yield "c.language = ANY(:languages)"
    if wanted.is_citable is not None:
        yield "c.is_citable = :is_citable"
    if wanted.enabled is not None:
        yield "c.enabled = :enabled"
    if wanted.is_edited is not None:
        yield "c.is_edited = :is_edited"


def _parameters(wanted: PassageFilter) -> dict[str, object]:
    return {
        "source": wanted.source_id,
        "kinds": list(wanted.kinds),
        "languages": list(wanted.languages),
        "is_citable": wanted.is_citable,
        "enabled": wanted.enabled,
        "is_edited": wanted.is_edited,
        "tags": [clean(tag) for tag in wanted.tags],
    }


def _conditions(words: Sequence[SoughtWord]) -> Iterator[str]:
    """Yield a condition for each word: a passage holds all terms of one of its readings."""
    for number, word in enumerate(words):
        several = [reading for reading in word.readings if len(reading) > 1]
        either = [_holds(f"word_{number}")] if single_terms(word.readings) else []
        for at, reading in enumerate(several):
            terms = (_holds(f"word_{number}_{at}_{n}") for n in range(len(reading)))
            either.append(f"({' AND '.join(terms)})")
        yield f"({' OR '.join(either)})"


def _holds(name: str) -> str:
    """Return the condition that a passage holds a term of a parameter: their product is not 0."""
    return f"t.lexical <#> CAST(:{name} AS sparsevec) < 0"


def _word_parameters(words: SoughtWords) -> dict[str, str]:
    """Return the terms of each word under the names that `_conditions` gives them."""
    given = {"all_terms": _sparse(words.terms())}
    for number, word in enumerate(words.words):
        given[f"word_{number}"] = _sparse(single_terms(word.readings))
        several = [reading for reading in word.readings if len(reading) > 1]
        for at, reading in enumerate(several):
            for n, term in enumerate(sorted(reading)):
                given[f"word_{number}_{at}_{n}"] = _sparse({term})
    return given


def _sparse(terms: frozenset[int] | set[int]) -> str:
    return str(SparseVector(dict.fromkeys(terms, 1.0), LEXICAL_DIMENSIONS).to_text())


def _chunk(row: Row[Any]) -> ChunkView:
    fields = row._mapping
    return ChunkView(**{name: fields[name] for name in ChunkView.__dataclass_fields__})
