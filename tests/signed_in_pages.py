"""The console where people sign in: a shop with something of everything, and who looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from streamlit.runtime.state import SafeSessionState
from streamlit.testing.v1 import AppTest

import pages._identity
import pages._services
import pages._shell
from db.models import GLOBAL_TENANT_ID, Message, SuggestedPairRow
from leanrag.bootstrap import Services
from leanrag.identity import Identity, identify
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, write_records
from leanrag.ingest.record_rows import FaqRow
from leanrag.passage_edits import PassageChange, passage_version
from leanrag.permissions import ROLES, Role
from leanrag.types import TurnStarted
from tests.access_parts import cookie_of
from tests.product_parts import ask, put_source
from tests.served_console import APP, serve

TEXT = "The copper kettle holds two litres of water and costs forty lira in the shop."


@dataclass
class Shop:
    """A tenant with sources of every form, a conversation and what waits for a decision."""

    services: Services
    tenant_id: UUID
    sources: dict[str, UUID] = field(default_factory=dict)
    passage: UUID = GLOBAL_TENANT_ID  # none yet
    conversation: UUID = GLOBAL_TENANT_ID
    pair: UUID = GLOBAL_TENANT_ID
    edit: UUID = GLOBAL_TENANT_ID

    def cookie(self, email: str) -> str:
        """Sign somebody in as a browser does, and return its cookie."""
        person = self.services.access.people.find(email)
        assert person is not None
        return cookie_of(self.services, person.person_id, ip="203.0.113.7")


@dataclass
class Drawn:
    """What a visit drew: the page itself if it was opened, its widgets' keys, and the browser."""

    browser: AppTest
    opened: list[str]
    keys: set[str]


