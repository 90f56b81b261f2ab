"""Is the console's port free, and if not, who has it?"""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import tomllib
from pathlib import Path

import psutil

from leanrag.cli.checks.finding import Finding, broken, ok

STREAMLIT_CONFIG = Path(__file__).parents[3] / ".streamlit" / "config.toml"
_DEFAULT_PORT = 8501
_ANSWER_SECONDS = 2.0


def server_address() -> str | None:
    """Return the address that the console would listen on; None means every interface."""
    configured = _server_settings().get("address")
    return os.environ.get("STREAMLIT_SERVER_ADDRESS") or (str(configured) if configured else None)


def check_port() -> Finding:
    """Try to take $PORT (8501), and name who has it; a running console is no fault."""
    given = os.environ.get("PORT") or str(_server_settings().get("port", _DEFAULT_PORT))
    if not given.isdecimal() or not 0 < int(given) < 65536:
        return broken("port", f"PORT is {given!r}, which is no port.", "Set PORT to 1024-65535.")
    port, address = int(given), server_address() or "0.0.0.0"  # noqa: S104 - what it would take
    try:
        with socket.create_server((address, port)):
            return ok("port", f"{address}:{port} is free for the console.")
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            message = f"{address}:{port} cannot be listened on ({exc.strerror})."
            return broken("port", message, "Choose another: make run PORT=8502")
    if _is_console(port):
        return ok("port", f"A LeanRAG console runs on port {port}{_owner(port)}.")
    return broken(
        "port",
        f"Port {port} is in use{_owner(port)}.",
        f"Stop that program, or run: make run PORT={port + 1 if port < 65535 else 8501}",
    )


def _server_settings() -> dict[str, object]:
    try:
        settings = tomllib.loads(STREAMLIT_CONFIG.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    server = settings.get("server", {})
    return server if isinstance(server, dict) else {}


def _is_console(port: int) -> bool:
    """Ask whoever listens there for LeanRAG's sign of life."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/api/healthz")
        reply = json.loads(connection.getresponse().read(1000))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return bool(reply == {"status": "ok"})


def _owner(port: int) -> str:
    """Name the process that listens on a port, as far as this account may see it."""
    try:
        for held in psutil.net_connections("tcp"):
            if (
                held.status == psutil.CONN_LISTEN
                and held.pid
                and held.laddr
                and held.laddr.port == port
            ):
                return f" by {psutil.Process(held.pid).name()} (process {held.pid})"
    except psutil.Error:
        return ""
    return ""
