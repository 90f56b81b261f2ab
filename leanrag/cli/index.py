"""`index`: files, folders or a website become searchable, or a stored source is cut again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from leanrag.cli.upload_files import find_files
from leanrag.types import SourceKind

EXAMPLES = """Example: python -m leanrag index manual.pdf notes/ --tenant demo

Example: python -m leanrag index manual.pdf --chunk-size 400 --dry-run

Example: python -m leanrag index --tenant demo --source ID --chunk-size 400

Example: python -m leanrag index --tenant demo --url https://shop.example/help --max-pages 50"""


def index(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files or folders: PDF, DOCX, XLSX, CSV, HTML, SRT, VTT, text.", show_default=False
        ),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", "-t", help="Short name or id of the tenant.")
    ] = None,
    source: Annotated[
        UUID | None, typer.Option("--source", help="Process this stored source again, now.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Crawl this website from its start page or sitemap, now."),
    ] = None,
    max_pages: Annotated[
        int | None, typer.Option("--max-pages", help="Pages of the website at most.")
    ] = None,
    max_depth: Annotated[
        int | None, typer.Option("--max-depth", help="Links away from its start at most.")
    ] = None,
    kind: Annotated[SourceKind, typer.Option("--kind", help="What the files are.")] = "document",
    learn_only: Annotated[
        bool, typer.Option("--learn-only", help="The bot may learn from it, never quote it.")
    ] = False,
    chunk_size: Annotated[
        int | None,
        typer.Option(
            "--chunk-size", min=32, max=2000, help="Tokens of a passage at most (default: 200)."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the passages and store nothing.")
    ] = False,
) -> None:
    """Make files searchable. A bad file does not stop the others; the exit code then is 1."""
    _check_choice(paths, source, url, dry_run=dry_run)
    if url is None and (max_pages is not None or max_depth is not None):
        raise typer.BadParameter("--max-pages and --max-depth go with --url.")
    if dry_run:
        from leanrag.cli.dry_run import show_passages

        show_passages(find_files(paths or ()), kind=kind, chunk_tokens=chunk_size)
        return
    if tenant is None:
        raise typer.BadParameter("Say for whom: --tenant NAME.")
    if url is not None:
        _crawl(tenant, url, max_pages, max_depth, not learn_only, chunk_size)
    elif source is not None:
        _process_again(tenant, source, chunk_size)
    else:
        _store(find_files(paths or ()), tenant, kind, not learn_only, chunk_size)


def _check_choice(
    paths: Sequence[Path] | None, source: UUID | None, url: str | None, *, dry_run: bool
) -> None:
    if source is None and url is None and not paths:
        raise typer.BadParameter(
            "Name files or folders, a website with --url, or a stored source with --source."
        )
    if source is not None and (paths or dry_run or url is not None):
        raise typer.BadParameter("--source goes with neither paths, --url nor --dry-run.")
    if url is not None and (paths or dry_run):
        raise typer.BadParameter("--url goes with neither paths nor --dry-run.")


def _store(
    files: Sequence[Path],
    tenant: str,
    kind: SourceKind,
    is_citable: bool,
    chunk_tokens: int | None,
) -> None:
    from leanrag.cli.indexing import index_file, report_each
    from leanrag.cli.opening import open_services

    with open_services() as services:
        tenant_id = services.tenants.find(tenant).tenant_id
        report_each(
            files,
            lambda path: index_file(
                services,
                tenant_id,
                path,
                kind=kind,
                is_citable=is_citable,
                chunk_tokens=chunk_tokens,
            ),
        )


def _process_again(tenant: str, source_id: UUID, chunk_tokens: int | None) -> None:
    from leanrag.cli.indexing import process_again
    from leanrag.cli.opening import open_services
    from leanrag.cli.terminal import say

    with open_services() as services:
        tenant_id = services.tenants.find(tenant).tenant_id
        say(process_again(services, tenant_id, source_id, chunk_tokens=chunk_tokens))


def _crawl(
    tenant: str,
    url: str,
    max_pages: int | None,
    max_depth: int | None,
    is_citable: bool,
    chunk_tokens: int | None,
) -> None:
    from leanrag.cli.index_website import index_website
    from leanrag.cli.opening import open_services
    from leanrag.cli.terminal import DONE, say

    with open_services() as services:
        tenant_id = services.tenants.find(tenant).tenant_id
        became = index_website(
            services,
            tenant_id,
            url,
            max_pages=max_pages,
            max_depth=max_depth,
            is_citable=is_citable,
            chunk_tokens=chunk_tokens,
        )
        say(f"{url}: {became}", mark=DONE)
