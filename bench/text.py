"""Measures the text steps: language detection, Finglish and Arabizi, token counting, analyzers.

    python bench/text.py [--passages FILE] [--questions FILE] [--retrieval] [--json]

Speeds are CPU time, which the neighbours change little, on the demo shop's paragraphs or on the
passages of FILE (JSON lines with `lang`, `title` and `text`). With --questions, detection is
measured on that file too, as it is and mistyped. With --retrieval the demo shop is asked in
Finglish and Arabizi.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _question_options as question_options
from bench import _text_romanized as romanized
from bench._recall_data import read_passages, read_questions
from bench._recall_noise import add_noise
from bench._text_messages import demo_passages, read_messages, read_romanized
from leanrag.text.analyzers import analyze_with_ngrams
from leanrag.text.language import detect
from leanrag.text.tokens import ENCODING_FILES, TokenCounter, load_counter
from leanrag.types import LANGUAGES, Language

ROUNDS = 3  # the best of so many: what the neighbours leave
NOISE_SEEDS = (1, 2)
SPEED_PASSAGES = 700


@dataclass(frozen=True, slots=True)
class Detection:
    """How many texts of a set have their language detected, and how many pass for romanized."""

    texts: str
    language: Language
    count: int
    right: int
    taken_for_romanized: int


@dataclass(frozen=True, slots=True)
class TokenSpeed:
    """Megabytes of UTF-8 a second: tiktoken alone, our count, and our count the second time."""

    encoding: str
    language: Language
    tiktoken: float
    counter: float
    counted_before: float


@dataclass(frozen=True, slots=True)
class AnalyzerSpeed:
    """Analysing a passage into words and 4-grams."""

    language: Language
    milliseconds: float
    megabytes_per_second: float


@dataclass(frozen=True, slots=True)
class Report:
    """All figures; detection times in milliseconds a message."""

    detection: tuple[Detection, ...]
    detection_p50_ms: float
    detection_p95_ms: float
    tokens: tuple[TokenSpeed, ...]
    analyzers: tuple[AnalyzerSpeed, ...]
    retrieval: tuple[romanized.RomanizedRecall, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    p50, p95 = _detection_times()
    passages = {language: _passages(language, options.passages) for language in LANGUAGES}
    report = Report(
        detection=tuple(_detections(options.questions)),
        detection_p50_ms=p50,
        detection_p95_ms=p95,
        tokens=tuple(
            _token_speed(load_counter(name), language, texts)
            for name in ENCODING_FILES
            for language, texts in passages.items()
        ),
        analyzers=tuple(_analyzer_speed(language, texts) for language, texts in passages.items()),
        retrieval=romanized.measure(read_romanized()) if options.retrieval else (),
    )
    print(json.dumps(asdict(report), indent=2) if options.json else "\n".join(_lines(report)))
    return 0


def _detections(questions: Path | None) -> Iterator[Detection]:
    for language in LANGUAGES:
        own = [m.text for m in read_messages() if m.language == language]
        yield _detection("short messages", language, own)
    for language in LANGUAGES:
        own = [q.text for q in read_romanized() if q.language == language]
        if own:
            yield _detection("Latin letters", language, own)
    if questions is None:
        return
    for language in LANGUAGES:
        asked = read_questions(questions, language=language)
        yield _detection("questions", language, [q.text for q in asked])
        for seed in NOISE_SEEDS:
            noisy = [add_noise(q.text, language, key=f"{seed}:{q.question_id}") for q in asked]
            yield _detection(f"mistyped {seed}", language, noisy)


def _detection(texts: str, language: Language, messages: Sequence[str]) -> Detection:
    found = [detect(message) for message in messages]
    return Detection(
        texts,
        language,
        len(messages),
        right=sum(one.language == language for one in found),
        taken_for_romanized=sum(one.is_romanized for one in found),
    )


def _detection_times() -> tuple[float, float]:
    messages = [m.text for m in read_messages()] + [q.text for q in read_romanized()]
    for message in messages:  # loads the tables
        detect(message)
    times = []
    for message in messages * ROUNDS:
        started = time.thread_time()
        detect(message)
        times.append((time.thread_time() - started) * 1000)
    times.sort()
    return round(times[len(times) // 2], 4), round(times[len(times) * 95 // 100], 4)


def _passages(language: Language, path: Path | None) -> list[str]:
    if path is None:
        return list(demo_passages(language))
    own = (passage.text for passage in read_passages(path) if passage.language == language)
    return list(own)[:SPEED_PASSAGES]


def _token_speed(counter: TokenCounter, language: Language, texts: Sequence[str]) -> TokenSpeed:
    megabytes = sum(len(text.encode()) for text in texts) / 1e6

    def count_anew() -> Callable[[str], object]:
        return TokenCounter(counter.encoding).count

    plain = _best_seconds(lambda: counter.encoding.encode_ordinary, texts)
    ours = _best_seconds(count_anew, texts)
    again = _best_seconds(lambda: counter.count, texts)
    speeds = (round(megabytes / seconds, 1) for seconds in (plain, ours, again))
    return TokenSpeed(counter.name, language, *speeds)


def _analyzer_speed(language: Language, texts: Sequence[str]) -> AnalyzerSpeed:
    seconds = _best_seconds(lambda: lambda text: analyze_with_ngrams(text, language), texts)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    return AnalyzerSpeed(
        language, round(1000 * seconds / len(texts), 3), round(megabytes / seconds, 2)
    )


def _best_seconds(make_step: Callable[[], Callable[[str], object]], texts: Sequence[str]) -> float:
    """Return the shortest time of a few rounds over all texts, each with a step of its own."""
    best = float("inf")
    for _ in range(ROUNDS):
        step = make_step()
        started = time.thread_time()
        for text in texts:
            step(text)
        best = min(best, time.thread_time() - started)
    return best


def _lines(report: Report) -> Iterator[str]:
    yield "Language detected, and texts taken for Finglish or Arabizi"
    for d in report.detection:
        share = 100 * d.right / d.count
        yield f"  {d.texts:15} {d.language}  {share:5.1f} % of {d.count}  {d.taken_for_romanized:3}"
    yield f"  ms a message: p50 {report.detection_p50_ms}, p95 {report.detection_p95_ms}"
    yield "Token counting, MB/s: tiktoken alone, ours, ours again"
    for t in report.tokens:
        speeds = f"{t.tiktoken:7.1f} {t.counter:7.1f} {t.counted_before:9.1f}"
        yield f"  {t.encoding:11} {t.language}  {speeds}"
    yield "Analyzers: ms a passage, MB/s"
    for a in report.analyzers:
        yield f"  {a.language}  {a.milliseconds:.3f}  {a.megabytes_per_second:.2f}"
    if report.retrieval:
        yield f"Latin letters: in the first {romanized.FIRST}, in the prompt, in the answer"
    for r in report.retrieval:
        yield f"  {r.language}  {r.found} {r.in_prompt} {r.answered} of {r.questions}"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the text steps.")
    question_options.add_files(parser, required=False)
    parser.add_argument("--retrieval", action="store_true", help="ask the demo shop (a minute)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


if __name__ == "__main__":
    sys.exit(main())
