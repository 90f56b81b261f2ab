from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leanrag.bootstrap import Services
from leanrag.cli.checks import installation, port
from leanrag.text import tokens
from tests.provider_server import ProviderServer

KEY = "sk-test-hunter2-1234567890"


@pytest.fixture
def free_port(clean_environment: pytest.MonkeyPatch) -> int:
    """A port that nobody has, as $PORT."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = int(listening.getsockname()[1])
    clean_environment.setenv("PORT", str(number))
    return number


@pytest.fixture
def new_home(clean_environment: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="lrd"))
    clean_environment.setenv("LEANRAG_HOME", str(directory / "data"))
    yield directory / "data"
    shutil.rmtree(directory)


@pytest.fixture
def examine(run: Callable, free_port: int, new_home: Path) -> Callable[..., dict]:
    """Run the doctor on a machine where nothing runs yet; return its findings by name."""

    def findings(*words: str) -> dict:
        clean_words = ("doctor", "--json", *words)
        ran = run(*clean_words)
        assert ran.err == ""
        report = json.loads(ran.out)
        broken = [check for check in report["checks"] if check["state"] == "broken"]
        assert report["ok"] is (not broken)
        assert ran.code == (1 if broken else 0)
        assert all(check["remedy"] for check in report["checks"] if check["state"] != "ok")
        assert "hunter2" not in ran.out
        return {check["name"]: check for check in report["checks"]}

    return findings


def test_nothing_is_broken_and_nothing_is_started(examine: Callable, new_home: Path) -> None:
    found = examine()
    assert [name for name, check in found.items() if check["state"] == "broken"] == []
    assert found["database"]["message"].startswith("Not made yet")
    assert not new_home.exists()


def test_people_read_ticks_and_remedies(
    run: Callable, free_port: int, new_home: Path, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("LEANRAG_CHUNK_SIZE", "300")
    ran = run("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert "✓ python: Python 3." in ran.out
    assert "! variables: Nothing reads LEANRAG_CHUNK_SIZE.\n    Check the spelling" in ran.out


def test_a_running_server_is_asked_and_left_running(
    examine: Callable, console: Services, clean_environment: pytest.MonkeyPatch
) -> None:
    clean_environment.setenv("LEANRAG_HOME", str(console.settings.home))
    found = examine()
    assert "pgvector 0." in found["database"]["message"]
    assert found["prompt budget"]["state"] == "ok"
    assert found["migrations"]["state"] == "ok"
    assert console.tenants.list()


def test_a_server_that_is_off_stays_off(examine: Callable, new_home: Path) -> None:
    (new_home / "pgdata").mkdir(parents=True)
    (new_home / "pgdata" / "PG_VERSION").write_text("18\n")
    assert "not running" in examine()["database"]["message"]
    assert [path.name for path in (new_home / "pgdata").iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize("version", ["16\n", None])
def test_a_foreign_data_directory_is_broken(
    examine: Callable, new_home: Path, version: str | None
) -> None:
    (new_home / "pgdata").mkdir(parents=True)
    if version is not None:
        (new_home / "pgdata" / "PG_VERSION").write_text(version)
    assert examine()["database"]["state"] == "broken"


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/x", "database"),
        ("DATABASE_URL", "mysql://me:hunter2@127.0.0.1/x", "settings"),
        ("LEANRAG_AUTH", "hunter2", "settings"),
        ("STREAMLIT_SERVER_ADDRESS", "0.0.0.0", "settings"),
        ("OPENAI_API_KEY", "sk hunter2", "model"),
        ("LEANRAG_FALLBACK_BASE_URL", "http://127.0.0.1:9/v1", "model"),
        ("LEANRAG_HOME", "/proc/leanrag", "data directory"),
        ("LEANRAG_HOME", "/tmp/" + "long" * 30, "data directory"),
        ("PORT", "http", "port"),
        ("LEANRAG_EXTRACTION_CPU_SECONDS", "0", "settings"),
    ],
)
def test_what_the_console_would_stumble_over_is_broken(
    examine: Callable,
    clean_environment: pytest.MonkeyPatch,
    variable: str,
    value: str,
    name: str,
) -> None:
    if variable == "LEANRAG_FALLBACK_BASE_URL":
        clean_environment.setenv("OPENAI_API_KEY", KEY)
    clean_environment.setenv(variable, value)
    assert examine()[name]["state"] == "broken"


def test_a_port_in_use_names_who_has_it(examine: Callable, free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        found = examine()["port"]
    assert found["state"] == "broken"
    assert f"process {os.getpid()}" in found["message"]
    assert "make run PORT=" in found["remedy"]


def test_a_console_on_the_port_is_no_fault(free_port: int) -> None:
    class Console(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"status":"ok"}' if self.path == "/api/healthz" else b""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", free_port), Console) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found = port.check_port()
        server.shutdown()
        thread.join()
    assert found.state == "ok"
    assert "console runs" in found.message


def test_online_asks_the_provider_whether_it_takes_the_key(
    examine: Callable, clean_environment: pytest.MonkeyPatch
) -> None:
    with ProviderServer(api_key=KEY) as server:
        clean_environment.setenv("OPENAI_BASE_URL", server.base_url)
        clean_environment.setenv("OPENAI_API_KEY", KEY)
        assert "was not tried" in examine()["model"]["message"]
        assert examine("--online")["model"]["state"] == "ok"
        clean_environment.setenv("LEANRAG_MODEL", "gpt-unheard-of")
        assert examine("--online")["model"]["state"] == "warning"
        clean_environment.setenv("OPENAI_API_KEY", "sk-other-hunter2")
        refused = examine("--online")["model"]
    assert refused["state"] == "broken"
    assert "refused the API key" in refused["message"]


def test_packages_other_than_pinned_are_broken(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text(
        "# a comment\n-r other.txt\npytest>=1  # here\ntyper==0.0.1\nno-such-package==1\n"
        "nothing-either==1; python_version < '3'\n"
    )
    found = installation.check_packages(pins)
    assert found.state == "broken"
    assert "typer is " in found.message
    assert "no-such-package is missing" in found.message
    assert "nothing-either" not in found.message
    assert installation.check_packages(tmp_path / "none.txt").state == "broken"


def test_a_changed_token_file_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert installation.check_token_files().state == "ok"
    copied = tmp_path / "encodings"
    shutil.copytree(tokens.ENCODINGS_DIRECTORY, copied)
    file, _ = tokens.ENCODING_FILES["cl100k_base"]
    (copied / file).write_bytes((copied / file).read_bytes()[:-1])
    monkeypatch.setattr(tokens, "ENCODINGS_DIRECTORY", copied)
    tokens.load_counter.cache_clear()
    assert installation.check_token_files().state == "broken"


def test_a_missing_browser_is_only_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert installation.check_browser().state == "warning"
