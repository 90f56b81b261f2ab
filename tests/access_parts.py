"""People who sign in: a post box in place of the mail server, and a tenant with members."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

from leanrag.access import Access, make_access
from leanrag.bootstrap import Services
from leanrag.guarded_database import GuardedDatabase
from leanrag.identity import Identity, identify
from leanrag.mail import Letter
from leanrag.settings import Settings
from leanrag.sign_in import SignInService
from leanrag.tenants import Tenants

ROOT_KEY = "for-tests-only-0123456789abcdef-0123456789abcdef"


class PostBox:
    """Keeps the letters that are sent."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self._came = threading.Condition()

    def send(self, letter: Letter) -> None:
        with self._came:
            self.letters.append(letter)
            self._came.notify_all()

    def code(self, count: int = 1) -> str:
        """Return the code of the latest letter, once so many have come."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.letters) >= count, timeout=5)
            found = re.search(r"[0-9]{6}", self.letters[-1].subject)
            assert found
            return found[0]


def settings_with(home: Path, **values: Any) -> Settings:
    chosen: dict[str, Any] = {"auth": "sign-in", "root_key": ROOT_KEY, **values}
    return Settings(_env_file=None, home=home, **chosen)


def cookie_of(services: Services, person_id: UUID, *, ip: str = "") -> str:
    """Sign a person in as a browser does, without a code, and return its cookie."""
    sessions = services.access.sessions
    with services.database.administration() as session:
        made = sessions.open(person_id, "code", ip=ip, agent="Browser", session=session)
    return sessions.claim(made.ticket).secret


class Door:
    """Access to one database, with a tenant `shop` whose owner is ada@shop.example."""

    def __init__(self, database: GuardedDatabase, home: Path, **values: Any) -> None:
        self.database = database
        self.settings = settings_with(home, **values)
        self.tenant_id = self.make_tenant("shop")
        self.access: Access = make_access(database, self.settings, self.tenant_id)
        self.box = PostBox()
        self.sign_in: SignInService = self.access.sign_in
        self.sign_in._mailer = self.box
        self.access.members.ensure_owner(self.tenant_id, "ada@shop.example")
        self.owner = self.identity("ada@shop.example")

    def make_tenant(self, slug: str) -> UUID:
        tenants = Tenants(self.database)
        known = {tenant.slug: tenant.tenant_id for tenant in tenants.list()}
        return known.get(slug) or tenants.create(slug, slug.title()).tenant_id

    def identity(self, email: str, tenant: str = "shop") -> Identity:
        person = self.access.people.find(email)
        assert person
        return identify(person, tenant=tenant)

    def code(self, email: str, ip: str = "") -> str:
        came = len(self.box.letters)
        self.sign_in.request_code(email, ip=ip)
        return self.box.code(came + 1)

    def cookie(self, email: str) -> str:
        """Sign in as a browser does, and return its cookie."""
        made = self.sign_in.verify_code(email, self.code(email), ip="203.0.113.7", agent="Browser")
        return self.access.sessions.claim(made.ticket).secret

    def execute(self, statement: Any) -> Any:
        with self.database.administration() as session:
            result = session.execute(statement)
            return result.all() if statement.is_select else None
