"""E-mail addresses as they are compared and stored."""

from __future__ import annotations

import re

from leanrag.errors import InvalidInput

_MAX_LETTERS = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_LOCAL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_LOCAL}@(?:{_LABEL}\.)*{_LABEL}")


def read_address(text: str) -> str:
    """Return an address in lower case. Raises InvalidInput where it is none.

    ASCII alone: a Kelvin sign becomes a "k" in lower case, and with it another person's address.
    """
    address = text.strip()
    if not address.isascii() or len(address) > _MAX_LETTERS:
        raise InvalidInput("Write the e-mail address in Latin letters, as name@example.com.")
    if not _ADDRESS.fullmatch(address.lower()):
        raise InvalidInput("This is no e-mail address; write it as name@example.com.")
    return address.lower()
