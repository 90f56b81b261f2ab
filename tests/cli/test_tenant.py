from __future__ import annotations

from collections.abc import Callable

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
