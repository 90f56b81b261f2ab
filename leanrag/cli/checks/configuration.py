"""Are the settings valid and safe?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from leanrag.auth import check_exposure
from leanrag.cli.checks.finding import Finding, broken, ok, warning
from leanrag.cli.checks.port import server_address
from leanrag.errors import ConfigurationError
from leanrag.settings import Settings


def check_configuration(settings: Settings) -> Iterator[Finding]:
    """Check who may come in at the address of the server, and look for misspelt variables."""
    try:
        check_exposure(settings, server_address())
        yield ok("settings", f"Valid; the console would listen on {server_address()}.")
    except ConfigurationError as exc:
        yield broken(
            "settings",
            exc.message,
            "Unset STREAMLIT_SERVER_ADDRESS, and leave server.address as it came.",
        )
    known = {f"LEANRAG_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(
        name for name in os.environ if name.startswith("LEANRAG_") and name not in known
    )
    if unknown:
        message = f"Nothing reads {', '.join(unknown)}."
        yield warning("variables", message, "Check the spelling, or unset them.")