class Console:
    """Opens pages as the holder of a cookie, and notes which are run and which widgets drawn."""

    def __init__(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        self._cookie = ""
        self._opened: list[str] = []
        self._keys: set[str] = set()
        serve(services, monkeypatch)
        monkeypatch.setattr(pages._identity, "session_cookie", lambda: self._cookie)
        self._watch(monkeypatch)

    def visit(
        self,
        name: str,
        cookie: str,
        *,
        query: dict[str, str] | None = None,
        state: dict[str, Any] | None = None,
        clicks: tuple[str, ...] = (),
    ) -> Drawn:
        """Open a page in a new browser, and click what is there of `clicks`, one after the other.

        The keys are those of the last drawing.
        """
        self._cookie = cookie
        browser = AppTest.from_file(APP, default_timeout=60).run()
        assert not browser.exception, browser.exception
        for key, value in (state or {}).items():
            browser.session_state[key] = value
        for key, value in (query or {}).items():
            browser.query_params[key] = value
        self.forget()
        browser.switch_page(f"pages/{name}.py").run()
        for key in clicks:
            self.click(browser, key)
        return Drawn(browser, list(self._opened), set(self._keys))

    def click(self, browser: AppTest, key: str) -> None:
        """Click a button or turn a toggle, if it is drawn."""
        for widget in (*browser.button, *browser.toggle):
            if widget.key == key:
                self.forget()
                (widget.click() if widget in [*browser.button] else widget.set_value(True)).run()
                return

    def forget(self) -> None:
        """Note anew from here on."""
        self._opened.clear()
        self._keys.clear()

    def _watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run, register = pages._shell._run, SafeSessionState.register_widget

        def note_page(page: Any) -> None:
            self._opened.append(page.title)
            run(page)

        def note_widget(state: Any, metadata: Any, user_key: str | None) -> Any:
            if user_key:  # a dialog that can be dismissed has none
                self._keys.add(user_key)
            return register(state, metadata, user_key)

        monkeypatch.setattr(pages._shell, "_run", note_page)
        monkeypatch.setattr(SafeSessionState, "register_widget", note_widget)


def email_of(role: Role) -> str:
    """Return the address of the shop's member with this role."""
    return f"{role}@shop.example"


def identity(shop: Shop, email: str) -> Identity:
    """Return who somebody is in the shop."""
    person = shop.services.access.people.find(email)
    assert person is not None
    return identify(person, tenant=str(shop.tenant_id))


def lower(shop: Shop, email: str, role: Role) -> None:
    """Let the second owner give somebody another role."""
    person_id = identity(shop, email).person_id
    assert person_id is not None
    shop.services.access.members.change_role(identity(shop, "second@shop.example"), person_id, role)


def open_shop(services: Services, slug: str = "shop") -> Shop:
    """Make the shop with a member of each role, and fill it."""
    tenant_id = services.tenants.create(slug, slug.title()).tenant_id
    shop = Shop(services, tenant_id)
    _add_members(shop)
    _add_sources(shop)
    _add_website(shop)
    _add_review(shop)
    events = ask(services.answerer, tenant_id, "How much is the copper kettle?")
    assert isinstance(events[0], TurnStarted)
    shop.conversation = events[0].conversation_id
    with services.database.tenant(tenant_id) as session:
        message = session.get(Message, (tenant_id, events[0].message_id))
        assert message is not None
        message.status = "failed"
    return shop


@contextmanager
def suspended(shop: Shop) -> Iterator[None]:
    """Suspend the shop for a while."""
    shop.services.tenants.suspend(str(shop.tenant_id), "Not paid.")
    yield
    shop.services.tenants.resume(str(shop.tenant_id))


def _add_members(shop: Shop) -> None:
    members = shop.services.access.members
    members.ensure_owner(shop.tenant_id, email_of("owner"))
    members.ensure_owner(shop.tenant_id, "second@shop.example")
    owner = shop.services.access.people.find(email_of("owner"))
    assert owner is not None
    for role in ROLES[1:]:
        members.add(identify(owner, tenant=str(shop.tenant_id)), email_of(role), role)


def _add_sources(shop: Shop) -> None:
    add = shop.services.ingest.add
    rows = (FaqRow("Is there a shop?", "Yes, in Rize."),)
    uploads = {
        "file": Upload("kettle.txt", TEXT.encode()),
        "records": Upload(
            "faq.csv",
            write_records(rows, "faq"),
            kind="faq",
            media_type=RECORDS_MEDIA_TYPE,
            form="records",
        ),
        "manual": Upload(
            "rules.md",
            b"# Returns\n\nWe take back everything within 14 days.",
            kind="manual",
            media_type="text/markdown",
            form="manual",
        ),
    }
    for form, upload in uploads.items():
        source = add(shop.tenant_id, upload)
        assert source.status == "processed", source.error
        shop.sources[form] = source.source_id
    for status in ("failed", "pending"):
        shop.sources[status] = put_source(
            shop.services.database, shop.tenant_id, status, status=status
        )
    (passage,) = shop.services.sources.chunks(shop.tenant_id, shop.sources["file"])
    shop.passage = passage.chunk_id


def _add_website(shop: Shop) -> None:
    origin = {"form": "website", "url": "https://shop.example/", "max_pages": 5, "max_depth": 1}
    site = put_source(
        shop.services.database, shop.tenant_id, "shop.example", kind="website", origin=origin
    )
    shop.sources["website"] = site
    pair = SuggestedPairRow(
        tenant_id=shop.tenant_id,
        source_id=site,
        url="https://shop.example/help",
        question_key="shop open",
        question="When is the shop open?",
        answer="From nine to six.",
    )
    with shop.services.database.tenant(shop.tenant_id) as session:
        session.add(pair)
        session.flush()
        shop.pair = pair.pair_id


def _add_review(shop: Shop) -> None:
    """Edit a passage, and change its source beneath the edit."""
    services, tenant_id = shop.services, shop.tenant_id
    passage = services.sources.chunk(tenant_id, shop.passage)
    change = PassageChange(text=f"{TEXT} It is my favourite.")
    services.passage_edits.edit(tenant_id, shop.passage, change, expected=passage_version(passage))
    newer = Upload("kettle.txt", TEXT.replace("forty", "fifty").encode())
    services.ingest.replace_file(tenant_id, shop.sources["file"], newer)
    services.ingest.process(tenant_id, shop.sources["file"])
    (review,) = services.passage_edits.reviews(tenant_id)
    shop.edit, shop.passage = review.edit_id, review.chunk_ids[0]
