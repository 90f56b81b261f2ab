from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from leanrag.bootstrap import Services
from leanrag.cli.upload_files import find_files
from leanrag.demo.loader import DEMO_DIRECTORY

MANUAL = DEMO_DIRECTORY / "manual.en.md"
NOTE = "# Warranty\n\nThe blue kettle has a warranty of five years.\n\n## Repairs\n\nNine days.\n"


@pytest.fixture(scope="module")
def tenant_id(console: Services) -> UUID:
    return console.tenants.create("indexed", "Indexed").tenant_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A PDF, a note, a file of noise that says it is text, an empty one, and what is passed by."""
    docs = tmp_path / "docs"
    (docs / "notes").mkdir(parents=True)
    (docs / ".hidden").mkdir()
    shutil.copy(DEMO_DIRECTORY / "price-list.pdf", docs)
    (docs / "notes" / "warranty.md").write_text(NOTE)
    (docs / "noise.txt").write_bytes(bytes(range(256)) * 4)
    (docs / "empty.md").touch()
    (docs / "logo.png").write_bytes(b"\x89PNG")
    (docs / ".hidden" / "secret.txt").write_text("never indexed")
    return docs


def test_a_bad_file_does_not_stop_the_others(
    run_beside: Callable, console: Services, tenant_id: UUID, folder: Path
) -> None:
    ran = run_beside("index", str(folder), str(folder / "gone.pdf"), "--tenant", "indexed")
    assert ran.code == 1
    assert ran.err.startswith(f"3 of 5 files failed; first {folder / 'empty.md'}: This file is ")
    assert ran.err.count("\n") == 1
    marks = {Path(line[2:].split(": ")[0]).name: line[0] for line in ran.out.splitlines()}
    assert marks == {
        "empty.md": "✗",
        "noise.txt": "✗",
        "price-list.pdf": "✓",
        "warranty.md": "✓",
        "gone.pdf": "✗",
    }
    stored = {source.filename: source for source in console.sources.list(tenant_id)}
    assert set(stored) == {"price-list.pdf", "warranty.md"}
    assert all(source.status == "processed" for source in stored.values())
    answer = run_beside("ask", "How long is the warranty of the blue kettle?", "-t", "indexed")
    assert "five years" in answer.out


def test_kind_and_learn_only_are_stored(
    run_beside: Callable, console: Services, tenant_id: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "secret recipe.txt"
    path.write_text("Roast the beans at 205 degrees for eleven minutes.")
    words = ("--kind", "manual", "--learn-only", "--tenant", str(tenant_id))
    assert run_beside("index", str(path), *words).code == 0
    (source,) = (s for s in console.sources.list(tenant_id) if s.filename == path.name)
    assert (source.kind, source.is_citable) == ("manual", False)


def test_the_same_file_again_says_so_and_a_source_is_cut_to_another_size(
    run_beside: Callable, console: Services, tenant_id: UUID
) -> None:
    first = run_beside("index", str(MANUAL), "--tenant", "indexed")
    again = run_beside("index", str(MANUAL), "--tenant", "indexed", "--chunk-size", "64")
    assert (first.code, again.code) == (0, 0)
    assert "was there already" in again.out
    source_id = re.search(r"[0-9a-f-]{36}", again.out)[0]  # type: ignore[index]
    assert source_id in first.out
    before = console.sources.get(tenant_id, UUID(source_id))

    smaller = ("index", "--tenant", "indexed", "--source", source_id)
    assert run_beside(*smaller, "--chunk-size", "64").code == 0
    after = console.sources.get(tenant_id, UUID(source_id))
    assert after.status == "processed"
    assert after.passage_count > 1.5 * before.passage_count
    chunks = console.sources.chunks(tenant_id, UUID(source_id), limit=500)
    assert max(chunk.token_count for chunk in chunks) <= 64

    assert run_beside(*smaller).code == 0  # the size that was chosen is kept
    assert console.sources.get(tenant_id, UUID(source_id)).passage_count == after.passage_count


def test_a_source_of_records_keeps_its_records(run_beside: Callable, console: Services) -> None:
    faq = next(s for s in console.sources.list(console.local_tenant_id) if s.kind == "faq")
    words = ("index", "--tenant", "demo", "--source", str(faq.source_id))
    refused = run_beside(*words, "--chunk-size", "64")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert run_beside(*words).code == 0
    after = console.sources.get(console.local_tenant_id, faq.source_id)
    assert after.passage_count == faq.passage_count


@pytest.mark.parametrize(
    "words",
    [
        ("--tenant", "nobody", str(MANUAL)),
        ("--tenant", "demo", "--source", "01a1fe33-ec94-7486-9ceb-4cb1b8c68a4f"),
    ],
)
def test_an_unknown_tenant_or_source_is_one_line(run_beside: Callable, words: tuple) -> None:
    ran = run_beside("index", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("name", ["manual.fa.md", "price-list.pdf"])
def test_a_dry_run_shows_the_passages_that_indexing_stores(
    run: Callable, console: Services, name: str
) -> None:
    """It runs without a database: the data directory of `run` cannot even be made."""
    ran = run("index", str(DEMO_DIRECTORY / name), "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    tenant_id = console.local_tenant_id
    source = next(s for s in console.sources.list(tenant_id) if s.filename == name)
    chunks = console.sources.chunks(tenant_id, source.source_id, limit=500)
    assert f"{len(chunks)} passages, {source.token_count:,} tokens" in ran.out
    tokens = [int(found) for found in re.findall(r"^\[\d+\] (\d+) tokens?,", ran.out, re.M)]
    assert tokens == [chunk.token_count for chunk in chunks]
    assert all(chunk.text in ran.out for chunk in chunks)


def test_a_dry_run_cuts_to_the_size_asked_for_and_names_bad_files(
    run: Callable, tmp_path: Path
) -> None:
    ran = run("index", str(MANUAL), str(tmp_path), "--dry-run", "--chunk-size", "48")
    assert ran.code == 1
    assert ran.err.startswith(f"1 of 2 files failed; first {tmp_path}: This folder holds no file")
    tokens = [int(found) for found in re.findall(r"^\[\d+\] (\d+) tokens?,", ran.out, re.M)]
    assert 0 < max(tokens) <= 48


def test_a_file_over_the_limit_is_refused_before_it_is_read(
    run: Callable, clean_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    big = tmp_path / "big.txt"
    with big.open("wb") as file:
        file.truncate(40 * 2**30)  # sparse: reading it would take all memory
    ran = run("index", str(big), "--dry-run")
    assert ran.code == 1
    assert "40960.0 MB and the limit is 25.0 MB" in ran.err


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    run: Callable, tmp_path: Path
) -> None:
    path = tmp_path / "a\x1b[31mred.txt"
    path.write_text("plain words " * 20 + "\x1b]0;owned\x07 and more of them")
    ran = run("index", str(path), "--dry-run")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out


def test_files_are_found_once_in_order(folder: Path) -> None:
    found = find_files([folder / "price-list.pdf", folder])
    assert [path.name for path in found] == [
        "price-list.pdf",
        "empty.md",
        "noise.txt",
        "warranty.md",
    ]
