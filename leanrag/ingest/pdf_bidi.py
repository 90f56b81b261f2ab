"""Visual order → logical order, for one line of glyphs read from left to right.

A PDF paints right-to-left letters where they are seen, so a line sorted by position is backwards.
The bidirectional algorithm cannot be undone exactly; what it does to support texts can: the line is
reversed whole, then runs that read from left to right (Latin words, numbers) are turned back.
Compatibility forms are decomposed last: NFKC before the reversal would scramble ligatures.
"""

from __future__ import annotations

import re
import unicodedata

_ARABIC_BLOCKS = "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc"
_HEBREW_BLOCKS = "\u0590-\u05ff"
_DIGITS = "0-9\u0660-\u0669\u06f0-\u06f9"
_LATIN = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
RIGHT_TO_LEFT = re.compile(f"[{_ARABIC_BLOCKS}{_HEBREW_BLOCKS}]")
_RTL = f"[{_ARABIC_BLOCKS}{_HEBREW_BLOCKS}]"
_RIGHT_TO_LEFT_LETTER = re.compile(
    f"(?![{_DIGITS}\u060c\u061b\u066a-\u066c])[{_ARABIC_BLOCKS}{_HEBREW_BLOCKS}]"
)
_LEFT_TO_RIGHT_LETTER = re.compile(f"[{_LATIN}]")
_NUMBER = f"[{_DIGITS}]+(?:[.,:/\u066b\u066c\u060c][{_DIGITS}]+)*"
# A run to turn back: Latin letters and digits with the marks that may stand between them. A run of
# numbers alone is turned number by number: their order is that of the line.
_RUN_MARKS = "\u066b\u066c\u060c @._\\-+/:'&,%#=?~"
_RUN = re.compile(f"[{_LATIN}{_DIGITS}](?:[{_LATIN}{_DIGITS}{_RUN_MARKS}]*[{_LATIN}{_DIGITS}])?")
_REVERSED_NUMBER = re.compile(f"[%\u066a]?{_NUMBER}")
_RIGHT_TO_LEFT_RUN = re.compile(f"{_RTL}(?:(?:{_RTL}|[ \u200c])*{_RTL})?")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_OPENING = frozenset("([{<«")
_CLOSING = frozenset(")]}>»")
_BEHIND_BRACKETS = frozenset(" .,;:!?،؛؟")
_SPACED_OPENING = re.compile(r"([(\[{«])[ ]")
_SPACED_CLOSING = re.compile(r"[ ]([)\]}»])")
_UNIT_FIRST = re.compile(
    r"(?:[kMG]?Wh|[kKMGT]?[BW]|[kM]?Hz|GHz|[mc]?[gml]|k[gmv]|mAh|Ah|[mM]bps|Gbps|dpi|fps|rpm|Nm|V|A)"
    rf" +{_NUMBER}"
)
_LEADING_STOP = re.compile("^([.,:;!?\u060c\u061b\u061f]+)(?=[^\\s.])")
_CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u00ad]")
_LONE_MARK = re.compile(" ([\u064b-\u065f\u0670])")


def to_logical(visual: str) -> str:
    """Return a line, given from left to right as it is seen, in the order in which it is read."""
    words = visual.split()
    right_to_left = sum(bool(_RIGHT_TO_LEFT_LETTER.search(word)) for word in words)
    if not RIGHT_TO_LEFT.search(visual):
        return _CONTROLS.sub("", visual)
    if right_to_left < sum(bool(_LEFT_TO_RIGHT_LETTER.search(word)) for word in words):
        ordered = _RIGHT_TO_LEFT_RUN.sub(lambda run: _reverse_line(run[0]), visual)
    else:
        ordered = _reverse_line(visual)
    composed = unicodedata.normalize("NFKC", _CONTROLS.sub("", ordered))
    return _LONE_MARK.sub(r"\1", composed)  # NFKC makes "space + mark" of a mark that stands alone


def turn_stop(visual: str) -> str:
    """Return a line without right-to-left letters, of a text that runs from right to left.

    Its full stop is seen before it.
    """
    return _LEADING_STOP.sub("", visual) + "".join(_LEADING_STOP.findall(visual))


def _reverse_line(visual: str) -> str:
    line = _orient_brackets(_RUN.sub(_turn_back, visual[::-1]))
    return _SPACED_CLOSING.sub(r"\1", _SPACED_OPENING.sub(r"\1", line))


def _turn_back(run: re.Match[str]) -> str:
    if _UNIT_FIRST.fullmatch(turned := run[0][::-1]):
        # "500 Wh" among right-to-left letters is seen as "Wh 500".
        unit, number = turned.split()
        return f"{number} {unit}"
    if _LEFT_TO_RIGHT_LETTER.search(run[0]):
        return turned
    return _REVERSED_NUMBER.sub(lambda number: number[0][::-1], run[0])


def _orient_brackets(line: str) -> str:
    """Turn the brackets of a line in logical order the way they are meant.

    Some programs write a bracket as it is seen and some as it is meant. An opening one has space
    before it and none behind it; where that tells nothing, the line has to come out even.
    """
    letters = list(line)
    undecided = []
    for place, letter in enumerate(line):
        if letter not in _OPENING and letter not in _CLOSING:
            continue
        opens = _stands_as_opening(line, place)
        if opens is None:
            undecided.append(place)
        elif (letter in _OPENING) != opens:
            letters[place] = letter.translate(_MIRRORED)
    mirrored = letters.copy()
    for place in undecided:
        mirrored[place] = line[place].translate(_MIRRORED)
    return min("".join(letters), "".join(mirrored), key=_unbalanced)


def _stands_as_opening(line: str, place: int) -> bool | None:
    """Tell how a bracket is meant by what stands beside it; None where that tells nothing."""
    before, after = line[:place][-1:], line[place + 1 :][:1]
    spaced_before = before == " "
    spaced_after = bool(after) and after in _BEHIND_BRACKETS
    if spaced_before != spaced_after:
        return spaced_before
    if not spaced_before and (not before or not after):
        return not before
    return None


def _unbalanced(line: str) -> int:
    """Count the brackets of `line` that have no partner."""
    depth = strays = 0
    for letter in line:
        if letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            strays += depth == 0
            depth = max(0, depth - 1)
    return strays + depth
