from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leanrag.errors import ConfigurationError
from leanrag.first_contact import ACTS, DIRECTORY, FirstContact, FirstContactAct
from leanrag.types import LANGUAGES, Language


@pytest.fixture(scope="module")
def first_contact() -> FirstContact:
    return FirstContact()


@pytest.mark.parametrize(
    ("text", "language", "act"),
    [
        ("Hello there!", "en", "greeting"),
        ("سلام وقت بخیر", "fa", "greeting"),
        ("السلام عليكم ورحمة الله", "ar", "greeting"),
        ("Günaydın hocam", "tr", "greeting"),
        ("thank you so much for your help", "en", "thanks"),
        ("دست شما درد نکنه", "fa", "thanks"),
        ("الله يعطيك العافية يا غالي", "ar", "thanks"),
        ("çok teşekkür ederim abi", "tr", "thanks"),
        ("see you later", "en", "goodbye"),
        ("خدانگهدار", "fa", "goodbye"),
        ("مع السلامة", "ar", "goodbye"),
        ("görüşmek üzere", "tr", "goodbye"),
        ("you stupid bot", "en", "abuse"),
        ("ربات احمق", "fa", "abuse"),
        ("يا غبي", "ar", "abuse"),
        ("aptal bot", "tr", "abuse"),
        ("are you a robot?", "en", "robot"),
        ("شما ربات هستید؟", "fa", "robot"),
        ("هل أنت روبوت؟", "ar", "robot"),
        ("robot musun", "tr", "robot"),
        ("I want to talk to a person", "en", "person"),
        ("میخوام با اپراتور صحبت کنم", "fa", "person"),
        ("أريد التحدث مع موظف", "ar", "person"),
        ("bir insanla görüşmek istiyorum", "tr", "person"),
    ],
)
def test_every_act_is_recognised_in_every_language(
    first_contact: FirstContact, text: str, language: Language, act: FirstContactAct
) -> None:
    match = first_contact.recognise(text, language)
    assert match is not None
    assert (match.act, match.language, match.is_whole) == (act, language, True)
    assert match.wants_person == (act == "person")


@pytest.mark.parametrize(
    "text",
    [
        "hello, what does the kettle cost?",
        "thanks but my parcel has not come",
        "do you sell robot vacuum cleaners?",
        "this stupid zip is stuck, what can I do",
        "who is the person in charge of returns?",
        "how do I say goodbye in English",
        "سلام قیمت؟",
        "مرسی ولی هنوز نرسیده",
        "جاروی رباتیک دارین؟",
        "شكرًا لكن الطرد ما وصل",
        "مكنسة روبوت بكم؟",
        "merhaba, çaydanlık ne kadar?",
        "robot süpürge satıyor musunuz",
        "price and size?",
        "kettle",
    ],
)
def test_a_question_that_looks_alike_goes_on_to_retrieval(
    first_contact: FirstContact, text: str
) -> None:
    assert all(first_contact.recognise(text, language) is None for language in LANGUAGES)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("the kettle is broken, I want to talk to a human", "en"),
        ("what does the red kettle cost? I need a real person", "en"),
        ("قیمت کتری چنده؟ میخوام با یه آدم حرف بزنم", "fa"),
        ("الغلاية مكسورة، أريد التحدث مع موظف", "ar"),
        ("Su ısıtıcısı bozuk geldi, bir insanla görüşmek istiyorum", "tr"),
    ],
)
def test_a_wish_for_a_person_counts_inside_a_longer_message(
    first_contact: FirstContact, text: str, language: Language
) -> None:
    match = first_contact.recognise(text, language)
    assert match is not None
    assert (match.act, match.is_whole, match.wants_person) == ("person", False, True)
    assert match.phrases


@pytest.mark.parametrize(
    ("text", "language", "act"),
    [
        ("helloooo", "en", "greeting"),
        ("سلااام", "fa", "greeting"),
        ("teşekkürlerrrr", "tr", "thanks"),
        ("tesekkurler", "tr", "thanks"),
        ("thnak you", "en", "thanks"),
        ("are yuo a robto", "en", "robot"),
        ("salam", "fa", "greeting"),
        ("mersi", "fa", "thanks"),
        ("shukran", "ar", "thanks"),
        ("mikham ba operator sohbat konam", "fa", "person"),
        ("اريداتكلم مع موظف", "ar", "person"),
        ("سلام hello", "fa", "greeting"),
    ],
)
def test_stretched_misspelt_and_romanised_words_are_understood(
    first_contact: FirstContact, text: str, language: Language, act: FirstContactAct
) -> None:
    match = first_contact.recognise(text, language)
    assert match is not None
    assert match.act == act


@pytest.mark.parametrize(
    ("text", "act"), [("👋", "greeting"), ("🙏🙏", "thanks"), ("❤️", "thanks"), ("🖕", "abuse")]
)
def test_emoji_alone_say_something(
    first_contact: FirstContact, text: str, act: FirstContactAct
) -> None:
    match = first_contact.recognise(text, "tr")
    assert match is not None
    assert (match.act, match.language, match.is_whole) == (act, "tr", True)


