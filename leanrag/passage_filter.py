"""Which passages a person wants to see, and how many each value of each filter would show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from leanrag.types import LANGUAGES, SOURCE_KINDS, Language, SourceKind


@dataclass(frozen=True, slots=True)
class PassageFilter:
    """Which passages to show; what is empty, or None, leaves all.

    All of `words` must stand in a passage, its title or its heading, in any inflected form. A
    passage is of one of `kinds` and `languages`, and its source has one of `tags`. `is_edited`: a
    person changed something about it.
    """

    words: str = ""
    source_id: UUID | None = None
    kinds: tuple[SourceKind, ...] = ()
    languages: tuple[Language, ...] = ()
    is_citable: bool | None = None
    enabled: bool | None = None
    is_edited: bool | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class YesNo:
    """How many passages are so, and how many are not."""

    yes: int
    no: int


@dataclass(frozen=True, slots=True)
class PassageFacets:
    """How many passages each value of a filter would show, all other filters being as they are."""

    kinds: tuple[tuple[SourceKind, int], ...]
    languages: tuple[tuple[Language, int], ...]
    citable: YesNo
    enabled: YesNo
    edited: YesNo


@dataclass(frozen=True, slots=True)
class PassageGroup:
    """How many passages are of one kind and language, and alike in what may be switched."""

    kind: SourceKind
    language: Language
    is_citable: bool
    enabled: bool
    is_edited: bool
    count: int

    def is_shown(self, wanted: PassageFilter) -> bool:
        """Tell whether a filter shows these passages, as far as it looks at what they share."""
        return (
            (not wanted.kinds or self.kind in wanted.kinds)
            and (not wanted.languages or self.language in wanted.languages)
            and wanted.is_citable in (None, self.is_citable)
            and wanted.enabled in (None, self.enabled)
            and wanted.is_edited in (None, self.is_edited)
        )


def count_shown(groups: Iterable[PassageGroup], wanted: PassageFilter) -> int:
    """Return how many passages of all groups a filter shows."""
    return sum(group.count for group in groups if group.is_shown(wanted))


def facets_of(groups: Sequence[PassageGroup], wanted: PassageFilter) -> PassageFacets:
    """Return what every other choice of one filter would show; a kind without any is left out."""
    kinds = _counts(groups, replace(wanted, kinds=()), "kind")
    languages = _counts(groups, replace(wanted, languages=()), "language")
    return PassageFacets(
        kinds=tuple((kind, kinds[kind]) for kind in SOURCE_KINDS if kinds[kind]),
        languages=tuple((name, languages[name]) for name in LANGUAGES if languages[name]),
        citable=_yes_no(_counts(groups, replace(wanted, is_citable=None), "is_citable")),
        enabled=_yes_no(_counts(groups, replace(wanted, enabled=None), "enabled")),
        edited=_yes_no(_counts(groups, replace(wanted, is_edited=None), "is_edited")),
    )


def _counts(groups: Sequence[PassageGroup], wanted: PassageFilter, field: str) -> Counter[object]:
    counts: Counter[object] = Counter()
    for group in groups:
        if group.is_shown(wanted):
            counts[getattr(group, field)] += group.count
    return counts


def _yes_no(counts: Counter[object]) -> YesNo:
    return YesNo(yes=counts[True], no=counts[False])
