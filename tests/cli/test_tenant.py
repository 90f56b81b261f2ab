from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

import pytest

from leanrag.bootstrap import Services


def test_a_created_tenant_is_listed_and_has_a_bot(run_beside: Callable, console: Services) -> None:
    assert run_beside("tenant", "create", "kilim", "--name", "Kilim Ev").code == 0
    tenant = console.tenants.find("kilim")
    assert tenant.name == "Kilim Ev"
    assert len(console.bots.list(tenant.tenant_id)) == 1
    listed = run_beside("tenant", "list").out.splitlines()
    by_slug = {line.split()[0]: line.split(maxsplit=2)[1:] for line in listed}
    assert list(by_slug) == sorted(by_slug)
    assert by_slug["kilim"] == [str(tenant.tenant_id), "Kilim Ev"]
    assert "demo" in by_slug


@pytest.mark.parametrize(
    ("slug", "name", "sentence"),
    [
        ("Two Words", "x", "is no tenant name"),
        ("demo", "x", "exists already"),
        ("fine", "  ", "needs a name"),
        ("\udcff", "x", "is no tenant name"),
    ],
)
def test_a_bad_tenant_is_refused_in_one_line(
    run_beside: Callable, slug: str, name: str, sentence: str
) -> None:
    ran = run_beside("tenant", "create", slug, "--name", name)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert sentence in ran.err


@pytest.fixture
def acme(console: Services) -> str:
    slug = f"acme-{uuid4().hex[:8]}"
    console.tenants.create(slug, "Acme")
    return slug


def test_a_tenant_is_suspended_with_a_reason_and_resumed(run_beside: Callable, acme: str) -> None:
    said = run_beside("tenant", "suspend", acme, "--reason", "The bill is not paid.")
    assert (said.code, acme in said.out) == (0, True)
    (line,) = [x for x in run_beside("tenant", "list").out.splitlines() if x.startswith(acme)]
    assert line.endswith("[suspended] The bill is not paid.")
    assert run_beside("tenant", "resume", acme).code == 0
    (line,) = [x for x in run_beside("tenant", "list").out.splitlines() if x.startswith(acme)]
    assert line.endswith("Acme")


def test_an_export_is_written_once(run_beside: Callable, acme: str, tmp_path: Path) -> None:
    to = tmp_path / "acme.zip"
    ran = run_beside("tenant", "export", acme, "--to", str(to))
    assert (ran.code, f"to {to}" in ran.out) == (0, True)
    assert "tables/bots.jsonl" in ZipFile(to).namelist()
    before = to.read_bytes()
    again = run_beside("tenant", "export", acme, "--to", str(to))
    assert (again.code, "exists already" in again.err) == (2, True)
    assert to.read_bytes() == before


def test_a_tenant_is_deleted_when_its_name_is_typed(
    run_beside: Callable, console: Services, acme: str
) -> None:
    refused = run_beside("tenant", "delete", acme, "--confirm", "yes")
    assert (refused.code, acme in refused.err) == (1, True)
    assert console.tenants.find(acme).status == "active"
    ran = run_beside("tenant", "delete", acme, "--confirm", acme)
    assert (ran.code, ran.out.startswith(f"Deleted {acme}: ")) == (0, True)
    assert run_beside("tenant", "resume", acme).code == 1
    kept = run_beside("tenant", "delete", "demo", "--confirm", "demo")
    assert (kept.code, "anew at every start" in kept.err) == (1, True)
