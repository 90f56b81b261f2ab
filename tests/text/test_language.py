from __future__ import annotations

import subprocess
import sys
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leanrag.text.language import (
    LETTERS_FILE,
    DetectedLanguage,
    detect,
    detect_language,
    direction,
    letter_groups,
)
from leanrag.types import LANGUAGES, Language

MESSAGES = tomllib.loads(
    (Path(__file__).parents[2] / "bench/messages.toml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("چنده", "fa"),
        ("سلام قيمت اين محصول چند است", "fa"),  # Arabic ي on a Persian text
        ("كي ميرسه", "fa"),
        ("كتري برقي و كيفيت ارسالي", "fa"),  # many letters of the other keyboard
        ("الان باز هستید", "fa"),
        ("قیمت iPhone 15 Pro Max 256GB", "fa"),
        ("لطفا invoice رو بفرستید", "fa"),
        ("كم السعر", "ar"),
        ("هل یوجد توصیل", "ar"),  # Persian ی on an Arabic text
        ("هل يوجد توصيل؟", "ar"),
        ("وين موقعكم", "ar"),
        ("سعر iPhone 15 Pro Max", "ar"),
        ("fiyatı ne kadar", "tr"),
        ("bu urunun fiyati ne kadar", "tr"),
        ("kargo", "tr"),
        ("teşekkürler", "tr"),
        ("sipariş takibi", "tr"),
        ("thanks", "en"),
        ("how much is it", "en"),
        ("Who is Erdoğan?", "en"),
        ("Do you sell Turkish çaydanlık?", "en"),
        ("What does قیمت mean?", "en"),
        ("café menu", "en"),
    ],
)
def test_language_of_a_short_message(text: str, language: Language) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_least_95_of_100_labelled_messages_are_right(language: Language) -> None:
    texts = [text for group in MESSAGES[language].values() for text in group]
    assert len(texts) >= 60
    assert sum(detect_language(text) == language for text in texts) >= 0.95 * len(texts)


@pytest.mark.parametrize("text", ["   ", "😀👍", "123 ۴۵۶", "日本語", *MESSAGES["none"]])
def test_text_without_a_known_letter_gets_the_default(text: str) -> None:
    assert detect_language(text) == "en"
    assert detect_language(text, default="fa") == "fa"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gheymat e in ketri chande", DetectedLanguage("fa", is_romanized=True)),
        ("kam se3r el shay", DetectedLanguage("ar", is_romanized=True)),
        ("قیمت این کتری چند است", DetectedLanguage("fa")),
        ("what is the price of this kettle", DetectedLanguage("en")),
    ],
)
def test_persian_and_arabic_in_latin_letters_are_marked(text: str, found: DetectedLanguage) -> None:
    assert detect(text) == found


def test_the_start_of_a_long_text_decides() -> None:
    text = "This is the manual of the device. " * 10_000 + "سلام " * 5
    assert detect_language(text) == "en"


def test_threads_agree() -> None:
    texts = ["price list", "fiyat listesi", "سعر", "قیمت"] * 25
    with ThreadPoolExecutor(8) as pool:
        detected = list(pool.map(detect_language, texts))
    assert detected == ["en", "tr", "ar", "fa"] * 25


def test_direction_follows_the_script() -> None:
    assert [direction(language) for language in ("fa", "ar", "en", "tr")] == [
        "rtl",
        "rtl",
        "ltr",
        "ltr",
    ]


def test_letter_groups_have_one_to_three_letters_and_mark_the_boundaries() -> None:
    assert list(letter_groups("ab")) == ["a", "b", "_a", "ab", "b_", "_ab", "ab_"]
    assert list(letter_groups("a")) == ["a", "_a", "a_", "_a_"]


def test_the_shipped_weights_are_distinct_and_speak_for_both_languages_of_a_pair() -> None:
    rows = [line.split("\t") for line in LETTERS_FILE.read_text(encoding="utf-8").splitlines()]
    groups = Counter((pair, group) for pair, group, _ in rows)
    assert max(groups.values()) == 1
    for pair in ("fa", "tr"):
        weights = [int(weight) for name, _, weight in rows if name == pair]
        assert min(weights) < 0 < max(weights)
        assert len(weights) > 1_000


def test_importing_reads_no_file() -> None:
    program = (
        "import leanrag.text.language as language, leanrag.text.transliteration as latin;"
        "assert language._load_letter_weights.cache_info().currsize == 0;"
        "assert language.load_stopwords.cache_info().currsize == 0;"
        "assert latin._load.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
