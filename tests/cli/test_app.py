from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMANDS = (
    ("tenant", "create"),
    ("tenant", "list"),
    ("bot", "versions"),
    ("bot", "show"),
    ("bot", "edit"),
    ("bot", "publish"),
    ("bot", "rollback"),
    ("label", "import"),
    ("label", "list"),
    ("label", "remove"),
    ("tune",),
    ("index",),
    ("ask",),
    ("doctor",),
    ("demo",),
    ("worker",),
)
ROOT = Path(__file__).parents[2]
SLOW_IMPORTS = ("sqlalchemy", "streamlit", "fastapi", "openai", "tiktoken", "numpy", "pydantic")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(run: Callable, command: tuple) -> None:
    helped = run(*command, "--help")
    assert helped.code == 0
    assert f"python -m leanrag {' '.join(command)}" in helped.out
    assert "Example: " in helped.out


def test_without_words_the_commands_are_listed(run: Callable) -> None:
    listed = run()
    assert listed.code == 0
    assert all(command[0] in listed.out for command in COMMANDS)


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from leanrag.cli.app import main; main(['--help']);"
        f"print([name for name in {SLOW_IMPORTS} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["frob"], "No such command 'frob'"),
        (["ask"], "Missing argument"),
        (["ask", "hi", "--frob"], "No such option"),
        (["index", "a.txt", "--chunk-size", "7", "--dry-run"], "--chunk-size"),
        (["index", "a.txt", "--kind", "poem", "--dry-run"], "--kind"),
        (["index", "--tenant", "demo"], "Name files or folders"),
        (["index", "a.txt"], "--tenant"),
        (["index", "--tenant", "demo", "--source", "7"], "--source"),
        (["tenant"], "Missing command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_one_line_and_exit_code_2(run: Callable, words: list, sentence: str) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert ran.out == ""
    assert sentence in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/x", "does not answer"),
        ("DATABASE_URL", "mysql://me:hunter2@127.0.0.1/x", "no PostgreSQL address"),
        ("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:port/x", "no PostgreSQL address"),
        ("DATABASE_URL", "hunter2", "no PostgreSQL address"),
        ("LEANRAG_CHUNK_TOKENS", "hunter2", "LEANRAG_CHUNK_TOKENS"),
        ("LEANRAG_AUTH", "hunter2", "LEANRAG_AUTH"),
        ("LEANRAG_EMBEDDING_MODEL", "hunter2-embed", "OPENAI_API_KEY"),
    ],
)
def test_what_stands_in_the_way_is_one_line_and_exit_code_1(
    run: Callable,
    console: object,
    clean_environment: pytest.MonkeyPatch,
    variable: str,
    value: str,
    sentence: str,
) -> None:
    clean_environment.setenv("LEANRAG_HOME", str(console.settings.home))  # type: ignore[attr-defined]
    clean_environment.setenv(variable, value)
    ran = run("ask", "How much is the dallah?")
    assert ran.code == 1
    assert ran.out == ""
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert value not in ran.err or variable == "LEANRAG_EMBEDDING_MODEL"


def test_an_env_file_that_is_no_text_is_named(run: Callable, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"LEANRAG_MODEL=\xff\xfe\n")
    ran = run("ask", "hi")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ".env" in ran.err


def test_the_log_stays_off_the_terminal(run: Callable) -> None:
    run("--help")
    assert run("tenant", "--help").err == ""
    assert logging.getLogger().handlers


def test_a_python_without_the_packages_is_told_what_to_do() -> None:
    ran = subprocess.run(
        [sys.executable, "-S", "-m", "leanrag"], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "make run" in ran.stderr
