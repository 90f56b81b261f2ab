"""The one composition root of this process, shared by the pages and the API."""

from __future__ import annotations

import threading

from leanrag.bootstrap import Services, start_services

_lock = threading.Lock()
_services: Services | None = None


def get_services() -> Services:
    """Return the process's services, started by the first caller. Raises LeanRagError."""
    global _services
    with _lock:
        if _services is None:
            _services = start_services()
        return _services


def close_services() -> None:
    """Stop the services, if they run; the next `get_services` starts new ones."""
    global _services
    with _lock:
        if _services is not None:
            _services.close()
        _services = None
