"""Measures first contact: which messages are answered without retrieval, or passed to a person.

    python bench/first_contact.py [--errors] [--json]

The labelled messages are split in halves by their own hash. The phrases were chosen on the
development half; with --errors only that half's are printed, so that the other stays unseen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._routing_messages import HALVES, Half, half_of
from leanrag.first_contact import ACTS, FirstContact
from leanrag.text.language import detect_language
from leanrag.types import LANGUAGES, Language

MESSAGES_DIRECTORY = Path(__file__).with_name("first_contact_messages")
NO_ACT = "none"
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class ActMessage:
    """A customer's message and the act that it is; `none` for a question or a statement."""

    text: str
    act: str
    language: Language

    @property
    def half(self) -> Half:
        """The half that the first byte of the text's SHA-256 puts the message in."""
        return half_of(self.text)


@dataclass(frozen=True, slots=True)
class ActFigures:
    """Messages of one act in one half, and how well they are told; shares from 0 to 1."""

    act: str
    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """The figures of one language and half.

    `macro_f1` is over the six acts and `none`; `taken_for_act` counts the `none` messages that are
    taken for an act, of `none_count`.
    """

    language: Language
    half: Half
    acts: tuple[ActFigures, ...]
    macro_f1: float
    taken_for_act: int
    none_count: int


@dataclass(frozen=True, slots=True)
class Report:
    """All figures; times in microseconds of CPU a message, without detecting its language."""

    figures: tuple[LanguageFigures, ...]
    p50_microseconds: float
    p95_microseconds: float
    p95_first_time_microseconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    first_contact = FirstContact()
    messages = read_messages()
    first_time = _times(first_contact, messages)
    times = sorted(t for _ in range(ROUNDS) for t in _times(first_contact, messages))
    report = Report(
        figures=tuple(
            figures_of(language, half, told_of(first_contact, messages, language, half))
            for half in HALVES
            for language in LANGUAGES
        ),
        p50_microseconds=round(times[len(times) // 2], 1),
        p95_microseconds=round(times[len(times) * 95 // 100], 1),
        p95_first_time_microseconds=round(first_time[len(first_time) * 95 // 100], 1),
    )
    print(json.dumps(asdict(report), indent=2) if options.json else "\n".join(_lines(report)))
    if options.errors:
        print("\n".join(_errors(first_contact, messages)))
    return 0


def read_messages(directory: Path = MESSAGES_DIRECTORY) -> tuple[ActMessage, ...]:
    """Read the labelled messages of the four languages."""
    return tuple(
        ActMessage(row["text"], row["act"], language)
        for language in LANGUAGES
        for row in map(
            json.loads, (directory / f"{language}.jsonl").read_text("utf-8").splitlines()
        )
    )


def told(first_contact: FirstContact, message: ActMessage) -> str:
    """Return the act that a turn would handle `message` as, by the language it would detect.

    A wish for a person counts wherever it is said, because it sets the handoff flag.
    """
    language = detect_language(message.text, default=message.language)
    match = first_contact.recognise(message.text, language)
    return match.act if match is not None else NO_ACT


def told_of(
    first_contact: FirstContact, messages: Sequence[ActMessage], language: Language, half: Half
) -> list[tuple[str, str]]:
    """Return the labelled and the told act of each message of a language and half."""
    return [
        (message.act, told(first_contact, message))
        for message in messages
        if message.language == language and message.half == half
    ]


def figures_of(language: Language, half: Half, pairs: Sequence[tuple[str, str]]) -> LanguageFigures:
    """Return the figures of pairs of labelled and told act."""
    acts = tuple(_act_figures(act, pairs) for act in (*ACTS, NO_ACT))
    none = [was for is_, was in pairs if is_ == NO_ACT]
    return LanguageFigures(
        language=language,
        half=half,
        acts=acts,
        macro_f1=round(sum(act.f1 for act in acts) / len(acts), 4),
        taken_for_act=sum(was != NO_ACT for was in none),
        none_count=len(none),
    )


def _act_figures(act: str, pairs: Sequence[tuple[str, str]]) -> ActFigures:
    count = sum(is_ == act for is_, _ in pairs)
    found = sum(was == act for _, was in pairs)
    right = sum(is_ == was == act for is_, was in pairs)
    precision = right / found if found else float(count == 0)
    recall = right / count if count else 1.0
    f1 = 2 * precision * recall / (precision + recall) if right else float(count == found)
    return ActFigures(act, count, round(precision, 4), round(recall, 4), round(f1, 4))


def _times(first_contact: FirstContact, messages: Sequence[ActMessage]) -> list[float]:
    """Return the microseconds of every message, the shortest first."""
    times = []
    for message in messages:
        started = time.thread_time_ns()
        first_contact.recognise(message.text, message.language)
        times.append((time.thread_time_ns() - started) / 1000)
    return sorted(times)


def _lines(report: Report) -> Iterator[str]:
    yield f"F1 by act: {' '.join(f'{act:>8}' for act in (*ACTS, NO_ACT))}    macro  none taken"
    for f in report.figures:
        scores = " ".join(f"{act.f1:8.3f}" for act in f.acts)
        taken = f"{f.taken_for_act}/{f.none_count}"
        yield f"  {f.language} {f.half:11} {scores} {f.macro_f1:8.3f}  {taken}"
    worst = min(report.figures, key=lambda f: f.macro_f1)
    yield (
        f"first contact: macro-F1 {worst.macro_f1:.3f} or better ({worst.language}, {worst.half});"
        f" microseconds a message p50 {report.p50_microseconds}, p95 {report.p95_microseconds},"
        f" met for the first time p95 {report.p95_first_time_microseconds}"
    )


def _errors(first_contact: FirstContact, messages: Sequence[ActMessage]) -> Iterator[str]:
    for message in messages:
        act = told(first_contact, message)
        if message.half == "development" and act != message.act:
            yield f"  {message.language} {message.act} told as {act}: {message.text}"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what is decided before retrieval.")
    parser.add_argument("--errors", action="store_true", help="print the development half's errors")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
