from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leanrag.bootstrap import Services


@pytest.fixture
def tenant(console: Services, request: pytest.FixtureRequest) -> str:
    slug = f"t{abs(hash(request.node.name)) % 10**9}"
    console.tenants.create(slug, slug)
    return slug


@pytest.fixture
def edit(run_beside: Callable, tenant: str, tmp_path: Path) -> Callable:
    """Save the file that `show` prints, with a text replaced."""

    def save(before: str, after: str, by: str = "sara"):
        shown = run_beside("bot", "show", "--tenant", tenant).out
        assert before in shown
        file = tmp_path / "bot.toml"
        file.write_text(shown.replace(before, after), "utf-8")
        return run_beside("bot", "edit", "--file", str(file), "--tenant", tenant, "--by", by)

    return save


def test_a_bot_is_shown_edited_published_and_rolled_back(
    run_beside: Callable, console: Services, tenant: str, edit: Callable
) -> None:
    saved = edit("[greeting]", '[greeting]\nfa = "سلام"\nen = "Hello!"')
    assert (saved.code, saved.err) == (0, "")
    assert "Saved as edit 1; it changes version 1:" in saved.out
    assert "greeting.fa: – → “سلام”" in saved.out
    tenant_id = console.tenants.find(tenant).tenant_id
    assert console.bots.find(tenant_id).greeting == {}

    made = run_beside("bot", "publish", "--tenant", tenant, "--edit", "1", "--note", "Warmer")
    assert made.code == 0
    assert "Version 2 is in force." in made.out
    assert "greeting.en: – → “Hello!”" in made.out
    assert console.bots.find(tenant_id).greeting == {"fa": "سلام", "en": "Hello!"}

    back = run_beside("bot", "rollback", "--to", "1", "--tenant", tenant, "--by", "reza")
    assert back.out == "Version 3 is in force; it says what version 1 said.\n"
    assert console.bots.find(tenant_id).greeting == {}
    edit('persona = "', 'persona = "Dear. ')
    lines = run_beside("bot", "versions", "--tenant", tenant).out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["edit", "2"],
        ["3", "published"],
        ["2", "retired"],
        ["1", "retired"],
    ]
    assert lines[1].endswith("restores 1  reza")
    assert lines[2].endswith("sara  Warmer")
    older = run_beside("bot", "show", "--tenant", tenant, "--version", "2").out
    assert 'fa = "سلام"' in older


def test_a_file_that_is_behind_is_refused_in_one_line(
    run_beside: Callable, tenant: str, edit: Callable, tmp_path: Path
) -> None:
    old = run_beside("bot", "show", "--tenant", tenant).out
    edit('persona = "', 'persona = "First. ')
    (tmp_path / "old.toml").write_text(old, "utf-8")
    ran = run_beside("bot", "edit", "--file", str(tmp_path / "old.toml"), "--tenant", tenant)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "sara saved this draft at" in ran.err
    late = run_beside("bot", "publish", "--tenant", tenant, "--edit", "0")
    assert (late.code, late.out) == (1, "")
    assert "sara saved this draft at" in late.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("publish",), "no open draft"),
        (("rollback", "--to", "1"), "says exactly this already"),
        (("rollback", "--to", "9"), "no version 9"),
        (("show", "--version", "9"), "no version 9"),
        (("versions", "--bot", "nobody"), "There is no bot 'nobody'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(
    run_beside: Callable, tenant: str, words: tuple[str, ...], sentence: str
) -> None:
    ran = run_beside("bot", *words, "--tenant", tenant)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert sentence in ran.err


def test_a_file_that_cannot_be_read_is_named(
    run_beside: Callable, tenant: str, tmp_path: Path
) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "wrong.toml").write_text("edit = ", "utf-8")
    for name, code in (("missing.toml", 2), ("binary.toml", 2), ("wrong.toml", 1)):
        file = str(tmp_path / name)
        ran = run_beside("bot", "edit", "--file", file, "--tenant", tenant)
        assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)


def test_a_bot_is_created_listed_renamed_and_deleted(
    run_beside: Callable, console: Services, tenant: str
) -> None:
    made = run_beside("bot", "create", "sales", "--name", "Sales", "--tenant", tenant)
    assert (made.code, made.err) == (0, "")
    assert made.out.startswith("Created sales (Sales), id ")
    named = run_beside("bot", "rename", "sales", "--name", "Sales desk", "--tenant", tenant)
    assert named.out == "sales is shown as Sales desk now.\n"
    tenant_id = console.tenants.find(tenant).tenant_id
    content = console.bot_versions.open_draft(tenant_id, "sales").content
    console.bot_versions.save_draft(tenant_id, "sales", content, edit=0, based_on=1)
    lines = run_beside("bot", "list", "--tenant", tenant).out.splitlines()
    assert [line.split()[0] for line in lines] == ["assistant", "sales"]
    assert lines[1].endswith(
        "Sales desk  (version 1, open draft; 0 conversations and 0 sources of its own)"
    )
    gone = run_beside("bot", "delete", "sales", "--tenant", tenant, "--confirm", "sales")
    assert gone.out == "Deleted sales with 0 conversations and 0 sources of its own.\n"
    assert [bot.slug for bot in console.bots.list(tenant_id)] == ["assistant"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("create", "Two Words", "--name", "x"), "no short name of a bot"),
        (("create", "assistant", "--name", "x"), "exists already"),
        (("create", "fine", "--name", " "), "needs a name"),
        (("rename", "nobody", "--name", "x"), "There is no bot 'nobody'"),
        (("delete", "assistant", "--confirm", "other"), "type its short name: assistant"),
        (("delete", "assistant", "--confirm", "assistant"), "A tenant needs a bot"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_bot_that_cannot_be_made_or_deleted_is_told_in_one_line(
    run_beside: Callable, tenant: str, words: tuple[str, ...], sentence: str
) -> None:
    ran = run_beside("bot", *words, "--tenant", tenant)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert sentence in ran.err
