from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from leanrag.text.language import detect_language, direction
from leanrag.types import Language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("چنده", "fa"),
        ("سلام قيمت اين محصول چند است", "fa"),  # Arabic ي on a Persian text
        ("الان باز هستید", "fa"),
        ("قیمت iPhone 15 Pro Max 256GB", "fa"),
        ("لطفا invoice رو بفرستید", "fa"),
        ("كم السعر", "ar"),
        ("هل يوجد توصيل؟", "ar"),
        ("وين موقعكم", "ar"),
        ("سعر iPhone 15 Pro Max", "ar"),
        ("fiyatı ne kadar", "tr"),
        ("bu urunun fiyati ne kadar", "tr"),
        ("teşekkürler", "tr"),
        ("sipariş takibi", "tr"),
        ("thanks", "en"),
        ("how much is it", "en"),
        ("Who is Erdoğan?", "en"),
        ("What does قیمت mean?", "en"),
        ("café menu", "en"),
    ],
)
def test_language_of_a_short_message(text: str, language: Language) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "   ", "😀👍", "123 ۴۵۶", "?!…", "日本語"])
def test_text_without_a_known_letter_gets_the_default(text: str) -> None:
    assert detect_language(text) == "en"
    assert detect_language(text, default="fa") == "fa"


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


def test_importing_builds_no_detector() -> None:
    program = (
        "import leanrag.text.language as module;"
        "assert module._build_detector.cache_info().currsize == 0;"
        "assert module.load_stopwords.cache_info().currsize == 0"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
