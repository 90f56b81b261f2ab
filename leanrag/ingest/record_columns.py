"""The header of a list → which column holds what; the names are in `record_columns.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from leanrag.ingest.record_currencies import read_currency
from leanrag.ingest.record_rows import RecordKind
from leanrag.ingest.record_texts import tidy
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Language

COLUMNS_FILE = Path(__file__).with_name("record_columns.toml")
REQUIRED: Mapping[RecordKind, tuple[str, ...]] = {
    "faq": ("question", "answer"),
    "product": ("title",),
}
# What LeanRAG itself writes; a file with exactly this header is read as its own.
RECORD_COLUMNS: Mapping[RecordKind, tuple[str, ...]] = {
    "faq": ("language", "question", "answer"),
    "product": ("language", "title", "price", "currency", "description", "attributes", "url"),
}
_MAX_NAME_CHARACTERS = 100
_NO_WORD = re.compile(r"[\W_]+")
_BETWEEN = re.compile(r"[()\[\]{}/:|,،\s–—-]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields stand: columns count from 0.

    `fields` maps each known field to its column, `pairs` are columns of names and of values,
    `visibility` those that keep rows from customers, `currency` is what the price's header names,
    `is_own`: LeanRAG wrote the list.
    """

    names: tuple[str, ...]
    fields: Mapping[str, int]
    pairs: tuple[tuple[int, int], ...] = ()
    visibility: tuple[int, ...] = ()
    ignored: frozenset[int] = field(default_factory=frozenset)
    currency: str = ""
    is_own: bool = False

    def others(self) -> Iterator[int]:
        """Yield the columns without a field that may be attributes of a product."""
        taken = {*self.fields.values(), *self.ignored, *(c for pair in self.pairs for c in pair)}
        return (column for column in range(len(self.names)) if column not in taken)

    def name(self, column: int) -> str:
        """Return the name of a column as the file has it, or its number from 1."""
        named = self.names[column] if column < len(self.names) else ""
        return named or f"column {column + 1}"


def read_header(cells: Sequence[str], kind: RecordKind, *, is_first: bool) -> Columns | None:
    """Return what the cells of a row name as columns, None where they are no header.

    In a row that is not the first, a title alone makes no header: some cell may read "Name".
    """
    names = tuple(" ".join(tidy(cell).split())[:_MAX_NAME_CHARACTERS] for cell in cells)
    own = RECORD_COLUMNS[kind]
    if names[: len(own)] == own and not any(names[len(own) :]):
        return Columns(names, {name: place for place, name in enumerate(own)}, is_own=True)
    keys = [column_key(name) for name in names]
    fields = _find_fields(keys, kind)
    currency = ""
    if kind == "product":
        if "price" not in fields:
            fields.update(_find_price(names, taken=set(fields.values())))
        if "price" in fields:
            currency = next((named for _, named in _split_currency(names[fields["price"]])), "")
    if any(name not in fields for name in REQUIRED[kind]):
        return None
    if len(fields) == 1 and not is_first:
        return None
    hiding = _load().hiding
    visibility = tuple(c for c, key in enumerate(keys) if _joined(key) in hiding)
    known = frozenset(fields.values())
    ignored = {c for c, key in enumerate(keys) if c not in known and is_ignored(key)}
    return Columns(
        names, fields, _find_pairs(keys), visibility, frozenset(ignored.union(visibility)), currency
    )


def column_key(name: str) -> str:
    """Return the form in which names of columns are compared: folded words."""
    return " ".join(_NO_WORD.sub(" ", fold(name)).split())


def is_ignored(key: str) -> bool:
    """Tell whether a column is for the shop's own use, by its key."""
    known = _load()
    return _joined(key) in known.ignored or bool(known.ignored_pattern.fullmatch(key))


def is_hidden(cell: str) -> bool:
    """Tell whether a cell of the column "status" or "published" keeps a row from customers."""
    return _joined(fold(cell)) in _load().hidden


def read_language(cell: str) -> Language | None:
    """Return the language that a cell names ("fa", "fa-IR", "Turkish"), None for another."""
    known = _load().languages
    key = column_key(cell)
    return known.get(_joined(key)) or known.get(key.partition(" ")[0])


def _joined(key: str) -> str:
    """Return a key without its blanks: half-spaces, blanks and "productName" are all written."""
    return "".join(key.split())


def _find_fields(keys: Sequence[str], kind: RecordKind) -> dict[str, int]:
    ranks = _load().ranks[kind]
    best: dict[str, tuple[int, int]] = {}
    for column, key in enumerate(keys):
        if _joined(key) in ranks:
            name, rank = ranks[_joined(key)]
            best[name] = min(best.get(name, (rank, column)), (rank, column))
    return {name: column for name, (_, column) in best.items()}


def _find_price(names: Sequence[str], *, taken: set[int]) -> dict[str, int]:
    """Return the column whose name is that of a price with its currency: "Fiyat (TL)"."""
    ranks = _load().ranks["product"]
    for column, name in enumerate(names):
        for rest, _ in _split_currency(name):
            if column not in taken and ranks.get(_joined(column_key(rest)), ("", 0))[0] == "price":
                return {"price": column}
    return {}


def _split_currency(name: str) -> Iterator[tuple[str, str]]:
    words = [word for word in _BETWEEN.split(name) if word]
    for size in (2, 1):
        for start in range(len(words) - size + 1):
            currency = read_currency(" ".join(words[start : start + size]))
            if currency is not None:
                yield " ".join([*words[:start], *words[start + size :]]), currency


def _find_pairs(keys: Sequence[str]) -> tuple[tuple[int, int], ...]:
    known = _load()
    names = {m[1]: c for c, key in enumerate(keys) if (m := known.pair_name.fullmatch(key))}
    values = {m[1]: c for c, key in enumerate(keys) if (m := known.pair_value.fullmatch(key))}
    return tuple((names[number], values[number]) for number in names if number in values)


@dataclass(frozen=True, slots=True)
class _Names:
    ranks: Mapping[RecordKind, Mapping[str, tuple[str, int]]]
    ignored: frozenset[str]
    ignored_pattern: re.Pattern[str]
    pair_name: re.Pattern[str]
    pair_value: re.Pattern[str]
    hiding: frozenset[str]
    hidden: frozenset[str]
    languages: Mapping[str, Language]


@lru_cache(maxsize=1)
def _load() -> _Names:
    table = tomllib.loads(COLUMNS_FILE.read_text("utf-8"))
    prefixes = [rf"{re.escape(prefix)}(?: .*)?" for prefix in table["ignored"]["prefixes"]]
    return _Names(
        ranks={
            "faq": _rank({**table["faq"], "language": table["languages"]["columns"]}),
            "product": _rank({**table["product"], "language": table["languages"]["columns"]}),
        },
        ignored=frozenset(_joined(column_key(n)) for n in table["ignored"]["names"]),
        ignored_pattern=re.compile("|".join([*prefixes, *table["ignored"]["patterns"]])),
        pair_name=re.compile(table["pairs"]["name"]),
        pair_value=re.compile(table["pairs"]["value"]),
        hiding=frozenset(_joined(column_key(n)) for n in table["visibility"]["columns"]),
        hidden=frozenset(_joined(fold(word)) for word in table["visibility"]["hidden"]),
        languages={
            _joined(column_key(name)): language
            for language in LANGUAGES
            for name in table["languages"][language]
        },
    )


def _rank(names: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, int]]:
    return {
        _joined(column_key(name)): (field_name, rank)
        for field_name, known in names.items()
        for rank, name in enumerate(known)
    }
