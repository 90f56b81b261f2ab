"""What the benchmark of scale measures, as values, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench._scale_tenants import Disk
from bench._turn_figures import Machine, Spread

MEGABYTE = 1024**2


@dataclass(frozen=True, slots=True)
class Group:
    """Some tenants of one size, asked warm (index in memory) and cold (scan in the database).

    `retrieve` is search, fusion, ranking and packing; `recall` the share of the exact scan's first
    ten; `floor` numpy's dot product over a tenant's vectors, in float32 and in memory.
    """

    name: str
    tenants: int
    passages_each: int
    questions: int
    warm: Spread
    cold: Spread
    warm_search: Spread
    pack: Spread
    route: Spread
    embed: Spread
    recall: float
    floor: Spread
    ratio_p50: float
    load_seconds: float
    index_bytes_a_passage: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A database of so many passages: the groups of tenants in it, and what it takes."""

    name: str
    passages: int
    tenants: int
    write_seconds: float
    disk: Disk
    groups: list[Group]
    mixed: Spread
    mixed_tenants: int
    turn: Spread
    memory_mb: int
    index_mb: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured; `growth` is a tenant's p95 in the last stage by the first."""

    machine: Machine
    seed: int
    prepare_seconds: float
    stages: list[Stage]
    growth_warm: float
    growth_cold: float


def lines(report: Report) -> Iterator[str]:
    """Return the report for people."""
    machine = report.machine
    yield (
        f"Machine: {machine.cores} cores, Python {machine.python}, PostgreSQL {machine.postgresql};"
        f" seed {report.seed}"
    )
    for stage in report.stages:
        yield from _stage(stage)
    yield (
        f"The first tenant's p95, last stage by first: warm {report.growth_warm:.2f},"
        f" cold {report.growth_cold:.2f}"
    )


def _stage(stage: Stage) -> Iterator[str]:
    disk = ", ".join(f"{table} {size:,}" for table, size in stage.disk.bytes_a_passage.items())
    yield ""
    yield (
        f"{stage.name}: {stage.passages:,} passages of {stage.tenants:,} tenants,"
        f" written in {stage.write_seconds:.0f} s; bytes a passage: {disk}"
    )
    yield (
        f"{'tenants of':>12} {'warm p50/p95':>14} {'cold p50/p95':>14} {'recall@10':>9}"
        f" {'numpy p50/p95':>14} {'ratio':>6} {'search':>12} {'pack':>10} {'route':>10}"
        f" {'load s':>7} {'index B':>8}"
    )
    for group in stage.groups:
        yield (
            f"{group.tenants:>4} x{group.passages_each:>6,} {_pair(group.warm):>14}"
            f" {_pair(group.cold):>14} {group.recall:>9.4f} {_pair(group.floor, 2):>14}"
            f" {group.ratio_p50:>6.1f} {_pair(group.warm_search):>12} {_pair(group.pack):>10}"
            f" {_pair(group.route, 2):>10} {group.load_seconds:>7.2f}"
            f" {group.index_bytes_a_passage:>8,}"
        )
    yield (
        f"questions to {stage.mixed_tenants:,} tenants at random, cold or warm as it comes:"
        f" {_pair(stage.mixed)} ms; whole turn without a model: {_pair(stage.turn)} ms;"
        f" process {stage.memory_mb:,} MB, of it indexes {stage.index_mb:,} MB"
    )


def _pair(spread: Spread, digits: int = 1) -> str:
    return f"{spread.p50_ms:.{digits}f}/{spread.p95_ms:.{digits}f}"
