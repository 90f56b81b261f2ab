"""People, whatever tenants they belong to: found and added by address or outer subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Member, Person, Tenant
from db.models.base import new_id
from db.tenancy import Database
from leanrag.email_address import read_address
from leanrag.identity import KnownPerson, Membership

_PERSON = (
    Person.person_id,
    Person.email,
    Person.name,
    Person.tier,
    Person.token_version,
    Person.is_administrator,
)
_PLACE = (Tenant.tenant_id, Tenant.slug, Tenant.name.label("tenant_name"), Tenant.status)


def select_people(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Return a query of people with their memberships, one row each; `columns` are added to it."""
    return (
        select(*_PERSON, *_PLACE, Member.role, *columns)
        .select_from(Person)
        .outerjoin(Member, Member.person_id == Person.person_id)
        .outerjoin(Tenant, Tenant.tenant_id == Member.tenant_id)
        .order_by(Tenant.slug)
    )


def read_person(rows: Sequence[Row[*tuple[Any, ...]]]) -> KnownPerson | None:
    """Return the one person that rows of `select_people` tell of; None where there are no rows."""
    if not rows:
        return None
    first = rows[0]
    return KnownPerson(
        person_id=first.person_id,
        email=first.email or "",
        name=first.name,
        tier=first.tier,
        token_version=first.token_version,
        is_administrator=first.is_administrator,
        memberships=tuple(_membership(row) for row in rows if row.tenant_id is not None),
    )


def find_person(condition: ColumnElement[bool], *, session: Session) -> KnownPerson | None:
    """Return the person that a condition on `people` names, in one query."""
    return read_person(session.execute(select_people().where(condition)).all())


class People:
    """Finds and adds people; what they may do is told by their memberships (`members.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, person_id: UUID) -> KnownPerson | None:
        """Return a person by id, or None."""
        return self._find(Person.person_id == person_id)

    def find(self, email: str) -> KnownPerson | None:
        """Return a person by e-mail address, or None. Raises InvalidInput for what is none."""
        return self._find(Person.email == read_address(email))

    def find_subject(self, subject: str) -> KnownPerson | None:
        """Return a person by what an outer system calls it, or None."""
        return self._find(Person.subject == subject)

    def add(self, email: str, name: str = "") -> UUID:
        """Return the person with this address, who is added where nobody has it.

        Raises InvalidInput for what is no address.
        """
        with self._database.administration() as session:
            return add_person(read_address(email), name, session=session)

    def make_administrator(self, person_id: UUID) -> None:
        """Let a person administer the installation: its list of tenants."""
        change = update(Person).where(Person.person_id == person_id).values(is_administrator=True)
        with self._database.administration() as session:
            session.execute(change)

    def _find(self, condition: ColumnElement[bool]) -> KnownPerson | None:
        with self._database.administration() as session:
            return find_person(condition, session=session)


def add_person(address: str, name: str, *, session: Session) -> UUID:
    """Return the id of the person with a checked address; two that add it at once get the same."""
    row = {"person_id": new_id(), "email": address, "name": name.strip()}
    session.execute(insert(Person).values(row).on_conflict_do_nothing(index_elements=["email"]))
    return session.execute(select(Person.person_id).where(Person.email == address)).scalar_one()


def _membership(row: Row[*tuple[Any, ...]]) -> Membership:
    return Membership(
        row.tenant_id, row.slug, row.tenant_name, row.role, is_suspended=row.status != "active"
    )
