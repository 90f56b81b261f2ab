from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bench import extraction
from bench._extraction_figures import common_errors, differing_lines, rate
from bench._extraction_fonts import Font, Unavailable, find_font, load_optional, missing_letters
from bench._extraction_reportlab import print_with_reportlab
from bench._extraction_texts import TEXTS_DIRECTORY, Block, SourceText, read_texts
from leanrag.types import LANGUAGES

SMALL = """# Ufak metin

İş günlerinde saat 14.30'a kadar ulaşan siparişler aynı gün çıkar (%40 indirimle).

- Şoför, kutuyu getirir.
- Ücretsizdir.

---

## Fiyatlar

| Parça | Fiyat |
| Çan | 129,00 TL |
"""


@pytest.fixture
def vera(tmp_path: Path) -> Font:
    """The font that reportlab brings: Latin letters, Turkish ones included."""
    import reportlab

    fonts = Path(reportlab.__file__).with_name("fonts")
    return Font("Bitstream Vera Sans", fonts / "Vera.ttf", fonts / "VeraBd.ttf")


def test_a_small_text_is_printed_and_read_back_without_an_error(
    tmp_path: Path,
    vera: Font,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "tr.md").write_text(SMALL, encoding="utf-8")
    monkeypatch.setattr(extraction, "find_font", lambda family, directory: vera)
    options = ["--texts", str(tmp_path), "--producers", "reportlab", "--fonts", "DejaVu Sans"]
    assert extraction.main([*options, "--keep", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    [printed] = report["printed"]
    assert (printed["language"], printed["pages"]) == ("tr", 2)
    assert printed["leanrag"] == {"exact": 0.0, "folded": 0.0, "lines": 1.0}
    assert (tmp_path / "tr-reportlab-DejaVuSans.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.browser
def test_persian_is_printed_by_chromium_and_read_back_with_few_errors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        pytest.skip("Chromium is not installed")
    options = ["--languages", "fa", "--producers", "chromium", "--fonts", "DejaVu Sans"]
    if extraction.main([*options, "--json"]) == 1:
        pytest.skip("DejaVu Sans is not installed")
    [printed] = json.loads(capsys.readouterr().out)["printed"]
    assert printed["pages"] >= 3
    assert printed["leanrag"]["folded"] < 0.005 < printed["pypdf"]["folded"]
    assert printed["leanrag"]["exact"] < 0.01


def test_what_is_missing_is_said_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tr.md").write_text(SMALL, encoding="utf-8")
    monkeypatch.setattr("bench._extraction_programs.shutil.which", lambda name: None)
    monkeypatch.setattr(extraction, "find_font", lambda family, directory: None)
    options = ["--texts", str(tmp_path), "--producers", "libreoffice", "--fonts", "DejaVu Sans"]
    assert extraction.main(options) == 1
    assert "apt-get install libreoffice-writer-nogui" in capsys.readouterr().out


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(Unavailable, match=r"pip install no-such-package"):
        load_optional("no_such_module_at_all", "no-such-package")


def test_a_font_without_the_letters_of_a_text_is_not_used(vera: Font) -> None:
    assert missing_letters(vera, "سل a") == "سل"
    text = SourceText("fa", (Block("paragraph", ("سلام",)),))
    with pytest.raises(Unavailable, match="has no sign for"):
        print_with_reportlab(text, vera)


def test_an_installed_font_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench._extraction_fonts._FONT_DIRECTORY", tmp_path)
    with pytest.raises(Unavailable, match="DejaVu Sans is not installed"):
        find_font("DejaVu Sans", tmp_path)


def test_the_texts_have_three_pages_and_every_kind_of_block() -> None:
    texts = read_texts(TEXTS_DIRECTORY, LANGUAGES)
    assert [text.language for text in texts] == list(LANGUAGES)
    for text in texts:
        kinds = {block.kind for block in text.blocks}
        assert kinds == {"title", "heading", "item", "row", "paragraph"}
        assert sum(block.starts_page for block in text.blocks) == 2
        assert sum(len(line) for line in text.lines) > 3000


def test_error_rates_count_edits_over_the_length_of_the_source() -> None:
    rates = rate(["می‌شود", "abcd"], ["میشود\nabxd"])
    assert rates.exact == pytest.approx(2 / 11)
    assert rates.folded == pytest.approx(1 / 10)
    assert rates.lines == 0.0
    assert rate(["a  b"], ["a", "b"]).exact == 0.0


def test_errors_are_shown_by_letter_and_by_line() -> None:
    assert common_errors(["a-b"], ["a b"]) == [("- (hyphen-minus) →   (space)", 1)]
    assert list(differing_lines(["same", "a-b"], ["same\na b"]))[2:] == ["-a-b", "+a b"]


@pytest.mark.parametrize(
    "options", [["--languages", "de"], ["--producers", "word"], ["--fonts", "Comic"]]
)
def test_an_unknown_choice_is_named_with_those_there_are(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        extraction.main(options)
    assert "choose of" in capsys.readouterr().err