@pytest.mark.parametrize("text", ["", "   ", "!!!", "🫖"])
def test_nothing_said_is_no_act(first_contact: FirstContact, text: str) -> None:
    assert first_contact.recognise(text, "en") is None


@pytest.mark.parametrize(
    ("text", "language", "act"),
    [
        ("hi, thanks, bye", "en", "goodbye"),
        ("merhaba, iyi günler", "tr", "greeting"),
        ("teşekkürler, iyi günler", "tr", "goodbye"),
        ("thanks, I want a person", "en", "person"),
        ("stupid bot, get me a human", "en", "person"),
        ("hi, are you a robot? thanks", "en", "robot"),
    ],
)
def test_the_last_courtesy_decides_and_what_is_heavier_before_it(
    first_contact: FirstContact, text: str, language: Language, act: FirstContactAct
) -> None:
    match = first_contact.recognise(text, language)
    assert match is not None
    assert (match.act, match.is_whole) == (act, True)


def test_the_deciding_words_are_told(first_contact: FirstContact) -> None:
    match = first_contact.recognise("Ok, connect me to an agent please", "en")
    assert match is not None
    assert any("agent" in phrase for phrase in match.phrases)


def test_a_match_names_the_language_of_its_own_words(first_contact: FirstContact) -> None:
    match = first_contact.recognise("خدانگهدار", "ar")
    assert match is not None
    assert match.language == "fa"


@pytest.mark.parametrize(
    "text",
    ["hello " * 100_000, "you human robot want " * 500, "abcdefghij" * 300, "you. " * 600],
    ids=["words", "known words", "one word", "clauses"],
)
def test_a_long_message_is_read_in_bounds(first_contact: FirstContact, text: str) -> None:
    started = time.thread_time()
    assert first_contact.recognise(text, "en") is None
    assert time.thread_time() - started < 0.2


def test_every_act_has_a_reply_of_its_own_in_every_language(first_contact: FirstContact) -> None:
    replies = [first_contact.reply(act, name, {}) for act in ACTS for name in LANGUAGES]
    assert len(set(replies)) == len(ACTS) * len(LANGUAGES)
    assert all(20 < len(reply) < 250 for reply in replies)


def test_a_bots_own_greeting_serves_the_greeting_alone(first_contact: FirstContact) -> None:
    own = {"en": "Welcome to the tea shop!", "tr": "  "}
    assert first_contact.reply("greeting", "en", own) == "Welcome to the tea shop!"
    assert first_contact.reply("greeting", "tr", own) == first_contact.reply("greeting", "tr", {})
    assert "tea" not in first_contact.reply("thanks", "en", own)


def test_the_reply_about_a_person_promises_no_time(first_contact: FirstContact) -> None:
    promised = re.compile(r"minute|hour|soon|دقیقه|به زودی|دقيقة|قريبا|dakika|birazdan|\d")
    for language in LANGUAGES:
        assert not promised.search(first_contact.reply("person", language, {}))


def test_threads_get_the_same_answers(first_contact: FirstContact) -> None:
    texts = ["hello", "are you a bot", "teşekkürler", "kettle", "سلام", "أريد موظف"] * 50
    alone = [first_contact.recognise(text, "en") for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda text: first_contact.recognise(text, "en"), texts))
    assert together == alone


@pytest.fixture
def copied_files(tmp_path: Path) -> Path:
    for path in DIRECTORY.glob("first_contact*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def test_a_missing_reply_is_refused(copied_files: Path) -> None:
    path = copied_files / "first_contact.toml"
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("[replies.person]")], "utf-8")
    with pytest.raises(ConfigurationError, match="fixed reply"):
        FirstContact(copied_files)


@pytest.mark.parametrize(("phrase", "wrong"), [("<nobody>", "nobody"), ("(one)?", "may be empty")])
def test_a_phrase_that_cannot_be_meant_is_refused(
    copied_files: Path, phrase: str, wrong: str
) -> None:
    path = copied_files / "first_contact.en.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('robot = """\n', f'robot = """\n{phrase}, ', 1), "utf-8")
    with pytest.raises(ConfigurationError, match=wrong):
        FirstContact(copied_files)


def test_the_development_half_is_told_apart(first_contact: FirstContact) -> None:
    directory = Path(__file__).parents[1] / "bench" / "first_contact_messages"
    wrong = total = 0
    for language in LANGUAGES:
        for line in (directory / f"{language}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if hashlib.sha256(row["text"].encode()).digest()[0] % 2 == 0:
                match = first_contact.recognise(row["text"], language)
                wrong += (match.act if match else "none") != row["act"]
                total += 1
    assert total > 300
    assert wrong <= 0.03 * total
