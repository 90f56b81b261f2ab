"""Is what LeanRAG is made of here: Python, packages, token files, a browser for the tests?"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from leanrag.cli.checks.finding import Finding, broken, ok, warning

REQUIREMENTS = Path(__file__).parents[3] / "requirements.txt"
MIN_PYTHON = (3, 11)
_INSTALL = "Run: python -m pip install -r requirements.txt"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def check_installation() -> Iterator[Finding]:
    """Check Python, the packages, the token files, and the browser of the tests."""
    yield check_python()
    yield check_packages(REQUIREMENTS)
    yield check_token_files()
    yield check_browser()


def check_python() -> Finding:
    """Is Python new enough?"""
    found = f"Python {platform.python_version()} in {sys.prefix}."
    if sys.version_info < MIN_PYTHON:
        return broken("python", found, "Install Python 3.11 or newer and run `make clean run`.")
    return ok("python", found)


def check_packages(requirements: Path) -> Finding:
    """Are the packages that `requirements` pins here, in those versions?"""
    try:
        text = requirements.read_text("utf-8")
    except OSError:
        return broken("packages", "requirements.txt is missing.", "Fetch LeanRAG again.")
    lines = [line for line in map(_requirement, text.splitlines()) if line]
    wrong = [problem for line in lines if (problem := _problem(line))]
    if wrong:
        shown = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        return broken("packages", f"Not as requirements.txt says: {shown}.", _INSTALL)
    return ok("packages", f"{len(lines)} packages as requirements.txt says.")


def check_token_files() -> Finding:
    """Are the files of both encodings here and unchanged, and do they count?"""
    from leanrag.errors import LeanRagError
    from leanrag.text.tokens import ENCODING_FILES, load_counter

    try:
        counts = {name: load_counter(name).count("a copper coffee pot") for name in ENCODING_FILES}
    except LeanRagError as exc:
        return broken("tokens", exc.message, "Fetch leanrag/text/encodings/ again.")
    return ok("tokens", f"{', '.join(counts)}: the shipped files are whole.")


def check_browser() -> Finding:
    """Is there a Chromium that the tests may drive?"""
    for name in _BROWSERS:
        if path := shutil.which(name):
            return ok("browser", f"{path}, for the browser tests.")
    remedy = "Install your distribution's package `chromium`; the console itself needs none."
    return warning("browser", "No Chromium: the browser tests will be skipped.", remedy)


def _requirement(line: str) -> str:
    """Return the requirement of a line without comment and options; empty if it has none."""
    line = line.partition(" #")[0].partition(" --")[0].strip(" \\")
    return "" if line.startswith(("#", "-")) else line


def _problem(line: str) -> str:
    """Say what is wrong with an installed package; empty if nothing is."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(line)
    except InvalidRequirement:
        return f"{line!r} cannot be read"
    if requirement.marker is not None and not requirement.marker.evaluate():
        return ""
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(installed, prereleases=True):
        return ""
    return f"{requirement.name} is {installed}, wanted {requirement.specifier}"
