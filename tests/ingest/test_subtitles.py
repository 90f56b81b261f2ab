from __future__ import annotations

import pytest

from leanrag.errors import ExtractionFailed
from leanrag.ingest.document_report import Refused, TextPart
from leanrag.ingest.extract import extract
from leanrag.ingest.extracted import ExtractedPage
from leanrag.ingest.subtitles import read_subtitles, stamp
from leanrag.ingest.validate import SRT, VTT
from leanrag.settings import Settings

LANGUAGES = {
    "fa": ("به فروشگاه ما خوش آمدید.", "امروز دربارهٔ ارسال حرف می‌زنیم؟"),
    "ar": ("أهلا بكم في متجرنا.", "هل الشحن مجاني؟"),
    "tr": ("Mağazamıza hoş geldiniz.", "Bugün kargoyu konuşacağız."),
    "en": ("Welcome to our shop.", "Today we talk about delivery."),
}


def srt(*cues: tuple[float, float, str]) -> bytes:
    def time(seconds: float) -> str:
        return f"{stamp(seconds)},{round(seconds % 1 * 1000):03}"

    return "\n\n".join(
        f"{number}\n{time(begin)} --> {time(end)}\n{text}"
        for number, (begin, end, text) in enumerate(cues, start=1)
    ).encode()


def parts(data: bytes) -> tuple[TextPart, ...]:
    return read_subtitles(data).parts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_cues_become_paragraphs_with_the_time_to_cite_in_four_languages(
    language: str, encoding: str, settings: Settings
) -> None:
    one, two = LANGUAGES[language]
    words = one.split()
    text = srt(
        (1, 3, " ".join(words[:2])), (3, 5, " ".join(words[2:])), (725.5, 728, f"<i>{two}</i>")
    ).decode()
    document = extract(text.encode(encoding), SRT, settings=settings)
    assert document.pages == (
        ExtractedPage(None, one, "00:00:01"),
        ExtractedPage(None, two, "00:12:05"),
    )
    assert document.title == ""


def test_a_paragraph_ends_with_a_sentence_after_half_a_minute() -> None:
    cues = [(n * 10.0, n * 10 + 9.0, f"Words {n}{'.' if n % 2 else ','}") for n in range(8)]
    assert [part.label for part in parts(srt(*cues))] == ["00:00:00", "00:00:40"]


def test_speech_without_full_stops_is_cut_each_minute() -> None:
    cues = [(n * 10.0, n * 10 + 10.0, f"words {n}") for n in range(13)]
    assert [part.label for part in parts(srt(*cues))] == ["00:00:00", "00:01:00", "00:02:00"]


def test_lines_that_roll_on_are_said_once() -> None:
    cues = [(0, 2, "one"), (2, 4, "one\ntwo"), (4, 6, "two\nthree")]
    assert [part.text for part in parts(srt(*cues))] == ["one two three"]


def test_cues_out_of_order_come_by_their_time_and_early_ones_at_zero() -> None:
    data = b"1\n00:00:09,0 --> 00:00:10,0\nlast\n\n2\n-00:00:02,000 --> 00:00:01,000\nfirst\n"
    assert parts(data) == (TextPart("first last", "00:00:00"),)


def test_numbers_that_are_said_are_kept_and_numbers_of_cues_are_not() -> None:
    data = (
        b"1\n00:00:01,000 --> 00:00:02,000\nroom\n42\n\n2\n00:00:02,000 --> 00:00:03,000\nis open\n"
    )
    assert parts(data)[0].text == "room 42 is open"
    tight = b"1\n00:00:01,000 --> 00:00:02,000\nFirst.\n2\n00:00:02,000 --> 00:00:03,000\nSecond."
    assert parts(tight)[0].text == "First. Second."


def test_speakers_are_named_where_they_change(settings: Settings) -> None:
    data = (
        b"WEBVTT\n\nSTYLE\n::cue {}\n\nNOTE\nSECRET\n\nintro\n00:01.000 --> 00:02.000 align:start\n"
        b"<v.loud Ali>Is it <c.red>free</c> &amp; quick?\n\n"
        b"00:02.000 --> 00:03.000\n<v Ali>Tell me.\n\n"
        b"00:03.000 --> 00:04.000\n<v Sara>Yes.\n\nNOTE SECRET"
    )
    document = extract(data, VTT, settings=settings)
    assert document.pages[0].text == "Ali: Is it free & quick? Tell me.\nSara: Yes."


def test_sounds_and_music_are_left_out() -> None:
    cues = [(0, 1, "[Music]"), (1, 2, "♪ ♪"), (2, 3, "(door closes)"), (3, 4, "{\\an8}Hello")]
    assert parts(srt(*cues)) == (TextPart("Hello", "00:00:03"),)


def test_times_beyond_a_day_are_written_in_hours() -> None:
    assert stamp(100 * 3600 + 61.9) == "100:01:01"


def test_a_file_without_a_cue_is_refused_in_words(settings: Settings) -> None:
    with pytest.raises(Refused, match="no_cues"):
        read_subtitles(b"WEBVTT\n\nnothing")
    with pytest.raises(ExtractionFailed, match="no line of speech with its time; export it again"):
        extract(b"WEBVTT\n\nnothing", VTT, settings=settings)
