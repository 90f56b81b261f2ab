from __future__ import annotations

import io
import os
import subprocess
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from leanrag.errors import EncryptedFile, ExtractionFailed, InvalidInput, NotFound
from leanrag.ingest.pdf_picture import MAX_PICTURE_WIDTH, picture
from leanrag.settings import Settings

MakePdf = Callable[..., bytes]


def drawn(data: bytes, page: int, settings: Settings, width: int = 400) -> Image.Image:
    image = Image.open(io.BytesIO(picture(data, page, width=width, settings=settings)))
    image.load()
    return image


def coloured_pages(*colours: str, size: tuple[float, float] = (595, 842)) -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=size)
    for colour in colours:
        canvas.setFillColor(colour)
        canvas.rect(0, 0, *size, stroke=0, fill=1)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def page_of(content: bytes, *, media_box: str = "0 0 200 200", resources: str = "") -> bytes:
    """Assemble a PDF of one page from its content stream."""
    packed = zlib.compress(content, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]/Contents 4 0 R"
        f"/Resources<<{resources}>>>>".encode(),
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    return assemble(objects)


def assemble(objects: list[bytes]) -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in enumerate(objects, start=1))
    return b"%%PDF-1.4\n%strailer<</Size %d/Root 1 0 R>>\n" % (body, len(objects) + 1)


def image_bomb(side: int) -> bytes:
    """A page with an image of `side` by `side` pixels, packed to a few kilobytes."""
    packer = zlib.compressobj(9)
    row = bytes(side * 3)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    plain = page_of(b"200 0 0 200 0 0 cm /I Do", resources="/XObject<</I 5 0 R>>")
    head = plain.split(b"trailer", maxsplit=1)[0]
    image = (
        b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8"
        b"/ColorSpace/DeviceRGB/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
    ) % (side, side, len(packed), packed)
    return head + b"5 0 obj\n%s\nendobj\ntrailer<</Size 6/Root 1 0 R>>\n" % image


def test_the_page_asked_for_is_drawn_in_its_colours(settings: Settings) -> None:
    data = coloured_pages("red", "lime", "blue")
    seen = [drawn(data, page, settings).getpixel((200, 200)) for page in (1, 2, 3)]
    assert seen == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_a_page_fills_the_width_and_keeps_its_shape(settings: Settings) -> None:
    image = drawn(coloured_pages("red"), 1, settings, width=595)
    assert image.size == (595, 842)


def test_a_page_of_text_is_a_small_grey_png(make_pdf: MakePdf, settings: Settings) -> None:
    data = make_pdf([["A line of the usual length, with words enough to fill it."] * 45])
    found = picture(data, 1, width=1000, settings=settings)
    image = Image.open(io.BytesIO(found))
    assert (image.format, image.mode, image.width) == ("PNG", "L", 1000)
    assert image.getextrema()[0] < 64, "nothing is written on it"
    assert len(found) < 100_000


def test_a_photograph_is_a_jpeg_because_that_is_smaller(settings: Settings) -> None:
    noise = Image.frombytes("RGB", (600, 800), os.urandom(600 * 800 * 3))
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(300, 400))
    canvas.drawImage(ImageReader(noise), 0, 0, 300, 400)
    canvas.showPage()
    canvas.save()
    assert drawn(output.getvalue(), 1, settings, width=600).format == "JPEG"


def test_a_tall_page_is_at_most_twice_as_high_as_the_width(settings: Settings) -> None:
    image = drawn(coloured_pages("red", size=(200, 4000)), 1, settings)
    assert image.size == (40, 800)


def test_a_page_as_small_as_a_label_is_enlarged_four_times_at_most(settings: Settings) -> None:
    image = drawn(coloured_pages("red", size=(100, 50)), 1, settings, width=2000)
    assert image.size == (400, 200)


def test_a_turned_page_is_drawn_as_it_is_read(settings: Settings) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(coloured_pages("red", size=(400, 300)))))
    writer.pages[0].rotate(90)
    output = io.BytesIO()
    writer.write(output)
    assert drawn(output.getvalue(), 1, settings).size == (400, 534)


def test_what_was_filled_into_a_form_is_seen(settings: Settings) -> None:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(200, 200))
    canvas.acroForm.textfield(value="HELLO", x=20, y=80, width=160, height=40, borderWidth=0)
    canvas.showPage()
    canvas.save()
    filled = drawn(output.getvalue(), 1, settings)
    assert filled.convert("L").crop((60, 180, 340, 220)).getextrema()[0] < 64


@pytest.mark.parametrize("page", [-1, 0, 4, 10**9])
def test_a_page_that_is_not_there_is_named_with_the_pages_there_are(
    page: int, settings: Settings
) -> None:
    with pytest.raises(NotFound, match=rf"no page {page}; choose a page from 1 to 3\.") as found:
        picture(coloured_pages("red", "lime", "blue"), page, width=400, settings=settings)
    assert found.value.details == {"page": page, "page_count": 3}


