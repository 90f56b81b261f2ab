"""Render the demo's price list from `products.csv` and print it to a two-page PDF.

Run `python -m leanrag.demo.build_price_list` after a change to the products or to
`price-list.html`. It needs the distribution's Chromium, and Vazirmatn where fontconfig finds it
(for instance in `~/.local/share/fonts`); without that font Chromium takes another one.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from leanrag.errors import ConfigurationError

_DEMO_DIRECTORY = Path(__file__).parent
_PRINT_TIMEOUT_SECONDS = 120
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--no-pdf-header-footer",
)


@dataclass(frozen=True, slots=True)
class PricedProduct:
    """One line of the price list: a product's code, its price and its name in each language."""

    sku: str
    price_try: int
    english: str
    turkish: str
    persian: str
    arabic: str


def read_products(path: Path) -> list[PricedProduct]:
    """Join the four language rows of each product, in the file's order.

    Raises ConfigurationError when a product lacks a language or has two prices.
    """
    titles: dict[str, dict[str, str]] = {}
    prices: dict[str, set[int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            titles.setdefault(row["sku"], {})[row["language"]] = row["title"]
            prices.setdefault(row["sku"], set()).add(int(row["price"]))
    for sku, names in titles.items():
        if set(names) != {"en", "tr", "fa", "ar"} or len(prices[sku]) != 1:
            raise ConfigurationError(
                f"Product {sku} in {path.name} needs one row per language and a single price."
            )
    return [
        PricedProduct(sku, min(prices[sku]), names["en"], names["tr"], names["fa"], names["ar"])
        for sku, names in titles.items()
    ]


def render_price_list(template: str, products: Sequence[PricedProduct]) -> str:
    """Fill `$latin_rows` and `$arabic_script_rows`; every value of a product is escaped.

    The scripts have a page each, so that no line of the PDF mixes directions of writing.
    """
    return Template(template).substitute(
        latin_rows="\n".join(_render_row(p, p.english, "tr", p.turkish) for p in products),
        arabic_script_rows="\n".join(_render_row(p, p.persian, "ar", p.arabic) for p in products),
    )


def print_pdf(html: str, pdf_path: Path) -> None:
    """Print the page with the distribution's Chromium.

    Raises ConfigurationError when Chromium is missing, fails or takes longer than two minutes.
    """
    chromium = next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)
    if chromium is None:
        raise ConfigurationError("Chromium was not found; install the package `chromium`.")
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory) / "price-list.html"
        page.write_text(html, encoding="utf-8")
        command = [
            chromium,
            *_CHROMIUM_FLAGS,
            f"--user-data-dir={directory}/profile",
            f"--print-to-pdf={pdf_path.resolve()}",
            page.as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PRINT_TIMEOUT_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as exc:
            raise ConfigurationError(
                "Chromium could not print the price list; run it by hand to see why."
            ) from exc


def main() -> int:
    """Build `price-list.pdf` beside its template and return the process's exit code."""
    try:
        products = read_products(_DEMO_DIRECTORY / "products.csv")
        template = (_DEMO_DIRECTORY / "price-list.html").read_text(encoding="utf-8")
        print_pdf(render_price_list(template, products), _DEMO_DIRECTORY / "price-list.pdf")
    except ConfigurationError as exc:
        sys.stderr.write(f"{exc.message}\n")
        return 1
    sys.stdout.write(f"price-list.pdf holds {len(products)} products.\n")
    return 0


def _render_row(product: PricedProduct, name: str, second_language: str, second: str) -> str:
    return (
        f'<tr><td class="sku">{escape(product.sku)}</td>'
        f'<td class="price">{product.price_try:,}</td><td>{escape(name)} · '
        f'<span lang="{second_language}">{escape(second)}</span></td></tr>'
    )


if __name__ == "__main__":
    sys.exit(main())
