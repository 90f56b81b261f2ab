"""Counts which letter groups tell two languages apart, from the demo shop's own texts.

    python bench/_letter_statistics.py > leanrag/text/letter_statistics.tsv

Naive Bayes over groups of one to three letters of folded words, with word boundaries: the weight of
a group is the logarithm of how much likelier it is in the first language than in the second
(Cavnar and Trenkle, "N-Gram-Based Text Categorization", 1994, for the groups). Folded, a text does
not depend on the keyboard that it was typed on.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.text.analyzers import load_stopwords
from leanrag.text.language import letter_groups
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Language

PAIRS: tuple[tuple[Language, Language], ...] = (("fa", "ar"), ("tr", "en"))
FUNCTION_WORD_COUNT = 3  # they are most of what a short message is made of
SMOOTHING = 0.5
UNSEEN_GROUPS = 3_000  # about as many as a language has
# Single letters and pairs say again what the groups around them say.
GROUP_WEIGHTS = {1: 0.3, 2: 0.5, 3: 1.0}
LEAST_WEIGHT = 3  # tenths
_WORD = re.compile(r"[^\W\d_]+")
_ARABIC_SCRIPT = re.compile("[\u0620-\u06ff]")


def main() -> int:
    """Print one line for each telling group: language pair, group, weight in tenths."""
    for first, second in PAIRS:
        weights = letter_weights(_group_counts(first), _group_counts(second))
        for group, weight in sorted(weights.items()):
            print(f"{first}\t{group}\t{weight}")
    return 0


def letter_weights(first: Counter[str], second: Counter[str]) -> dict[str, int]:
    """Return each group's weighted log-odds in tenths, positive for the first language."""
    weights = {}
    for group in first.keys() | second.keys():
        odds = _log_likelihood(first, group) - _log_likelihood(second, group)
        weight = round(10 * GROUP_WEIGHTS[len(group)] * odds)
        if abs(weight) >= LEAST_WEIGHT and first[group] + second[group] >= 2:
            weights[group] = weight
    return weights


def _log_likelihood(counts: Counter[str], group: str) -> float:
    return math.log((counts[group] + SMOOTHING) / (counts.total() + SMOOTHING * UNSEEN_GROUPS))


def _group_counts(language: Language) -> Counter[str]:
    """Count the groups of the language's words; a word that stands often counts by its logarithm.

    Otherwise the shop's favourite words would stand for the language.
    """
    words: Counter[str] = Counter()
    for text in _demo_texts(language):
        words.update(_own_words(text, language))
    for word in _own_words(" ".join(load_stopwords(language)), language):
        words[word] += FUNCTION_WORD_COUNT
    groups: Counter[str] = Counter()
    for word in sorted(words):
        for group in letter_groups(word):
            groups[group] += 1 + round(math.log(words[word]))
    return groups


def _own_words(text: str, language: Language) -> Iterator[str]:
    for word in _WORD.findall(fold(text)):
        if bool(_ARABIC_SCRIPT.search(word)) == (language in ("fa", "ar")):
            yield word


def _demo_texts(language: Language) -> Iterator[str]:
    yield (DEMO_DIRECTORY / f"manual.{language}.md").read_text(encoding="utf-8")
    for page in sorted((DEMO_DIRECTORY / "pages").glob(f"*.{language}.md")):
        yield page.read_text(encoding="utf-8")
    for name in ("faq.csv", "products.csv"):
        with (DEMO_DIRECTORY / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["language"] == language:
                    yield " ".join(
                        row.get(field) or ""
                        for field in ("question", "answer", "title", "description")
                    )


if __name__ == "__main__":
    assert set(LANGUAGES) == {name for pair in PAIRS for name in pair}
    sys.exit(main())