@pytest.mark.parametrize("width", [0, -5, MAX_PICTURE_WIDTH + 1])
def test_a_width_that_no_screen_has_is_refused(width: int, settings: Settings) -> None:
    with pytest.raises(InvalidInput, match="1 to 2,400 pixels wide"):
        picture(coloured_pages("red"), 1, width=width, settings=settings)


def test_the_narrowest_picture_is_one_pixel_wide(settings: Settings) -> None:
    assert drawn(coloured_pages("red"), 1, settings, width=1).size == (1, 2)


def test_an_encrypted_pdf_asks_to_be_saved_without_its_password(
    encrypted_pdf: Callable[[str], bytes], settings: Settings
) -> None:
    with pytest.raises(EncryptedFile, match="password"):
        picture(encrypted_pdf("secret"), 1, width=400, settings=settings)
    assert drawn(encrypted_pdf(""), 1, settings).width == 400


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"%PDF-1.4\nnothing of a PDF follows" * 9])
def test_a_broken_pdf_is_refused_in_one_sentence(data: bytes, settings: Settings) -> None:
    with pytest.raises(ExtractionFailed, match=r"^This PDF page is damaged [^.]*\.$"):
        picture(data, 1, width=400, settings=settings)


@pytest.mark.parametrize(
    ("media_box", "size"),
    [
        ("0 0 14400 14400", (400, 400)),
        ("0 0 200000 100000", (400, 200)),
        ("0 0 1000000 1", (400, 1)),
        ("0 0 1 1000000", (1, 800)),
        ("-1000000 -1000000 1000000 1000000", (400, 400)),
    ],
)
def test_a_page_of_absurd_size_is_drawn_in_a_picture_of_ordinary_size(
    media_box: str, size: tuple[int, int], settings: Settings
) -> None:
    image = drawn(page_of(b"0 0 99999 99999 re f", media_box=media_box), 1, settings)
    assert image.size == size


@pytest.mark.parametrize(
    "media_box", ["0 0 0 0", "0 0 1e39 1e39", "0 0 nan nan", "5 5 5 900", "0 0 -9 -9", "x"]
)
def test_a_page_of_no_size_is_drawn_or_refused_and_never_large(
    media_box: str, settings: Settings
) -> None:
    try:
        image = drawn(page_of(b"0 0 9 9 re f", media_box=media_box), 1, settings)
    except ExtractionFailed:
        return
    assert image.width <= 400
    assert image.height <= 800


def many_paths(count: int) -> bytes:
    return page_of(
        b"".join(
            b"%d %d m %d 9 8 %d 7 %d c S\n" % (n % 200, n % 171, n % 113, n % 91, n % 199)
            for n in range(count)
        )
    )


def test_ten_thousand_paths_are_drawn(settings: Settings) -> None:
    assert drawn(many_paths(10_000), 1, settings).size == (400, 400)


@pytest.mark.timeout(60)
def test_paths_that_take_too_long_are_stopped_by_the_wall_clock(settings: Settings) -> None:
    short = settings.model_copy(update={"extraction_wall_seconds": 1})
    with pytest.raises(ExtractionFailed, match="this PDF page took longer than 1 seconds"):
        picture(many_paths(200_000), 1, width=400, settings=short)


@pytest.mark.timeout(60)
def test_forms_that_paint_each_other_without_end_are_stopped(
    looping_pdf: bytes, settings: Settings
) -> None:
    short = settings.model_copy(
        update={"extraction_memory_bytes": 2**30, "extraction_wall_seconds": 1}
    )
    with pytest.raises(ExtractionFailed, match="this PDF page took longer than 1 seconds"):
        picture(looping_pdf, 1, width=400, settings=short)


def test_an_image_of_400_million_pixels_is_drawn_line_by_line(settings: Settings) -> None:
    data = image_bomb(20_000)
    small = settings.model_copy(update={"extraction_memory_bytes": 256 * 2**20})
    assert len(data) < 2_000_000
    assert drawn(data, 1, small).getpixel((200, 200)) == 0  # unpacked it takes 1.2 GB


def test_a_content_bomb_is_stopped_by_the_memory_limit(settings: Settings) -> None:
    data = page_of(bytes(400 * 2**20))
    assert len(data) < 500_000
    with pytest.raises(ExtractionFailed, match="damaged or needs more memory than allowed"):
        picture(data, 1, width=400, settings=settings)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_pdf_is_drawn_or_refused(
    share: float, make_pdf: MakePdf, settings: Settings
) -> None:
    data = make_pdf([["First page."], ["Second page."]])
    with suppress(ExtractionFailed, NotFound):
        assert drawn(data[: int(len(data) * share)], 1, settings).width == 400


def test_nobody_waits_for_a_picture_as_long_as_for_a_file(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    seen: list[object] = []

    class Spy(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **kwargs: object) -> None:
            seen.extend([command[5], kwargs["env"]])
            super().__init__(command, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr("leanrag.ingest.child_process.subprocess.Popen", Spy)
    picture(coloured_pages("red"), 1, width=400, settings=settings)
    assert '"wall_seconds": 30' in str(seen[0])
    assert "sk-secret" not in str(seen[1])
