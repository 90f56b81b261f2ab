"""Which passages go into the room that a prompt has left: whole, trimmed or not, and why."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from leanrag import prompts
from leanrag.excerpts import chances
from leanrag.repeats import Repeats
from leanrag.selection import LEAST_PROBABILITY, Selection
from leanrag.text.tokens import TokenCounter
from leanrag.types import Evidence, Fate, Passage, PassageDecision, Route, Section

KEPT = "fits as a whole"
TRIMMED = "trimmed to the sentences closest to the question"
BELOW_FLOOR = "below the relevance floor"
UNLIKELY = "too unlikely to answer"

_ANY_MARKER = 1  # every number up to 999 is one token, so the final one changes no count


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the user message, its tokens, and the section that bears them."""

    section: Section
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class PackedEvidence:
    """The evidence's parts in prompt order, every passage's fate, and the two shares.

    A share in `max_tokens` is the route's, or less where the prompt had no room for it.
    """

    parts: tuple[Part, ...]
    decisions: tuple[PassageDecision, ...]
    max_tokens: dict[Section, int]


class _Slot(NamedTuple):
    """A passage's fate before it has a number; `same_as` is the passage that it repeats."""

    passage: Passage
    section: Section
    fate: Fate
    reason: str
    tokens: int = 0
    text: str = ""
    same_as: UUID | None = None


class EvidencePacker:
    """Fills the evidence's room for one question: primary first, then secondary, best first."""

    def __init__(
        self, counter: TokenCounter, *, route: Route, min_trimmed_tokens: int, min_score: float
    ) -> None:
        """`min_trimmed_tokens` and `min_score` as in BudgetLimits."""
        self._counter = counter
        self._route = route
        self._min_score = min_score
        self._frames = {
            True: counter.count(prompts.EVIDENCE_START) + counter.count(prompts.EVIDENCE_END),
            False: counter.count(prompts.NOTES_START) + counter.count(prompts.NOTES_END),
        }
        self._min_trimmed_tokens = min_trimmed_tokens

    def pack(self, citable: Evidence, learn_only: Evidence, room: int) -> PackedEvidence:
        """Choose the passages for `room` tokens.

        Primary may take what exceeds the secondary share, secondary what primary leaves, and then
        primary what secondary leaves.
        """
        primary = _best_first(citable.primary, learn_only.primary)
        secondary = _best_first(citable.secondary, learn_only.secondary)
        selection = Selection(
            self._count, frames=self._frames, min_trimmed_tokens=self._min_trimmed_tokens
        )
        said = Repeats()
        repeats: dict[UUID, UUID] = {}

        def may_open(passage: Passage) -> bool:
            if passage.score < self._min_score:
                return False
            carried = (excerpt.passage for excerpt in selection.excerpts.values())
            same_as = said.find(passage, carried)
            if same_as is not None:
                repeats[passage.passage_id] = same_as
            return same_as is None

        first = max(
            min(room, self._route.primary.max_tokens), room - self._route.secondary.max_tokens
        )
        selection.fill([(primary, first), (secondary, room - first)], room, may_open)
        return self._number(
            [self._slot(passage, "primary", selection, repeats) for passage in primary],
            [self._slot(passage, "secondary", selection, repeats) for passage in secondary],
            room,
        )

    def _count(self, passage: Passage, text: str) -> int:
        return self._counter.count(_render(passage, text))

    def _slot(
        self,
        passage: Passage,
        section: Section,
        selection: Selection,
        repeats: Mapping[UUID, UUID],
    ) -> _Slot:
        excerpt = selection.excerpts.get(passage.passage_id)
        if excerpt is not None:
            is_whole = len(excerpt.chosen) == len(excerpt.sentences)
            fate: Fate = "kept" if is_whole else "trimmed"
            reason = KEPT if is_whole else TRIMMED
            return _Slot(passage, section, fate, reason, excerpt.tokens, excerpt.text)
        if passage.score < self._min_score:
            return _Slot(passage, section, "dropped", BELOW_FLOOR)
        same_as = repeats.get(passage.passage_id)
        if same_as is not None:
            return _Slot(passage, section, "dropped", "same text", same_as=same_as)
        likeliest = max((s.probability for s in chances(passage)), default=0.0)
        reason = UNLIKELY if likeliest < LEAST_PROBABILITY else f"{section} share is full"
        return _Slot(passage, section, "dropped", reason)

    def _number(
        self, primary: Sequence[_Slot], secondary: Sequence[_Slot], room: int
    ) -> PackedEvidence:
        """Number the citable passages in prompt order, render all, and settle the shares."""
        slots = [*primary, *secondary]
        citable = [slot for slot in slots if slot.passage.is_citable]
        ordered = citable + [slot for slot in slots if not slot.passage.is_citable]
        carried = [slot for slot in citable if slot.fate != "dropped"]
        markers = {slot.passage.passage_id: i for i, slot in enumerate(carried, start=1)}
        decisions = tuple(
            PassageDecision(
                passage=slot.passage,
                section=slot.section,
                fate=slot.fate,
                reason=_reason(slot, markers),
                tokens=slot.tokens,
                text=slot.text,
                marker=markers.get(slot.passage.passage_id) if slot.fate != "dropped" else None,
            )
            for slot in ordered
        )
        shares: dict[Section, int] = {
            "primary": max(0, min(room, self._route.primary.max_tokens)),
            "secondary": max(0, min(room, self._route.secondary.max_tokens)),
        }
        parts = tuple(self._parts(decisions))
        return PackedEvidence(parts, decisions, shares)

    def _parts(self, decisions: Sequence[PassageDecision]) -> Iterable[Part]:
        """Render the carried passages; a frame belongs to the section of its first passage."""
        citable = [d for d in decisions if d.marker is not None]
        notes = [d for d in decisions if d.marker is None and d.fate != "dropped"]
        if citable:
            section, tokens = citable[0].section, self._frames[True]
            yield Part(section, prompts.EVIDENCE_START, tokens // 2)
            for d in citable:
                text = prompts.citable_passage(d.passage, d.text, d.marker or _ANY_MARKER)
                yield Part(d.section, text, d.tokens)
            yield Part(section, prompts.EVIDENCE_END, tokens - tokens // 2)
        if notes:
            section, tokens = notes[0].section, self._frames[False]
            yield Part(section, prompts.NOTES_START, tokens // 2)
            yield from (Part(d.section, prompts.note(d.text), d.tokens) for d in notes)
            yield Part(section, prompts.NOTES_END, tokens - tokens // 2)


def _best_first(citable: Sequence[Passage], learn_only: Sequence[Passage]) -> list[Passage]:
    """Merge by chance; the order within each, and citable before learn-only, decide ties."""
    return list(heapq.merge(citable, learn_only, key=lambda p: (-p.probability, -p.score)))


def _render(passage: Passage, text: str) -> str:
    if passage.is_citable:
        return prompts.citable_passage(passage, text, _ANY_MARKER)
    return prompts.note(text)


def _reason(slot: _Slot, markers: dict[UUID, int]) -> str:
    if slot.same_as is None:
        return slot.reason
    marker = markers.get(slot.same_as)
    return f"same text as [{marker}]" if marker else "same text as a background note"
