"""How many attacks on the wall between tenants were tried, and how many came through.

One tenant attacks another, which has a row in every table: with SQL of its own as the application's
role, by every endpoint of the OpenAPI schema, by every page of the console and every call that
pages make, by every public method of every service, and by what is kept so as not to be computed
again. The attacks are those of tests/isolation.

    python bench/isolation.py
    python bench/isolation.py --each
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.isolation.calls import attack_method, methods, reason_outside
from tests.isolation.endpoints import attacking
from tests.isolation.memory import attack_memory
from tests.isolation.page_calls import (
    administering,
    attack_calls,
    attack_dialogs,
    attack_page,
    menu,
    visiting,
)
from tests.isolation.tables import attack_tables
from tests.isolation.wall import Attempt, Wall, two_shops


def main() -> int:
    """Attack, print the counts, and return 1 if anything came through."""
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--each", action="store_true", help="print a line for every place")
    options = parser.parse_args()
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="lrw"))
    try:
        with two_shops(directory) as wall:
            groups = {
                "tables": list(attack_tables(wall)),
                "endpoints": list(_attack_endpoints(wall)),
                "pages": list(_attack_pages(wall)),
                "pages' calls": list(attack_calls(wall)),
                "methods": list(_attack_methods(wall)),
                "caches": list(attack_memory(wall)),
            }
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for name, attempts in groups.items():
        _print_group(name, attempts, each=options.each)
    everything = [attempt for attempts in groups.values() for attempt in attempts]
    leaked = [attempt for attempt in everything if attempt.leak]
    for attempt in leaked:
        print(f"LEAKED  {attempt.place}: {attempt.kind}: {attempt.leak}")
    print(f"{len(everything)} tried, {len(leaked)} leaked, {time.monotonic() - began:.0f} s")
    return 1 if leaked else 0


def _print_group(name: str, attempts: list[Attempt], *, each: bool) -> None:
    tried = Counter(attempt.place for attempt in attempts)
    leaked = Counter(attempt.place for attempt in attempts if attempt.leak)
    print(f"{name}: {len(tried)} places, {len(attempts)} tried, {sum(leaked.values())} leaked")
    for place in tried if each else ():
        print(f"  {place:<60} {tried[place]:>4} tried {leaked[place]:>3} leaked")


def _attack_methods(wall: Wall) -> Iterator[Attempt]:
    for method in methods(wall):
        if reason_outside(method.name) is None:
            yield from attack_method(wall, method)


def _attack_pages(wall: Wall) -> Iterator[Attempt]:
    with visiting(wall) as visitor:
        for page in menu():
            yield from attack_page(wall, visitor, page)
        yield from attack_dialogs(wall, visitor)
    with administering(wall) as (outside, visitor):
        for page in menu():
            yield from attack_page(outside, visitor, page)


def _attack_endpoints(wall: Wall) -> Iterator[Attempt]:
    with attacking(wall) as attacker:
        for method, path in attacker.endpoints():
            for attempt in attacker.attack(method, path):
                yield Attempt(f"{method.upper()} {path}", attempt.kind, attempt.leak)


if __name__ == "__main__":
    sys.exit(main())
