"""Signing in by an OpenID Connect provider, which the console's server has asked already."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models import Person
from db.tenancy import Database
from leanrag.email_address import read_address
from leanrag.errors import Forbidden, InvalidInput, Unauthenticated
from leanrag.identity import KnownPerson, may_sign_in
from leanrag.people import find_person
from leanrag.sessions import NewSession, Sessions

# The server's own cookie lives for a month: only a fresh sign-in makes a session, or one that was
# revoked would come back by itself.
FRESH_SECONDS = 600
_LEEWAY_SECONDS = 60


class OidcSignIn:
    """Opens sessions for people whom a tenant has added; it adds nobody."""

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    def sign_in(self, claims: Mapping[str, object], *, ip: str = "", agent: str = "") -> NewSession:
        """Open a session for the claims of a verified ID token: iss, sub, iat, email.

        Raises Unauthenticated where it is not fresh, Forbidden where nobody has added the address
        or the provider does not say that it verified it.
        """
        subject = _read_subject(claims)
        with self._database.administration() as session:
            person = find_person(Person.subject == subject, session=session)
            person = person or _link(subject, _read_email(claims), session=session)
            if person is None or not may_sign_in(person):
                raise Forbidden(
                    "No tenant has added this address; ask an owner or an administrator of yours."
                )
            return self._sessions.open(
                person.person_id, "oidc", ip=ip, agent=agent, session=session
            )


def _read_subject(claims: Mapping[str, object]) -> str:
    issuer, subject, issued_at = (claims.get(name) for name in ("iss", "sub", "iat"))
    if not (isinstance(issuer, str) and isinstance(subject, str) and issuer and subject):
        raise Unauthenticated("The sign-in provider did not say who you are; try again.")
    age = time.time() - issued_at if isinstance(issued_at, int | float) else FRESH_SECONDS + 1
    if not -_LEEWAY_SECONDS <= age <= FRESH_SECONDS:
        raise Unauthenticated("This sign-in is too old; sign in with your provider again.")
    return f"{issuer}|{subject}"


def _read_email(claims: Mapping[str, object]) -> str:
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str):
        return ""
    try:
        return read_address(email)
    except InvalidInput:
        return ""


def _link(subject: str, email: str, *, session: Session) -> KnownPerson | None:
    """Give the person with a verified address its subject; None where that is another's already."""
    if not email:
        return None
    link = update(Person).where(Person.email == email, Person.subject.is_(None))
    session.execute(link.values(subject=subject))
    return find_person(Person.subject == subject, session=session)
