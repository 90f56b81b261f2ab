"""Measures whether questions find what stands in a manual of 999 words that is one passage.

    python bench/manual.py --passages FILE --questions FILE [--noise SEED] [--manuals N]

Manuals are put together from public paragraphs that questions were asked of (JSON lines as for
bench/recall.py, with `pid`), and taken in by the product's own ingest, three times: as one passage
weighed by its whole length, as one weighed by its parts (what the product does), and cut. Beside
them stand 1,500 other public passages. A question counts as found when the evidence that the budget
packs holds its answer; thirds are those of the manual that the answer stands in.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _question_options as question_options
from bench import _recall_data as data
from bench import _turn_product as product
from bench._recall_noise import add_noise
from bench._recall_questions import Asker
from leanrag.bootstrap import Services, start_services
from leanrag.ingest.manual import WHOLE_BELOW_WORDS, count_words
from leanrag.ingest.pipeline import Upload
from leanrag.text import lexical
from leanrag.types import LANGUAGES, Language, SourceForm

WAYS: tuple[tuple[str, SourceForm], ...] = (
    ("one passage, by its whole length", "manual"),
    ("one passage, by its parts", "manual"),
    ("cut at 320 tokens", "file"),
)
BUDGETS = (300, 600, 1_000)
OTHER_PASSAGES = 1_500
QUESTIONS_A_PARAGRAPH = 4
TITLES: dict[Language, str] = {"fa": "راهنما", "en": "Handbook", "ar": "الدليل", "tr": "El kitabı"}

Figures = dict[str, list[dict[int, bool]]]


@dataclass(frozen=True, slots=True)
class Manual:
    """Paragraphs of one language, fewer than 1,000 words, and the questions of each."""

    language: Language
    paragraphs: tuple[str, ...]
    questions: tuple[tuple[data.PublicQuestion, ...], ...]

    def third(self, paragraph: int) -> int:
        """Return in which third of the words the middle of a paragraph stands: 1, 2 or 3."""
        words = [count_words(text) for text in self.paragraphs]
        middle = sum(words[:paragraph]) + words[paragraph] / 2
        return min(3, 1 + int(3 * middle / sum(words)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    manuals, others = read_manuals(options.passages, options.questions, options.manuals)
    with (
        product.data_directory() as home,
        closing(start_services(product.settings_for(home), worker=False, demo=False)) as services,
    ):
        print(f"{'':34} questions  found in {' / '.join(map(str, BUDGETS))} tokens, percent")
        for number, (name, form) in enumerate(WAYS):
            with _by_whole_length(number == 0):
                tenant_id = services.tenants.create(f"manual-{number}", name).tenant_id
                data.index(services, tenant_id, others)
                _add(services, tenant_id, manuals, form)
            print(name)
            for key, found in _ask(services, tenant_id, manuals, options.noise).items():
                shares = (100 * sum(f[b] for f in found) / len(found) for b in BUDGETS)
                print(f"  {key:32} {len(found):9}  {' / '.join(f'{s:.1f}' for s in shares)}")
    return 0


def read_manuals(
    passages: Path, questions: Path, count: int
) -> tuple[tuple[Manual, ...], tuple[data.PublicPassage, ...]]:
    """Return `count` manuals of each language, and public passages that are in none of them."""
    texts = {o["pid"]: o for o in data.read_objects(passages)}
    asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for question in data.read_objects(questions):
        asked[question["pid"]].append(question)
    chance, made, used = random.Random(5), [], set[str]()
    for language in LANGUAGES:
        own = [pid for pid in asked if pid in texts and texts[pid]["lang"] == language]
        chance.shuffle(own)
        waiting = iter(own)
        for _ in range(count):
            chosen = list(_fill(waiting, texts))
            used.update(chosen)
            paragraphs = tuple(texts[pid]["text"].strip() for pid in chosen)
            every = tuple(tuple(map(_question, asked[p][:QUESTIONS_A_PARAGRAPH])) for p in chosen)
            made.append(Manual(language, paragraphs, every))
    left = [o for pid, o in texts.items() if pid not in used]
    chance.shuffle(left)
    others = (data.PublicPassage(o["lang"], o["title"], o["text"]) for o in left[:OTHER_PASSAGES])
    return tuple(made), tuple(others)


def _fill(waiting: Iterator[str], texts: dict[str, dict[str, Any]]) -> Iterator[str]:
    words = 0
    for pid in waiting:
        words += count_words(texts[pid]["text"])
        if words >= WHOLE_BELOW_WORDS:
            return
        yield pid


def _question(o: dict[str, Any]) -> data.PublicQuestion:
    return data.PublicQuestion(o["id"], o["lang"], o["question"], tuple(o["answers"]))


@contextmanager
def _by_whole_length(is_wanted: bool) -> Iterator[None]:
    """Weigh long texts as short ones are: as it was before they were weighed by their parts."""
    before = lexical.MOST_NGRAMS
    lexical.MOST_NGRAMS = 10**9 if is_wanted else before
    yield
    lexical.MOST_NGRAMS = before


def _add(services: Services, tenant_id: UUID, manuals: Sequence[Manual], form: SourceForm) -> None:
    for number, manual in enumerate(manuals):
        text = "\n\n".join(manual.paragraphs).encode()
        title = TITLES[manual.language]
        upload = Upload(f"{number}.md", text, "manual", title=title, form=form)
        source = services.ingest.add(tenant_id, upload)
        if source.status != "processed" or (form == "manual" and source.passage_count != 1):
            raise RuntimeError(f"Manual {number} is {source.status}: {source.error}")


def _ask(
    services: Services, tenant_id: UUID, manuals: Sequence[Manual], noise: int | None
) -> Figures:
    asker = Asker(services, tenant_id, BUDGETS, use_router=False)
    figures: Figures = defaultdict(list)
    for manual in manuals:
        for number, questions in enumerate(manual.questions):
            for question in questions:
                text = question.text
                if noise is not None:
                    key = f"{noise}:{question.question_id}"
                    text = add_noise(text, question.language, key=key)
                found = asker.ask(question, text).is_found
                for key in ("all", manual.language, f"third {manual.third(number)}"):
                    figures[key].append(found)
    return dict(sorted(figures.items()))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what is found in whole manuals.")
    question_options.add_files(parser)
    parser.add_argument("--noise", type=int, metavar="SEED", help="type as people do")
    parser.add_argument("--manuals", type=int, default=8, metavar="N", help="of each language")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


if __name__ == "__main__":
    sys.exit(main())
