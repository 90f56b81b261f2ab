"""The fonts of the extraction benchmark: Vazirmatn as LeanRAG ships it, and what is installed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

STATIC_FONTS = Path(__file__).resolve().parents[1] / "static" / "fonts"
VAZIRMATN = "Vazirmatn"
_SUBSETS = ("arabic", "latin", "latin-ext")
_WEIGHTS = {"Regular": 400, "Bold": 700}
_FONT_DIRECTORY = Path("/usr/share/fonts/truetype")
_INSTALLED = {  # of Debian's fonts-dejavu-core and fonts-noto-core
    "DejaVu Sans": ("dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf"),
    "Noto Naskh Arabic": ("noto/NotoNaskhArabic-Regular.ttf", "noto/NotoNaskhArabic-Bold.ttf"),
}
FAMILIES = (VAZIRMATN, *_INSTALLED)


class Unavailable(Exception):
    """A producer or a font that cannot be used here; the message says what it needs."""


@dataclass(frozen=True, slots=True)
class Font:
    """A family with the files of its two weights."""

    family: str
    regular: Path
    bold: Path


def find_font(family: str, directory: Path) -> Font:
    """Return a font; Vazirmatn is made in `directory`. Raises Unavailable where it is missing."""
    if family == VAZIRMATN:
        return _assemble_vazirmatn(directory)
    files = [_FONT_DIRECTORY / name for name in _INSTALLED[family]]
    if not all(file.exists() for file in files):
        raise Unavailable(f"the font {family} is not installed (Debian: fonts-noto-core, -dejavu)")
    return Font(family, *files)


def load_optional(module: str, package: str) -> Any:
    """Import a module that only this benchmark uses. Raises Unavailable with the package's name."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise Unavailable(f"needs the package {package} (pip install {package})") from None


def missing_letters(font: Font, text: str) -> str:
    """Return the letters of `text` that a font has no sign for."""
    from reportlab.pdfbase.ttfonts import TTFontFile

    signs = TTFontFile(str(font.regular)).charToGlyph
    return "".join(sorted({letter for letter in text if ord(letter) not in signs} - {"\n"}))


@cache
def _assemble_vazirmatn(directory: Path) -> Font:
    """Join the three variable subsets that browsers get into one font for each weight."""
    files = {}
    for style, weight in _WEIGHTS.items():
        files[style] = directory / f"Vazirmatn-{style}.ttf"
        _merge_subsets(directory, style, weight, files[style])
    return Font(VAZIRMATN, files["Regular"], files["Bold"])


def _merge_subsets(directory: Path, style: str, weight: int, target: Path) -> None:
    merging = load_optional("fontTools.merge", "fonttools")
    reading = load_optional("fontTools.ttLib", "fonttools")
    instancing = load_optional("fontTools.varLib.instancer", "fonttools")
    parts: list[str] = []
    for subset in _SUBSETS:
        variable = reading.TTFont(STATIC_FONTS / f"vazirmatn-{subset}-wght-normal.woff2")
        part = instancing.instantiateVariableFont(variable, {"wght": weight})
        part.flavor = None
        part.save(file := str(directory / f"part-{subset}-{weight}.ttf"))
        parts.append(file)
    font = merging.Merger().merge(parts)
    for name, value in ((1, VAZIRMATN), (2, style), (4, f"Vazirmatn {style}"), (6, target.stem)):
        font["name"].setName(value, name, 3, 1, 0x409)
    bold = weight > 400
    font["OS/2"].fsSelection = 0x20 if bold else 0x40
    font["head"].macStyle = int(bold)
    font.save(target)
    for part in parts:
        Path(part).unlink()
