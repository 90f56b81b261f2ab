"""What every keyword does: decided by removing it, judged by labels, compared with a draft."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from db.models import LabelledMessage
from leanrag.bootstrap import Services
from leanrag.demo.loader import demo_questions
from leanrag.errors import InvalidInput
from leanrag.first_contact import FirstContact
from leanrag.intent_learning import IntentExample, learn
from leanrag.intent_model import IntentModel
from leanrag.keyword_findings import KeywordFinding
from leanrag.keyword_lab import KeywordLab, RoutingSide
from leanrag.keyword_removal import KeywordRemoval
from leanrag.router import KeywordRule, QueryRouter
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.routing_scores import LabelledRoute, figures_of
from leanrag.tuning import TuningDraft
from leanrag.types import Intent, Language
from tests.product_parts import ask, new_tenant

CONTACT_WORD = KeywordRule("contact", "en", "zeppelin", 3)
PRICING_WORD = KeywordRule("pricing", "en", "gondola", 3)


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    return new_tenant(services.database)


@pytest.fixture(scope="module")
def contact() -> FirstContact:
    return FirstContact()


def keyword_router(_tenant_id: UUID, draft: TuningDraft, *, session: Session) -> QueryRouter:
    """A router by keywords alone."""
    return QueryRouter(draft.keywords, draft.routings)


@pytest.fixture
def lab(services: Services, contact: FirstContact) -> KeywordLab:
    return KeywordLab(services.database, keyword_router, contact)


def label(
    services: Services, tenant_id: UUID, *messages: tuple[str, Intent], language: Language = "en"
) -> None:
    with services.database.tenant(tenant_id) as session:
        session.add_all(
            LabelledMessage(
                tenant_id=tenant_id,
                text_hash=hashlib.sha256(text.encode()).hexdigest(),
                text=text,
                language=language,
                intent=intent,
            )
            for text, intent in messages
        )


def with_rules(services: Services, tenant_id: UUID, *rules: KeywordRule) -> TuningDraft:
    draft = services.tuning.load(tenant_id)
    return replace(draft, keywords=(*draft.keywords, *rules))


def found(side: RoutingSide, rule: KeywordRule) -> KeywordFinding:
    return next(finding for finding in side.keywords if finding.rule == rule)


def routed(question: str, *rules: KeywordRule) -> tuple[KeywordRemoval, list[Intent]]:
    """Return what removes keywords, and the intent without each that `question` holds."""
    removal = KeywordRemoval(rules, default_routings())
    route = QueryRouter(rules, default_routings()).route(question)
    return removal, [removal.intent_without(route, match) for match in route.matched]


def test_a_keyword_decides_where_the_intent_is_another_one_without_it(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    label(
        services,
        tenant_id,
        ("the zeppelin", "contact"),
        ("the zeppelin and the gondola", "pricing"),
        ("the zeppelin, the gondola, the gondola", "contact"),
    )
    heavy = replace(PRICING_WORD, weight=1)
    report = lab.examine(tenant_id, with_rules(services, tenant_id, CONTACT_WORD, heavy))
    zeppelin, gondola = (found(report.after, rule) for rule in (CONTACT_WORD, heavy))
    assert (zeppelin.matched, zeppelin.decisive) == (3, 3)
    assert (gondola.matched, gondola.decisive) == (2, 0)
    assert (zeppelin.labelled, zeppelin.right, zeppelin.precision) == (3, 2, pytest.approx(2 / 3))
    assert [(c.rule, c.times) for c in zeppelin.conflicts] == [(heavy, 2)]
    assert [(c.rule, c.times) for c in gondola.conflicts] == [(CONTACT_WORD, 2)]
    assert (report.messages, report.labelled) == (3, 3)


def test_what_stood_behind_a_keyword_comes_in_its_place():
    phrase = KeywordRule("pricing", "en", "how much", 3)
    behind = KeywordRule("howto", "en", "how", 2)
    assert routed("how much", phrase, behind)[1] == ["howto"]
    twin = KeywordRule("pricing", "en", "prices", 3)
    assert routed("price", KeywordRule("pricing", "en", "price", 2), twin)[1] == ["pricing"]


@pytest.mark.parametrize("has_model", [False, True])
def test_deciding_again_agrees_with_routing_again_without_the_keyword(has_model: bool):
    """The removal is a shortcut: a router without the keyword must say the same."""
    examples = [IntentExample(q.question, q.language, q.intent) for q in demo_questions()]
    model = learn(examples[::2]) if has_model else None
    keywords, routings = default_keywords(), default_routings()
    router, removal = QueryRouter(keywords, routings, model), KeywordRemoval(keywords, routings)
    agreed = compared = 0
    for asked in demo_questions()[::4]:
        route = router.route(asked.question)
        for match in route.matched[:2]:
            rule = removal.rule_of(match, route)
            others = [other for other in keywords if other is not rule]
            without = QueryRouter(others, routings, model).route(asked.question)
            compared += 1
            agreed += without.intent == removal.intent_without(route, match)
    assert compared >= 10
    assert agreed >= 0.9 * compared


def test_keywords_that_never_fired_are_told(services: Services, lab: KeywordLab, tenant_id: UUID):
    label(services, tenant_id, ("the zeppelin", "contact"))
    draft = with_rules(services, tenant_id, CONTACT_WORD, PRICING_WORD)
    report = lab.examine(tenant_id, draft)
    silent = {finding.rule for finding in report.after.never_fired}
    assert PRICING_WORD in silent
    assert CONTACT_WORD not in silent
    assert len(report.after.keywords) == len(draft.keywords)
    assert CONTACT_WORD not in {finding.rule for finding in report.before.keywords}


def test_a_keyword_that_is_switched_off_is_gone_after(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    services.tuning.save(tenant_id, with_rules(services, tenant_id, CONTACT_WORD))
    label(services, tenant_id, ("the zeppelin", "general"))
    draft = services.tuning.load(tenant_id)
    off = replace(CONTACT_WORD, enabled=False)
    keywords = [off if rule == CONTACT_WORD else rule for rule in draft.keywords]
    report = lab.examine(tenant_id, replace(draft, keywords=tuple(keywords)))
    assert found(report.before, CONTACT_WORD).decisive == 1
    assert off not in {finding.rule for finding in report.after.keywords}
    (change,) = report.changed
    assert (change.before, change.after, change.label) == ("contact", "general", "general")
    assert (change.was_right, change.is_right) == (False, True)


def test_one_word_for_several_intents_is_told_once_it_is_analysed(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    one = KeywordRule("contact", "en", "gondolas", 3)
    report = lab.examine(tenant_id, with_rules(services, tenant_id, PRICING_WORD, one))
    assert any(set(group) == {PRICING_WORD, one} for group in report.duplicates)
    same = replace(one, intent="pricing")
    alike = lab.examine(tenant_id, with_rules(services, tenant_id, PRICING_WORD, same))
    assert not any(PRICING_WORD in group for group in alike.duplicates)


def test_real_questions_count_beside_labelled_ones_each_text_once(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    for question in ("Where is the zeppelin?", "the zeppelin", "hello"):
        ask(services.answerer, tenant_id, question)
    label(services, tenant_id, ("the zeppelin", "contact"))
    report = lab.examine(tenant_id, with_rules(services, tenant_id, CONTACT_WORD))
    assert (report.messages, report.labelled) == (2, 1)
    assert found(report.after, CONTACT_WORD).matched == 2


def test_scores_compare_labels_by_language_before_and_after(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    label(services, tenant_id, ("a zeppelin", "contact"), ("a gondola", "pricing"))
    label(services, tenant_id, ("zeplin nerede", "contact"), language="tr")
    draft = with_rules(services, tenant_id, CONTACT_WORD, PRICING_WORD)
    report = lab.examine(tenant_id, draft)
    before, after = report.before.scores, report.after.scores
    assert [figures.language for figures in before] == ["en", "tr"]
    assert (before[0].macro_f1, after[0].macro_f1) == (0.0, 1.0)
    assert [figures.intent for figures in after[0].intents] == ["contact", "pricing"]
    assert before[1] == after[1]


def test_figures_are_precision_recall_and_f1():
    pairs = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "b"), ("c", "b")]
    (figures,) = figures_of(LabelledRoute("en", label, routed) for label, routed in pairs)
    a, b, c = figures.intents
    assert (a.precision, a.recall, a.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (b.precision, b.recall, b.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert (c.count, c.precision, c.recall, c.f1) == (1, 0.0, 0.0, 0.0)
    assert figures.macro_f1 == pytest.approx(4 / 9)
    assert figures.accuracy == pytest.approx(3 / 5)


def test_a_model_is_not_judged_by_the_labels_that_it_learned(
    services: Services, contact: FirstContact, tenant_id: UUID
):
    messages = [("the zeppelin arrives", "contact"), ("gondola rides", "pricing")]
    label(services, tenant_id, *messages)
    base = learn([IntentExample("how do I install it", "en", "howto")])
    own = learn([IntentExample(text, "en", intent) for text, intent in messages], start=base)

    def learned_router(_tenant_id: UUID, draft: TuningDraft, *, session: Session) -> QueryRouter:
        return QueryRouter(draft.keywords, draft.routings, own)

    def make(unlearned: IntentModel | None) -> KeywordLab:
        load = None if unlearned is None else lambda: unlearned
        return KeywordLab(services.database, learned_router, contact, unlearned=load)

    draft = services.tuning.load(tenant_id)
    report = make(base).examine(tenant_id, draft)
    assert report.is_apart
    learned = QueryRouter(draft.keywords, draft.routings, own)
    assert [learned.route(text).intent for text, _ in messages] == ["contact", "pricing"]
    assert report.after.scores[0].accuracy < 1.0
    keywords_alone = KeywordLab(services.database, keyword_router, contact)
    assert not keywords_alone.examine(tenant_id, draft).is_apart


def test_a_tenant_without_messages_gets_an_empty_report(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    report = lab.examine(tenant_id, services.tuning.load(tenant_id))
    assert (report.messages, report.changed, report.before.scores) == (0, (), ())
    assert len(report.before.never_fired) == len(report.before.keywords)


def test_another_tenants_labels_are_never_seen(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    label(services, tenant_id, ("the zeppelin", "contact"))
    other = new_tenant(services.database)
    assert lab.examine(other, services.tuning.load(other)).labelled == 0


def test_progress_counts_messages_and_an_examination_can_be_cancelled(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    label(services, tenant_id, ("the zeppelin", "contact"), ("the gondola", "pricing"))
    seen: list[Sequence[int]] = []
    cancelled = threading.Event()

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        cancelled.set()

    report = lab.examine(
        tenant_id, services.tuning.load(tenant_id), on_progress=stop, cancelled=cancelled
    )
    assert seen == [(1, 2)]
    assert (report.messages, report.labelled, report.is_complete) == (1, 1, False)


def test_a_draft_that_cannot_be_in_force_is_refused(
    services: Services, lab: KeywordLab, tenant_id: UUID
):
    stray = replace(CONTACT_WORD, intent="nowhere")
    with pytest.raises(InvalidInput, match="has no routing"):
        lab.examine(tenant_id, with_rules(services, tenant_id, stray))
