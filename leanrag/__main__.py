"""The command line: `python -m leanrag --help`."""

from __future__ import annotations

import sys

from leanrag.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
