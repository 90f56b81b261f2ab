"""Subtitles (SRT, WebVTT) → what is said, in paragraphs of about half a minute with their time.

The time is what an answer cites, so a paragraph is short enough to be found by it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.ingest.decode import decode_text
from leanrag.ingest.document_report import DocumentReport, Refused, TextPart, check_length
from leanrag.ingest.markdown_writer import escape

LONG_ENOUGH_SECONDS = 30.0  # then a paragraph ends with the next sentence
TOO_LONG_SECONDS = 60.0  # then it ends without one: automatic subtitles know no full stop
PAUSE_SECONDS = 4.0

_STAMP = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"^[ \t]*{_STAMP}[ \t]*-->[ \t]*{_STAMP}(?![\d:])[^\n]*$", re.MULTILINE)
_ASIDE = re.compile(r"\n[ \t]*\n(?:NOTE|STYLE|REGION)\b")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{1,80})?[ \t]{1,9}([^<>\n]{1,80})>")  # WebVTT, "cue voice span"
_TAG = re.compile(r"</?[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}")
_SOUND = re.compile(r"[♪♫\s]*(?:[\[(][^\])]{0,80}[\])][♪♫\s]*)?")
_SENTENCE_END = re.compile(r"[.!?…؟۔][\"'»”’)]*$")
_NAME_OF_NEXT = re.compile(r"\n[ \t]*\d+[ \t]*$|\n[ \t]*\n[^\n]+$")  # a number, or a line apart


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said from `begin` to `end`, in seconds from the start; `speaker` may be empty."""

    begin: float
    end: float
    lines: tuple[str, ...]
    speaker: str = ""


def read_subtitles(data: bytes) -> DocumentReport:
    """Read SRT or WebVTT of any encoding. Raises Refused where no cue is found."""
    text = decode_text(data).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    cues = sorted(_read_cues(text), key=lambda cue: cue.begin)
    if not cues:
        raise Refused("no_cues")
    spoken = list(_drop_repeats(cues))
    check_length(sum(len(line) for cue in spoken for line in cue.lines))
    parts = tuple(TextPart(_join(run), stamp(run[0].begin)) for run in _paragraphs(spoken))
    return DocumentReport(parts=parts)


def stamp(seconds: float) -> str:
    """Return a time as it is cited: 00:12:05, 100:00:00."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _read_cues(text: str) -> Iterator[Cue]:
    """Yield each cue that begins with its times, up to the next one or an empty line."""
    times = list(_TIMES.finditer(text))
    for number, found in enumerate(times):
        limit = times[number + 1].start() if number + 1 < len(times) else len(text)
        body = text[found.end() : limit].removeprefix("\n")
        if number + 1 < len(times):
            body = _drop_name(body)
        body = _ASIDE.split(body, maxsplit=1)[0]
        begin, end = _seconds(found.groups()[:5]), _seconds(found.groups()[5:])
        voice = _VOICE.search(body)
        lines = tuple(line for raw in body.split("\n") if (line := _spoken(raw)))
        yield Cue(begin, max(begin, end), lines, voice[1].strip() if voice else "")


def _drop_name(body: str) -> str:
    """Drop the last line of what follows a cue where it is the number or name of the next cue."""
    return "" if body.strip().isdigit() else _NAME_OF_NEXT.sub("", f"\n{body.rstrip(chr(10))}")


def _seconds(stamp_groups: Sequence[Any]) -> float:
    sign, hours, minutes, seconds, fraction = stamp_groups
    if sign:  # what a shift of all times made of the first cues
        return 0.0
    whole = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000


def _spoken(line: str) -> str:
    """Return a line without tags; nothing where it only names a sound, "[Music]"."""
    plain = " ".join(html.unescape(_TAG.sub("", line)).split())
    return "" if _SOUND.fullmatch(plain) else plain.strip("♪♫ ")


def _drop_repeats(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Drop the lines that a cue repeats of the one before it, as rolling subtitles do."""
    before: tuple[str, ...] = ()
    for cue in cues:
        new = tuple(line for line in cue.lines if line not in before)
        if new:
            yield Cue(cue.begin, cue.end, new, cue.speaker)
        before = cue.lines or before


def _paragraphs(cues: Sequence[Cue]) -> Iterator[list[Cue]]:
    run: list[Cue] = []
    for cue in cues:
        if run and _ends_before(run, cue):
            yield run
            run = []
        run.append(cue)
    if run:
        yield run


def _ends_before(run: Sequence[Cue], cue: Cue) -> bool:
    length = cue.begin - run[0].begin
    ends = bool(_SENTENCE_END.search(run[-1].lines[-1]))
    pause = cue.begin - run[-1].end
    return (
        length >= TOO_LONG_SECONDS
        or (length >= LONG_ENOUGH_SECONDS and ends)
        or (pause >= PAUSE_SECONDS and ends)
    )


def _join(run: Sequence[Cue]) -> str:
    """Return the words of some cues as one paragraph, a line for each change of the speaker."""
    text, speaker = "", ""
    for cue in run:
        words = " ".join(cue.lines)
        if cue.speaker and cue.speaker != speaker:
            text += f"\n{cue.speaker}: {words}" if text else f"{cue.speaker}: {words}"
        else:
            text += f" {words}" if text else words
        speaker = cue.speaker or speaker
    return escape(text)
