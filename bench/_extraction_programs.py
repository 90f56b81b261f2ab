"""Runs the programs that print for the extraction benchmark."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from bench._extraction_fonts import Font, Unavailable

_SECONDS = 120


def find_program(*names: str, package: str) -> str:
    """Return the path of the first of `names` that is installed. Raises Unavailable."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise Unavailable(f"{names[0]} is not installed (Debian: apt-get install {package})")
    return found


def run_program(command: Sequence[str], font: Font) -> None:
    """Run a program to its end, with `font` among those it finds."""
    # fontconfig looks for fonts below XDG_DATA_HOME/fonts: the one made here need not be installed.
    environment = {**os.environ, "XDG_DATA_HOME": str(font.regular.parent.parent)}
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS, env=environment)
