"""The installation's root secret, and the keys that are derived from it."""

from __future__ import annotations

import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from leanrag.errors import ConfigurationError
from leanrag.settings import Settings

MIN_SECRET_BYTES = 32  # as long as what HMAC-SHA256 returns: RFC 7518, section 3.2
_FILE = "root-key"


def root_secret(settings: Settings) -> bytes:
    """Return LEANRAG_ROOT_KEY, or what this data directory keeps, made at first use.

    Raises ConfigurationError where it is too short, and where people sign in on a database of its
    own address without one: other machines may share that database, and have to share the secret.
    """
    if settings.root_key is not None:
        secret = settings.root_key.get_secret_value().encode()
        if len(secret) < MIN_SECRET_BYTES:
            raise ConfigurationError(
                f"LEANRAG_ROOT_KEY is too short; give it {MIN_SECRET_BYTES} random characters or"
                " more, such as those of: openssl rand -hex 32."
            )
        return secret
    if settings.database_url is None:
        return _kept(settings.data_directory() / _FILE)
    if settings.auth == "none":
        return secrets.token_bytes(MIN_SECRET_BYTES)  # nobody signs in, nothing is to be kept
    raise ConfigurationError(
        "With DATABASE_URL and LEANRAG_AUTH=sign-in, set LEANRAG_ROOT_KEY to the same random"
        " characters on every machine, such as those of: openssl rand -hex 32."
    )


def derive_key(root: bytes, purpose: str) -> bytes:
    """Return a key of 32 bytes for one purpose: HMAC-SHA256 of its name."""
    return hmac.digest(root, purpose.encode(), "sha256")


def _kept(path: Path) -> bytes:
    """Read the file, or make it: whole before it is there, readable for its owner alone."""
    with suppress(FileNotFoundError):
        return _read(path)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(MIN_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its secret counts
            os.link(made, path)
    finally:
        made.unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if len(secret) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"The file {path.name} in the data directory is damaged; delete it and start again:"
            " everybody then signs in anew."
        )
    return secret
