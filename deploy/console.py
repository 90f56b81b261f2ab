"""Starts the console on a port, or says in one sentence why it cannot: `make run PORT=8600`."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import FrameType

ADDRESS = "127.0.0.1"
APP = Path(__file__).parents[1] / "app.py"


def main(port_text: str) -> int:
    """Run the console until it ends; Ctrl-C is a good end."""
    if not port_text.isdecimal() or not 1 <= int(port_text) <= 65535:
        return _complain(f"{port_text!r} is no port; give a number from 1 to 65535, as PORT=8600.")
    port = int(port_text)
    if not _is_free(port):
        return _complain(
            f"Port {port} is in use, perhaps by another LeanRAG; choose another: make run"
            f" PORT={port + 1 if port < 65535 else 8501} (and LEANRAG_HOME for other data)."
        )
    interrupted = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True  # the console gets the signal too, and closes itself

    signal.signal(signal.SIGINT, note)
    command = [sys.executable, "-m", "streamlit", "run", APP.name, "--server.port", str(port)]
    console = subprocess.Popen(command, cwd=APP.parent)
    signal.signal(signal.SIGTERM, lambda *_: console.terminate())
    code = console.wait()
    return 0 if interrupted else code


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def _complain(sentence: str) -> int:
    print(f"LeanRAG did not start: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "8501"))
