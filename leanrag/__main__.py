"""The command line: `python -m leanrag --help`."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from leanrag.cli.app import main
    except ModuleNotFoundError as exc:
        sys.exit(
            f"The package {exc.name} is not installed for this Python; run `make run` once, then"
            " .venv/bin/python -m leanrag."
        )
    sys.exit(main())
