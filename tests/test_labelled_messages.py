from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from leanrag import labelled_messages
from leanrag.errors import InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.intent_model import shipped_model
from leanrag.labelled_messages import (
    FEWEST_LABELS,
    LabelledMessages,
    load_examples,
    model_for,
)
from leanrag.tenants import Tenants


def _tenant(database: GuardedDatabase) -> UUID:
    return Tenants(database).create(f"t-{uuid4().hex[:12]}", "Shop").tenant_id


@pytest.fixture
def labels(shared_database: GuardedDatabase) -> LabelledMessages:
    return LabelledMessages(shared_database)


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return _tenant(shared_database)


def test_a_saved_message_is_listed_with_its_language(
    labels: LabelledMessages, tenant_id: UUID
) -> None:
    labels.save(tenant_id, "  بوکسور قیمتش چنده؟ ", "pricing", labelled_by="mina@example.org")
    (listed,) = labels.list(tenant_id)
    assert (listed.text, listed.language, listed.intent, listed.labelled_by) == (
        "بوکسور قیمتش چنده؟",
        "fa",
        "pricing",
        "mina@example.org",
    )


def test_the_same_text_gets_its_new_intent_and_counts_once(
    labels: LabelledMessages, tenant_id: UUID
) -> None:
    labels.save(tenant_id, "Where is my order?", "howto")
    replaced = labels.save(tenant_id, "where is  MY order?", "general")
    (listed,) = labels.list(tenant_id)
    assert (listed.intent, listed.message_key) == ("general", replaced.message_key)


def test_the_newest_message_is_listed_first(labels: LabelledMessages, tenant_id: UUID) -> None:
    for text in ("first message", "second message"):
        labels.save(tenant_id, text, "general")
    labels.save(tenant_id, "first message", "contact")
    assert [m.text for m in labels.list(tenant_id)] == ["first message", "second message"]


def test_a_removed_message_is_gone_and_cannot_be_removed_again(
    labels: LabelledMessages, tenant_id: UUID
) -> None:
    key = labels.save(tenant_id, "hello there", "general").message_key
    labels.remove(tenant_id, key)
    assert labels.list(tenant_id) == ()
    with pytest.raises(NotFound):
        labels.remove(tenant_id, key)


def test_another_tenant_neither_sees_nor_removes_a_message(
    labels: LabelledMessages, tenant_id: UUID, shared_database: GuardedDatabase
) -> None:
    key = labels.save(tenant_id, "is it waterproof", "product").message_key
    other = _tenant(shared_database)
    assert labels.list(other) == ()
    with pytest.raises(NotFound):
        labels.remove(other, key)
    with shared_database.tenant(other) as session:
        assert load_examples(tenant_id, session=session) == ()


@pytest.mark.parametrize(
    ("text", "intent", "part"),
    [("   ", "pricing", "characters"), ("x" * 2_001, "pricing", "characters"), ("a", "no", "'no'")],
)
def test_a_message_that_cannot_be_learned_from_is_refused(
    labels: LabelledMessages, tenant_id: UUID, text: str, intent: str, part: str
) -> None:
    with pytest.raises(InvalidInput, match=part):
        labels.save(tenant_id, text, intent)
    assert labels.list(tenant_id) == ()


def test_a_csv_file_is_imported(labels: LabelledMessages, tenant_id: UUID) -> None:
    content = '\ufefftext,intent,note\n"how much, please?",pricing,\nadres?,contact,short\n'
    assert labels.import_csv(tenant_id, content) == 2
    assert {(m.text, m.intent) for m in labels.list(tenant_id)} == {
        ("how much, please?", "pricing"),
        ("adres?", "contact"),
    }


def test_a_wrong_line_is_named_and_nothing_is_imported(
    labels: LabelledMessages, tenant_id: UUID
) -> None:
    with pytest.raises(InvalidInput, match=r"^Line 3: 'price'"):
        labels.import_csv(tenant_id, "text,intent\nhow much,pricing\nhow much?!,price\n")
    assert labels.list(tenant_id) == ()


@pytest.mark.parametrize("content", ["", "text\nhello\n", "text,intent\n"])
def test_a_file_without_labels_is_refused(
    labels: LabelledMessages, tenant_id: UUID, content: str
) -> None:
    with pytest.raises(InvalidInput):
        labels.import_csv(tenant_id, content)


def test_a_tenant_may_only_have_so_many(
    labels: LabelledMessages, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelled_messages, "MAX_LABELS", 1)
    labels.save(tenant_id, "one", "general")
    with pytest.raises(InvalidInput, match="at most 1"):
        labels.save(tenant_id, "two", "general")
    assert len(labels.list(tenant_id)) == 1


def test_a_tenant_learns_from_fifty_messages_on(
    labels: LabelledMessages, tenant_id: UUID, shared_database: GuardedDatabase
) -> None:
    rows = "".join(f"zorblat number {n},contact\n" for n in range(FEWEST_LABELS))
    labels.import_csv(tenant_id, "text,intent\n" + rows)
    with shared_database.tenant(tenant_id) as session:
        examples = load_examples(tenant_id, session=session)
    assert model_for(examples[1:]) is shipped_model()
    own = model_for(examples)
    assert own.learned_from == FEWEST_LABELS
    before = shipped_model().predict("zorblat", "en")
    after = own.predict("zorblat", "en")
    place = after.intents.index("contact")
    assert after.probabilities[place] > 0.7 > before.probabilities[place]
