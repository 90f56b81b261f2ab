"""What a turn stands on, read in one statement."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from db.models import Bot, Conversation, Message
from db.models.base import new_id
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_content, publish_first
from leanrag.bots import Bots
from leanrag.errors import NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.tuning import load_tuning
from leanrag.turn_basis import TurnBasis, read_basis
from tests.product_parts import new_tenant

PIRATE = BotContent("Arr.", "Never say please.", {"en": "Ahoy!"}, {"en": "Davy Jones knows."})


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        pirate = Bot(tenant_id=tenant_id, slug="pirate", name="Pirate")
        session.add(pirate)
        session.flush()
        publish_first(tenant_id, pirate.bot_id, PIRATE, session=session)
    return tenant_id


def read(
    database: GuardedDatabase, tenant_id: UUID, bot: str | UUID | None = None, **more: object
) -> TurnBasis:
    with database.tenant(tenant_id) as session:
        return read_basis(tenant_id, bot, session=session, **more)  # type: ignore[arg-type]


def test_a_bot_is_found_by_slug_by_id_and_else_the_first(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    first, pirate = Bots(shared_database).list(tenant_id)
    assert read(shared_database, tenant_id).bot_id == first.bot_id
    for bot in ("pirate", pirate.bot_id, str(pirate.bot_id)):
        found = read(shared_database, tenant_id, bot)
        assert (found.bot_id, found.persona) == (pirate.bot_id, "Arr.")


def test_all_that_the_published_version_says_is_read_with_its_number(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    basis = read(shared_database, tenant_id, "pirate")
    assert basis.prompt_version == 1
    assert basis.voice == "Arr.\nNever say please."
    said = BotContent(basis.persona, basis.instructions, basis.greeting, basis.fallback)
    assert said == PIRATE
    with shared_database.tenant(tenant_id) as session:
        other = BotContent(persona="Aye.")
        publish_content(tenant_id, basis.bot_id, other, note="", session=session)
    basis = read(shared_database, tenant_id, "pirate")
    assert (basis.prompt_version, basis.persona, basis.greeting) == (2, "Aye.", {})


def test_a_bot_without_any_version_says_nothing_of_its_own_and_is_found(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    with shared_database.tenant(tenant_id) as session:
        session.add(Bot(tenant_id=tenant_id, slug="mute", name="Mute"))
    basis = read(shared_database, tenant_id, "mute")
    assert (basis.prompt_version, basis.persona, basis.greeting) == (0, "", {})


@pytest.mark.parametrize("bot", ["", "Pirate", "%", "' OR true --", uuid4()])
def test_an_unknown_bot_is_refused_with_the_names_of_those_that_are_there(
    shared_database: GuardedDatabase, tenant_id: UUID, bot: str | UUID
):
    with pytest.raises(NotFound, match=r"the bots are: \S+, pirate\."):
        read(shared_database, tenant_id, bot)


def test_another_tenants_bot_is_not_found(shared_database: GuardedDatabase, tenant_id: UUID):
    foreign, *_ = Bots(shared_database).list(new_tenant(shared_database))
    with pytest.raises(NotFound):
        read(shared_database, tenant_id, foreign.bot_id)


def test_the_version_is_the_one_that_the_tuning_tells(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    with shared_database.tenant(tenant_id) as session:
        version = load_tuning(tenant_id, session=session).version
    assert read(shared_database, tenant_id).tuning_version == version


def test_the_latest_messages_come_newest_first_and_a_new_conversation_has_none(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    bot, *_ = Bots(shared_database).list(tenant_id)
    talk = Conversation(tenant_id=tenant_id, conversation_id=new_id(), bot_id=bot.bot_id)
    with shared_database.tenant(tenant_id) as session:
        session.add(talk)
        session.flush()
        session.add_all(
            Message(
                tenant_id=tenant_id,
                conversation_id=talk.conversation_id,
                role="operator" if number % 2 else "user",
                text=f"Message {number}.",
            )
            for number in range(12)
        )
    new = read(shared_database, tenant_id)
    assert (new.summary, new.latest) == ("", ())
    for recent, expected in ((0, 6), (4, 6), (9, 9)):
        basis = read(
            shared_database,
            tenant_id,
            conversation_id=talk.conversation_id,
            recent_messages=recent,
        )
        numbers = range(11, 11 - expected, -1)
        assert [said.text for said in basis.latest] == [f"Message {n}." for n in numbers]
        assert [said.role for said in basis.latest[:2]] == ["assistant", "user"]
