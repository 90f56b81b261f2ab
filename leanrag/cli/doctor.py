"""`doctor`: what works here, what does not, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from leanrag.cli.terminal import DONE, DOUBTFUL, FAILED, say

if TYPE_CHECKING:
    from leanrag.cli.checks.finding import Finding

EXAMPLES = """Example: python -m leanrag doctor

Example: python -m leanrag doctor --online --json"""

_MARKS = {"ok": DONE, "warning": DOUBTFUL, "broken": FAILED}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the model provider whether it takes the key.")
    ] = False,
) -> None:
    """Check this installation without starting anything; exit with 1 if something is broken."""
    findings = []
    for finding in examine(online=online):
        findings.append(finding)
        if not as_json:
            _show(finding)
    broken = [finding for finding in findings if finding.state == "broken"]
    if as_json:
        _print_json(findings, is_well=not broken)
    else:
        say(f"\n{len(broken)} broken." if broken else "\nAll that LeanRAG needs is here.")
    if broken:
        raise typer.Exit(1)


def examine(*, online: bool) -> Iterator[Finding]:
    """Yield each finding as soon as it is made; `online` allows calls to the model provider."""
    from leanrag.cli.checks.finding import broken
    from leanrag.cli.checks.installation import check_installation
    from leanrag.errors import ConfigurationError

    try:
        yield from check_installation()
        yield from _examine_configured(online=online)
    except ConfigurationError as exc:
        yield broken("settings", exc.message, "Correct it in the environment or in .env.")
    except ImportError as exc:
        yield broken("packages", f"{exc}.", "Run: python -m pip install -r requirements.txt")


def _examine_configured(*, online: bool) -> Iterator[Finding]:
    """Yield the findings that depend on the settings. Raises ConfigurationError for bad ones."""
    from leanrag.cli.checks.configuration import check_configuration
    from leanrag.cli.checks.database import check_database
    from leanrag.cli.checks.port import check_port
    from leanrag.cli.checks.provider import check_provider
    from leanrag.cli.checks.reading import check_reading
    from leanrag.cli.checks.storage import check_storage
    from leanrag.cli.opening import read_settings

    settings = read_settings()
    yield from check_configuration(settings)
    yield from check_storage(settings)
    yield from check_database(settings)
    yield check_port()
    yield from check_provider(settings, online=online)
    yield from check_reading(settings)


def _show(finding: Finding) -> None:
    say(f"{finding.name}: {finding.message}", mark=_MARKS[finding.state])
    if finding.remedy:
        say(f"    {finding.remedy}")


def _print_json(findings: list[Finding], *, is_well: bool) -> None:
    import json
    from dataclasses import asdict

    report = {"ok": is_well, "checks": [asdict(finding) for finding in findings]}
    say(json.dumps(report, ensure_ascii=False, indent=2))
