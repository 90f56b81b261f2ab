"""Which passages go into the room that a prompt has left: whole, trimmed or not, and why."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from leanrag import prompts
from leanrag.text.matching import QueryMatcher, sentence_spans
from leanrag.text.tokens import TokenCounter
from leanrag.types import Evidence, Fate, Passage, PassageDecision, Route, Section

# Share of a passage's word shingles that another one carries already (Broder 1997: containment).
DUPLICATE_OVERLAP = 0.85
SHINGLE_WORDS = 3

KEPT = "fits as a whole"
TRIMMED = "trimmed to the sentences closest to the question"
BELOW_FLOOR = "below the relevance floor"

_WORD = re.compile(r"\w+")
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


@dataclass(frozen=True, slots=True)
class _Slot:
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
        self,
        counter: TokenCounter,
        *,
        question: str,
        route: Route,
        min_trimmed_tokens: int,
        min_score: float,
    ) -> None:
        """`min_trimmed_tokens` and `min_score` as in BudgetLimits."""
        self._counter = counter
        self._question = question
        self._route = route
        self._min_trimmed_tokens = min_trimmed_tokens
        self._min_score = min_score
        self._frames = {
            True: counter.count(prompts.EVIDENCE_START) + counter.count(prompts.EVIDENCE_END),
            False: counter.count(prompts.NOTES_START) + counter.count(prompts.NOTES_END),
        }
        self._whole_tokens: dict[UUID, int] = {}
        self._shingles: dict[tuple[UUID, int], frozenset[tuple[str, ...]]] = {}

    def pack(self, citable: Evidence, learn_only: Evidence, room: int) -> PackedEvidence:
        """Choose the passages for `room` tokens.

        Primary may take what exceeds the secondary share, secondary what primary leaves, and then
        primary what secondary leaves.
        """
        shares = self._route.primary.max_tokens, self._route.secondary.max_tokens
        primary_room = max(min(room, shares[0]), room - shares[1])
        primary = self._fill(
            "primary", _best_first(citable.primary, learn_only.primary), primary_room, []
        )
        secondary = self._fill(
            "secondary",
            _best_first(citable.secondary, learn_only.secondary),
            room - self._used(primary),
            primary,
        )
        primary = self._retry(primary, secondary, room)
        return self._number(primary, secondary, room)

    def _fill(
        self, section: Section, passages: Sequence[Passage], room: int, others: Sequence[_Slot]
    ) -> list[_Slot]:
        limit = room + self._used(others)
        slots: list[_Slot] = []
        for passage in passages:
            kept = [*others, *slots]
            slots.append(self._place(passage, section, limit - self._used(kept), kept))
        return slots

    def _retry(
        self, primary: Sequence[_Slot], secondary: Sequence[_Slot], room: int
    ) -> list[_Slot]:
        """Let primary passages that found no room, or not enough, use what secondary left."""
        slots = list(primary)
        for i, slot in enumerate(slots):
            if slot.fate == "kept" or slot.reason == BELOW_FLOOR or slot.same_as:
                continue
            others = [*slots[:i], *slots[i + 1 :], *secondary]
            again = self._place(slot.passage, slot.section, room - self._used(others), others)
            if again.tokens > slot.tokens:
                slots[i] = again
        return slots

    def _used(self, slots: Sequence[_Slot]) -> int:
        kinds = {slot.passage.is_citable for slot in slots if slot.fate != "dropped"}
        return sum(slot.tokens for slot in slots) + sum(self._frames[kind] for kind in kinds)

    def _place(
        self, passage: Passage, section: Section, room: int, others: Sequence[_Slot]
    ) -> _Slot:
        """Keep, trim or drop one passage, given what the prompt carries already."""
        if passage.score < self._min_score:
            return _Slot(passage, section, "dropped", BELOW_FLOOR)
        carried = [slot for slot in others if slot.fate != "dropped"]
        if not any(slot.passage.is_citable is passage.is_citable for slot in carried):
            room -= self._frames[passage.is_citable]
        slot = self._fit(passage, section, room)
        if slot is None:
            return _Slot(passage, section, "dropped", f"{section} share is full")
        same_as = self._repeated(passage, carried)
        if same_as is not None:
            return _Slot(passage, section, "dropped", "same text", same_as=same_as)
        return slot

    def _fit(self, passage: Passage, section: Section, room: int) -> _Slot | None:
        """Return the passage whole or trimmed, or None where `room` holds neither."""
        # The stored count is an estimate: it spares the exact one where there is clearly no room.
        if passage.token_count <= 2 * room:
            tokens = self._count_whole(passage)
            if tokens <= room:
                return _Slot(passage, section, "kept", KEPT, tokens, passage.text)
        if room <= self._min_trimmed_tokens:
            return None
        return self._trim(passage, section, room)

    def _count_whole(self, passage: Passage) -> int:
        tokens = self._whole_tokens.get(passage.passage_id)
        if tokens is None:
            tokens = self._counter.count(_render(passage, passage.text))
            self._whole_tokens[passage.passage_id] = tokens
        return tokens

    def _repeated(self, passage: Passage, carried: Sequence[_Slot]) -> UUID | None:
        """Return the carried passage that says the same. A note never displaces a citable one."""
        own = self._shingles_of(passage, passage.text)
        for slot in carried:
            if passage.is_citable and not slot.passage.is_citable:
                continue
            shared = len(own & self._shingles_of(slot.passage, slot.text))
            if shared >= DUPLICATE_OVERLAP * len(own):
                return slot.passage.passage_id
        return None

    def _shingles_of(self, passage: Passage, text: str) -> frozenset[tuple[str, ...]]:
        key = (passage.passage_id, len(text))
        found = self._shingles.get(key)
        if found is None:
            found = self._shingles[key] = frozenset(_shingles(text))
        return found

    @cached_property
    def _matcher(self) -> QueryMatcher:
        return QueryMatcher(self._question, self._route.language)

    def _trim(self, passage: Passage, section: Section, room: int) -> _Slot | None:
        """Keep the sentences closest to the question, in order; None when too few fit."""
        head = self._counter.count(_render(passage, ""))
        if not passage.text or room - head < self._min_trimmed_tokens:
            return None
        spans = sentence_spans(passage.text)
        scores = self._matcher.scores([passage.text[start:end] for start, end in spans])
        # Letters stand for tokens in the choice; the exact count below has the last word.
        tokens_per_letter = (passage.token_count or len(passage.text) / 2) / len(passage.text)
        chosen: list[int] = []
        left = float(room - head)
        for i in sorted(range(len(spans)), key=lambda i: (-scores[i], i)):
            tokens_about = tokens_per_letter * (spans[i][1] - spans[i][0] + 1)
            if tokens_about <= left:
                chosen.append(i)
                left -= tokens_about
        if room - head - left < self._min_trimmed_tokens:
            return None
        while chosen:
            text = _excerpt(passage.text, [spans[i] for i in sorted(chosen)])
            tokens = self._counter.count(_render(passage, text))
            if tokens - head < self._min_trimmed_tokens:
                return None
            if tokens <= room:
                return _Slot(passage, section, "trimmed", TRIMMED, tokens, text)
            chosen.pop()
        return None

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
    """Merge by score; the order within each, and citable before learn-only, decide ties."""
    return list(heapq.merge(citable, learn_only, key=lambda passage: -passage.score))


def _render(passage: Passage, text: str) -> str:
    if passage.is_citable:
        return prompts.citable_passage(passage, text, _ANY_MARKER)
    return prompts.note(text)


def _shingles(text: str) -> Iterable[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    size = min(SHINGLE_WORDS, len(words))
    return (tuple(words[i : i + size]) for i in range(len(words) - size + 1))


def _excerpt(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Join spans of `text`: neighbours as they stand, others on a line of their own."""
    pieces: list[str] = []
    before = -1
    for start, end in spans:
        gap = text[before:start] if before >= 0 else ""
        pieces.append(("\n" if gap.strip() else gap) + text[start:end])
        before = end
    return "".join(pieces)


def _reason(slot: _Slot, markers: dict[UUID, int]) -> str:
    if slot.same_as is None:
        return slot.reason
    marker = markers.get(slot.same_as)
    return f"same text as [{marker}]" if marker else "same text as a background note"
