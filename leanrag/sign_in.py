"""Signing in with a code from one's mail, without telling who has an address here and who not.

A code has six digits: what guards it is that five tries are counted, each before it is compared,
and that codes for an address and from a network are few. All counts are the database's.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.orm import Session

from db.models import Person, SignInCode
from db.tenancy import Database
from leanrag.email_address import read_address
from leanrag.errors import LeanRagError, RateLimited, WrongCode
from leanrag.identity import may_sign_in
from leanrag.mail import Mailer, code_letter
from leanrag.people import find_person
from leanrag.sessions import NewSession, Sessions, SignInKind
from leanrag.settings import Settings

CODE_MINUTES = 10
MAX_TRIES = 5
WINDOW = timedelta(minutes=15)
DAY = timedelta(days=1)
_MAIL_THREADS = 2
_WRONG = "This code is wrong or no longer valid; check it, or ask for a new one."
_CODE = re.compile(r"[0-9]{6}")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Limit:
    """At most `most` codes that `condition` counts, within `window`."""

    condition: ColumnElement[bool]
    most: int
    window: timedelta


class SignInService:
    """Sends codes, and opens sessions for whoever types the right one."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        mailer: Mailer,
        settings: Settings,
        *,
        pepper: bytes,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._mailer = mailer
        self._settings = settings
        self._pepper = pepper
        # Mail goes out after the answer, so that the time it takes tells nobody anything.
        self._outbox = ThreadPoolExecutor(_MAIL_THREADS, thread_name_prefix="leanrag-mail")

    def request_code(self, email: str, *, ip: str = "", language: str = "en") -> None:
        """Send a code if somebody may sign in with the address, and tell the caller nothing of it.

        Raises InvalidInput for what is no address, RateLimited after too many codes for the address
        or from the network address, which both count also where nobody has the address.
        """
        address = read_address(email)
        code = f"{secrets.randbelow(10**6):06d}"
        network = _network(ip)
        with self._database.administration() as session:
            self._check_limits(address, network, session=session)
            person = find_person(Person.email == address, session=session)
            is_known = person is not None and may_sign_in(person)
            session.add(
                SignInCode(
                    person_id=person.person_id if person and is_known else None,
                    email_hash=self._hash_address(address),
                    ip=network,
                    code_hash=self._hash_code(address, code),
                    created_at=func.clock_timestamp(),
                    expires_at=func.clock_timestamp() + timedelta(minutes=CODE_MINUTES),
                )
            )
            # What no limit counts any more: it tells who signs in from where.
            session.execute(delete(SignInCode).where(SignInCode.code_id < _first_id(2 * DAY)))
        if person and is_known:
            # To the address that is stored, never to what was typed.
            self._outbox.submit(self._send, person.email, code, language)

    def verify_code(
        self,
        email: str,
        code: str,
        *,
        ip: str = "",
        agent: str = "",
        kind: SignInKind = "code",
    ) -> NewSession:
        """Open a session for the newest code of an address, once. Raises InvalidInput, WrongCode.

        The try is counted, and committed, before the code is compared.
        """
        address = read_address(email)
        tried = self._count_try(address)
        expected = tried.code_hash if tried else self._hash_code(address, "")
        is_right = hmac.compare_digest(expected, self._hash_code(address, _digits(code)))
        if tried is None or not is_right or tried.person_id is None:
            raise WrongCode(_WRONG)
        with self._database.administration() as session:
            if not _use(tried.code_id, session=session):
                raise WrongCode(_WRONG)
            return self._sessions.open(tried.person_id, kind, ip=ip, agent=agent, session=session)

    def close(self) -> None:
        """Send what is waiting, then end the threads."""
        self._outbox.shutdown(wait=True)

    def _check_limits(self, address: str, network: str, *, session: Session) -> None:
        """Let requests for an address, and from a network, come one after the other; count them."""
        settings = self._settings
        email_hash = self._hash_address(address)
        for key in sorted({_lock_key(email_hash), _lock_key(network)}):
            session.execute(select(func.pg_advisory_xact_lock(key)))
        by_address = SignInCode.email_hash == email_hash
        limits = [
            _Limit(by_address, settings.sign_in_codes_per_address, WINDOW),
            _Limit(by_address, settings.sign_in_codes_per_address_a_day, DAY),
        ]
        if network:
            by_network = SignInCode.ip == network
            limits.append(_Limit(by_network, settings.sign_in_codes_per_ip, WINDOW))
        for limit in limits:
            _check(limit, session=session)

    def _count_try(self, address: str) -> Row[*tuple[Any, ...]] | None:
        """Count a try of the newest code of an address; None where it has no tries left."""
        newest = (
            select(SignInCode.code_id)
            .where(SignInCode.email_hash == self._hash_address(address))
            .order_by(SignInCode.created_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        count = (
            update(SignInCode)
            .where(SignInCode.code_id == newest, SignInCode.tries < MAX_TRIES)
            .where(SignInCode.used_at.is_(None), SignInCode.expires_at > func.now())
            .values(tries=SignInCode.tries + 1)
            .returning(SignInCode.code_id, SignInCode.code_hash, SignInCode.person_id)
        )
        with self._database.administration() as session:
            return session.execute(count).one_or_none()

    def _send(self, to: str, code: str, language: str) -> None:
        try:
            self._mailer.send(code_letter(to, code, language=language, minutes=CODE_MINUTES))
        except LeanRagError:
            _log.exception("A sign-in code could not be sent.")

    def _hash_address(self, address: str) -> str:
        return self._hmac(f"address|{address}")

    def _hash_code(self, address: str, code: str) -> str:
        return self._hmac(f"code|{address}|{code}")

    def _hmac(self, text: str) -> str:
        return hmac.digest(self._pepper, text.encode(), "sha256").hex()


def _check(limit: _Limit, *, session: Session) -> None:
    query = select(func.count(), func.min(SignInCode.created_at), func.clock_timestamp()).where(
        limit.condition, SignInCode.created_at > func.clock_timestamp() - limit.window
    )
    used, oldest, now = session.execute(query).one()
    if used < limit.most:
        return
    reset = _seconds_until(oldest + limit.window, now)
    raise RateLimited(
        f"Too many codes were asked for; try again in {-(-reset // 60)} minutes.",
        limit=limit.most,
        used=used,
        remaining=0,
        reset=reset,
    )


def _seconds_until(then: datetime, now: datetime) -> int:
    return max(1, round((then - now).total_seconds()))


def _use(code_id: UUID, *, session: Session) -> bool:
    """Take a code; of several that come at once with the right one, one gets it."""
    use = update(SignInCode).where(SignInCode.code_id == code_id, SignInCode.used_at.is_(None))
    use = use.values(used_at=func.now()).returning(SignInCode.code_id)
    return session.execute(use).scalar_one_or_none() is not None


def _first_id(ago: timedelta) -> UUID:
    """Return the lowest id of that time: a UUIDv7 begins with milliseconds (RFC 9562, 5.7)."""
    milliseconds = int((datetime.now(UTC) - ago).timestamp() * 1000)
    return UUID(int=milliseconds << 80)


def _digits(code: str) -> str:
    """Return a code as six ASCII digits, however a keyboard writes and spaces them; else empty."""
    kept = "".join(letter for letter in code[:40] if letter.isdecimal())
    ascii_digits = "".join(str(unicodedata.decimal(letter)) for letter in kept)
    return ascii_digits if _CODE.fullmatch(ascii_digits) else ""


def _network(ip: str) -> str:
    """Return what one customer of a provider holds: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _lock_key(text: str) -> int:
    """Return a number of 63 bits for an advisory lock."""
    return int.from_bytes(hmac.digest(b"sign-in", text.encode(), "sha256")[:8], "big") >> 1
