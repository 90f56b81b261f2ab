"""`label`: messages with a known intent, saved, listed, forgotten, and learned from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leanrag.audit import AuditFilter
from leanrag.bootstrap import Services


@pytest.fixture
def tenant(console: Services, request: pytest.FixtureRequest) -> str:
    slug = f"l{abs(hash(request.node.name)) % 10**9}"
    console.tenants.create(slug, slug)
    return slug


def file_of(tmp_path: Path, *lines: str) -> str:
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(["text,intent", *lines]), "utf-8")
    return str(file)


def test_messages_are_imported_listed_and_forgotten(
    run_beside: Callable, tenant: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, "what is the damage for a blorp,pricing", "بلورپ دارین؟,product")
    saved = run_beside("label", "import", file, "--tenant", tenant, "--by", "sara")
    assert (saved.code, saved.err) == (0, "")
    assert "Saved 2 messages; 2 labelled messages in all." in saved.out
    assert "once there are 50" in saved.out
    listed = run_beside("label", "list", "--tenant", tenant).out
    assert "blorp" in listed
    assert "2 labelled messages: " in listed
    key = next(line for line in listed.splitlines() if "blorp" in line).split()[0]
    assert "Forgot: what is the damage" in run_beside("label", "remove", key, "-t", tenant).out
    assert run_beside("label", "list", "--tenant", tenant).out.count("blorp") == 0


def test_fifty_labels_change_where_their_own_words_go(
    run_beside: Callable, console: Services, tenant: str, tmp_path: Path
) -> None:
    tenant_id = console.tenants.find(tenant).tenant_id
    before = console.previews.search(tenant_id, "glimwick zorpal").route
    assert before.explanation.labelled == 0
    lines = [f"glimwick zorpal number {number},contact" for number in range(60)]
    assert run_beside("label", "import", file_of(tmp_path, *lines), "-t", tenant).code == 0
    after = console.previews.search(tenant_id, "glimwick zorpal").route
    assert after.intent == "contact"
    assert after.explanation.labelled == 60


def test_a_wrong_line_is_named_and_nothing_is_saved(
    run_beside: Callable, tenant: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, "how much,pricing", "where,nowhere")
    failed = run_beside("label", "import", file, "--tenant", tenant)
    assert failed.code != 0
    assert "Line 3" in failed.err
    assert "0 labelled messages" in run_beside("label", "list", "--tenant", tenant).out


def test_a_key_of_several_or_no_messages_is_refused(run_beside: Callable, tenant: str) -> None:
    failed = run_beside("label", "remove", "zz", "--tenant", tenant)
    assert failed.code != 0
    assert "0 labelled messages begin with" in failed.err


def test_what_is_done_on_the_command_line_is_in_the_log_as_local(
    run_beside: Callable, console: Services, tenant: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, "what is the damage for a blorp,pricing")
    assert run_beside("label", "import", file, "--tenant", tenant).code == 0
    (event,) = console.audit.find(
        console.tenants.find(tenant).tenant_id, AuditFilter(object_kind="labelled_message")
    ).events
    assert (event.actor_kind, event.actor_name, event.action) == (
        "local",
        "command line",
        "created",
    )
