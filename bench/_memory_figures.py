"""What the memory benchmark reports: facts kept, conversations whole, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench._memory_conversations import HALVES
from bench._turn_figures import Machine, Spread
from leanrag.types import LANGUAGES


@dataclass(frozen=True, slots=True)
class Revision:
    """A stored summary: the messages that it knows, what it says, and why it was refused."""

    revision: int
    message_count: int
    summary: str
    tokens: int
    made_by: str
    refused_because: str | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """One conversation after its last message, and which facts its closing prompts carried."""

    conversation_id: str
    language: str
    half: str
    messages: int
    kept: tuple[bool, ...]
    kept_without_summary: tuple[bool, ...]
    lost: tuple[str, ...]
    revisions: tuple[Revision, ...]

    @property
    def is_whole(self) -> bool:
        """Tell whether every fact was carried."""
        return all(self.kept)


@dataclass(frozen=True, slots=True)
class Kept:
    """Facts and whole conversations of a group; `without_summary`: by the latest messages alone."""

    conversations: int
    whole: int
    facts: int
    kept: int
    without_summary: int


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark; `kept` by "all", half, language, and half with language."""

    machine: Machine
    summary_ms: Spread
    max_summary_tokens: int
    kept: dict[str, Kept]
    conversations: tuple[Remembered, ...]


def kept_by_group(remembered: Sequence[Remembered]) -> dict[str, Kept]:
    """Count each group that has any conversation."""
    groups = {"all": list(remembered)}
    for half in HALVES:
        groups[half] = [one for one in remembered if one.half == half]
    for language in LANGUAGES:
        groups[language] = [one for one in remembered if one.language == language]
        for half in HALVES:
            own = [one for one in groups[half] if one.language == language]
            groups[f"{half}, {language}"] = own
    return {name: _count(group) for name, group in groups.items() if group}


def _count(group: Sequence[Remembered]) -> Kept:
    return Kept(
        conversations=len(group),
        whole=sum(one.is_whole for one in group),
        facts=sum(len(one.kept) for one in group),
        kept=sum(sum(one.kept) for one in group),
        without_summary=sum(sum(one.kept_without_summary) for one in group),
    )


def lines(report: Report) -> Iterator[str]:
    """Yield the report as lines for people, one for each group."""
    machine = report.machine
    yield (
        f"Machine: {machine.cores} cores, Python {machine.python}, PostgreSQL {machine.postgresql}"
    )
    for name, kept in report.kept.items():
        yield (
            f"Memory, {name}: {kept.whole}/{kept.conversations} conversations whole,"
            f" {kept.kept}/{kept.facts} facts kept"
            f" ({kept.without_summary} by the latest messages alone)"
        )
    ms = report.summary_ms
    yield (
        f"A summary takes {ms.p50_ms} ms (p50), {ms.p95_ms} ms (p95), and"
        f" {report.max_summary_tokens} tokens at most"
    )
    for one in report.conversations:
        for question in one.lost:
            yield f"  lost by {one.conversation_id}: {question}"


def revision_lines(number: int, one: Remembered) -> Iterator[str]:
    """Yield every revision of a conversation's summary."""
    yield f"{number}. {one.conversation_id} ({one.half}): {sum(one.kept)}/{len(one.kept)} facts"
    for revision in one.revisions:
        refused = f", refused: {revision.refused_because}" if revision.refused_because else ""
        yield (
            f"  revision {revision.revision} after {revision.message_count} messages"
            f" ({revision.tokens} tokens, {revision.made_by}{refused})"
        )
        yield f"    {revision.summary}"
