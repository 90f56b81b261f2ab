"""What people write for a currency → its ISO 4217 code, or the name that they use."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from leanrag.text.normalize import clean

CURRENCIES_FILE = Path(__file__).with_name("record_currencies.toml")
_MAX_CHARACTERS = 30


@dataclass(frozen=True, slots=True)
class _Currencies:
    by_name: dict[str, str]
    iso: frozenset[str]
    three_decimals: frozenset[str]


def read_currency(text: str) -> str | None:
    """Return the code or the usual name of a currency, None where `text` names none.

    Codes are known in capitals; the usual ones, symbols and names however they are written.
    """
    known = _load()
    words = " ".join(clean(text).split())
    if len(words) > _MAX_CHARACTERS:
        return None
    return words if words in known.iso else known.by_name.get(_key(words))


def has_three_decimals(currency: str) -> bool:
    """Tell whether prices in `currency` may have three decimals."""
    return currency in _load().three_decimals


def _key(name: str) -> str:
    return "".join(name.casefold().replace(".", " ").split())


@lru_cache(maxsize=1)
def _load() -> _Currencies:
    table = tomllib.loads(CURRENCIES_FILE.read_text("utf-8"))
    codes, names = table["codes"], table["names"]
    by_name = {_key(name): name for name in names["kept"]}
    by_name.update({_key(clean(name)): code for code, known in codes.items() for name in known})
    return _Currencies(by_name, frozenset(names["iso"].split()), frozenset(names["three_decimals"]))
