from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from leanrag.errors import ConfigurationError, InvalidInput
from leanrag.intent_learning import IntentExample, learn
from leanrag.intent_model import IntentModel, shipped_model
from leanrag.keyword_match import NEAR_SHARE, KeywordMatcher
from leanrag.router import IntentRouting, KeywordRule, QueryRouter
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.types import DEFAULT_INTENTS, LANGUAGES, SOURCE_KINDS, Language

MESSAGES = tomllib.loads(Path(__file__).with_name("routing_messages.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def router() -> QueryRouter:
    return QueryRouter(default_keywords(), default_routings())


@pytest.fixture(scope="module")
def shipped() -> QueryRouter:
    return QueryRouter(default_keywords(), default_routings(), shipped_model())


@pytest.fixture(scope="module")
def kettles() -> IntentModel:
    """A model that is sure of one thing: kettles are `product`, and postmen `general`."""
    texts = ("a kettle", "the kettle", "kettle please", "kettle")
    others = ("a postman", "the postman", "postman please", "postman")
    return learn(
        [IntentExample(text, "en", "product") for text in texts]
        + [IntentExample(text, "en", "general") for text in others]
    )


def _router(*rules: KeywordRule) -> QueryRouter:
    return QueryRouter(rules, default_routings())


def _messages(language: Language) -> list[tuple[str, str]]:
    return [
        (intent, message)
        for intent in DEFAULT_INTENTS
        for message in MESSAGES[intent][language].strip().splitlines()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_four_of_five_customer_messages_find_their_intent(
    router: QueryRouter, language: Language
) -> None:
    messages = _messages(language)
    wrong = [
        (message, intent, router.route(message).intent)
        for intent, message in messages
        if router.route(message).intent != intent
    ]
    assert len(messages) >= 70
    assert len(wrong) <= 0.2 * len(messages), wrong


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("intent", DEFAULT_INTENTS)
def test_no_intent_is_left_behind(router: QueryRouter, language: Language, intent: str) -> None:
    messages = MESSAGES[intent][language].strip().splitlines()
    right = sum(router.route(message).intent == intent for message in messages)
    assert right >= 0.66 * len(messages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_customer_messages_have_their_language(router: QueryRouter, language: Language) -> None:
    messages = [message for _, message in _messages(language)]
    right = sum(router.route(message).language == language for message in messages)
    assert right >= 0.95 * len(messages)


@pytest.mark.parametrize(
    ("keyword", "language", "question"),
    [
        ("قیمت", "fa", "قيمت‌هاشون رو بفرستيد"),
        ("کد تخفیف", "fa", "کد‌ تخفیفم کار نمی‌کند"),
        ("أسعار", "ar", "ما هي الأسْعار لديكم"),
        ("كلمة المرور", "ar", "نسيت كلمه المرور"),
        ("ücret", "tr", "UCRETLERI ogrenmek istiyorum"),
        ("sipariş takibi", "tr", "siparis takibi yapmak istiyorum"),
        ("subscription", "en", "what subscriptions exist?"),
    ],
)
def test_inflected_forms_and_letter_variants_match(
    keyword: str, language: Language, question: str
) -> None:
    route = _router(KeywordRule("pricing", language, keyword, 3)).route(question)
    assert [match.keyword for match in route.matched] == [keyword]


def test_words_of_a_phrase_must_be_neighbours() -> None:
    router = _router(KeywordRule("pricing", "en", "payment plan", 3))
    assert router.route("which payment plans are there?").intent == "pricing"
    assert router.route("payment for the floor plan").intent == "general"


def test_a_phrase_beats_the_words_inside_it() -> None:
    router = _router(
        KeywordRule("pricing", "en", "how much", 2), KeywordRule("howto", "en", "how", 3)
    )
    assert [m.keyword for m in router.route("how much is it").matched] == ["how much"]


def test_the_customers_own_spelling_beats_a_shared_stem() -> None:
    router = _router(
        KeywordRule("pricing", "en", "installment", 2), KeywordRule("howto", "en", "install", 3)
    )
    assert router.route("how to install it").intent == "howto"
    assert router.route("one installment please").intent == "pricing"


def test_a_mixed_message_matches_keywords_of_both_languages() -> None:
    router = _router(
        KeywordRule("product", "fa", "رنگ", 2), KeywordRule("pricing", "en", "price", 3)
    )
    route = router.route("price رنگ آبی چند است")
    assert route.language == "fa"
    assert [match.keyword for match in route.matched] == ["رنگ", "price"]
    assert route.intent == "pricing"


def test_a_word_counts_for_the_questions_language_before_others() -> None:
    router = _router(
        KeywordRule("product", "ar", "ضمان", 3), KeywordRule("contact", "fa", "ضمان", 3)
    )
    assert router.route("كم مدة الضمان؟ ما هو ضمان هذا").intent == "product"


def test_a_function_word_is_no_keyword_of_another_language() -> None:
    router = _router(KeywordRule("contact", "ar", "أين", 1))
    assert router.route("این پیراهن نخی است").matched == ()
    assert router.route("أين الفرع؟").intent == "contact"


def test_weights_add_up() -> None:
    router = _router(
        KeywordRule("pricing", "en", "price", 3),
        KeywordRule("contact", "en", "office", 2),
        KeywordRule("contact", "en", "address", 2),
    )
    route = router.route("price, or the address of your office")
    assert route.intent == "contact"
    scores = {score.intent: score.keywords for score in route.explanation.scores}
    assert (scores["contact"], scores["pricing"], scores["howto"]) == (4, 3, 0)


def test_a_tie_goes_to_the_heaviest_keyword_then_to_the_first_routing() -> None:
    heaviest = _router(
        KeywordRule("pricing", "en", "price", 1),
        KeywordRule("pricing", "en", "deal", 1),
        KeywordRule("contact", "en", "office", 2),
    )
    assert heaviest.route("price deal office").intent == "contact"
    order = _router(
        KeywordRule("contact", "en", "office", 2), KeywordRule("pricing", "en", "price", 2)
    )
    assert order.route("office price").intent == "pricing"


def test_a_greeting_never_outweighs_a_question() -> None:
    router = _router(
        KeywordRule("general", "en", "hello", 1),
        KeywordRule("general", "en", "hi", 1),
        KeywordRule("pricing", "en", "price", 1),
    )
    assert router.route("hi, hello, price").intent == "pricing"
    assert router.route("hello").intent == "general"
    assert router.route("hello").matched[0].keyword == "hello"


def test_what_is_general_and_no_greeting_competes_with_its_weight() -> None:
    router = _router(
        KeywordRule("general", "en", "where is my order", 3),
        KeywordRule("contact", "en", "where", 1),
        KeywordRule("contact", "en", "shop", 1),
    )
    assert router.route("shop: where is my order?").intent == "general"


@pytest.mark.parametrize("question", ["", "😀", "123", "zxcv qwrt", "؟؟؟"])
def test_what_fits_nowhere_is_general_without_confidence(
    router: QueryRouter, question: str
) -> None:
    route = router.route(question)
    assert (route.intent, route.confidence, route.matched) == ("general", 0.0, ())


def test_disabled_keywords_are_not_found() -> None:
    router = _router(KeywordRule("pricing", "en", "price", 3, enabled=False))
    assert router.route("price").matched == ()


def test_confidence_grows_with_evidence_and_stays_below_one(router: QueryRouter) -> None:
    weak = router.route("free").confidence
    strong = router.route("price, discount, coupon, installment and shipping cost").confidence
    assert 0 < weak < strong < 1


def test_the_route_carries_the_shares_of_its_intent(router: QueryRouter) -> None:
    route = router.route("how much does it cost?")
    assert route.primary.kinds == ("product", "document")
    assert route.secondary.kinds == ("faq", "manual")
    assert (route.primary.max_tokens, route.secondary.max_tokens) == (600, 300)


def test_an_intent_of_the_tenants_own_is_routed() -> None:
    own = IntentRouting("returns", ("manual",), 500, ("faq",), 100)
    rules = [KeywordRule("returns", "en", "send back", 3)]
    route = QueryRouter(rules, [*default_routings(), own]).route("I want to send it, send back")
    assert (route.intent, route.primary.kinds) == ("returns", ("manual",))


def test_an_intent_without_a_routing_takes_the_general_shares() -> None:
    route = _router(KeywordRule("returns", "en", "send back", 3)).route("send back")
    general = next(r for r in default_routings() if r.intent == "general")
    assert (route.intent, route.primary.kinds) == ("returns", general.primary_kinds)


def test_a_router_needs_a_general_routing() -> None:
    with pytest.raises(ConfigurationError, match="general"):
        QueryRouter([], [])


@pytest.mark.parametrize("weight", [0, 4, -1])
def test_a_weight_outside_one_to_three_is_refused(weight: int) -> None:
    with pytest.raises(InvalidInput, match="price"):
        KeywordRule("pricing", "en", "price", weight)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "flood",
    [
        "price office how to " * 50_000,
        "a" * 50_000,
        "abcdefghijklmnopqrst" * 50_000,
        "gheymat " * 50_000,
        "chandesh bud in " * 50_000,
        "".join(f"{chr(97 + n % 26)}qzxvkw{n} " for n in range(10_000)),
    ],
)
def test_a_flood_is_routed_in_bounded_time(shipped: QueryRouter, flood: str) -> None:
    assert shipped.route(flood).intent


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("intent", DEFAULT_INTENTS)
def test_the_default_keywords_are_rich_and_unique(intent: str, language: Language) -> None:
    found = [r.keyword for r in default_keywords() if (r.intent, r.language) == (intent, language)]
    assert len(found) >= (20 if intent == "general" else 40)
    assert len(set(found)) == len(found)


def test_no_default_keyword_speaks_for_two_intents() -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for rule in default_keywords():
        owners.setdefault((rule.language, rule.keyword), set()).add(rule.intent)
    assert [keyword for keyword, intents in owners.items() if len(intents) > 1] == []


def test_every_default_keyword_finds_itself() -> None:
    for rule in default_keywords():
        matches = KeywordMatcher([rule]).find(rule.keyword, rule.language)
        assert [match.rule for match in matches] == [rule]


def test_the_default_routings_cover_every_intent_and_kind() -> None:
    routings = default_routings()
    assert tuple(routing.intent for routing in routings) == DEFAULT_INTENTS
    for routing in routings:
        kinds = routing.primary_kinds + routing.secondary_kinds
        assert len(set(kinds)) == len(kinds)
        assert set(kinds) <= set(SOURCE_KINDS)


@pytest.mark.parametrize(
    ("keyword", "language", "question"),
    [
        ("address", "en", "waht is yuor adress"),
        ("warranty", "en", "any warrenty on it"),
        ("گارانتی", "fa", "گارانتبش چنده"),
        ("garanti", "tr", "garrantisi kac yil"),
        ("الضمان", "ar", "كم الضممان"),
        ("sipariş", "tr", "siprais nerde"),
    ],
)
def test_a_word_with_a_slip_in_it_is_nearly_a_keyword(
    keyword: str, language: Language, question: str
) -> None:
    route = _router(KeywordRule("contact", language, keyword, 3)).route(question)
    assert [(m.keyword, m.is_near) for m in route.matched] == [(keyword, True)]
    assert route.matched[0].counted == pytest.approx(3 * NEAR_SHARE)


def test_a_word_of_another_keyword_is_no_slip() -> None:
    router = _router(
        KeywordRule("pricing", "en", "charge", 3), KeywordRule("product", "en", "charger", 3)
    )
    assert [m.keyword for m in router.route("the charger please").matched] == ["charger"]


def test_short_words_and_numbers_are_never_near() -> None:
    router = _router(
        KeywordRule("pricing", "en", "cost", 3), KeywordRule("howto", "en", "E4512", 3)
    )
    assert router.route("the coat on the east coast, E4513").matched == ()


def test_slips_can_be_left_alone() -> None:
    rules = [KeywordRule("contact", "en", "address", 3)]
    router = QueryRouter(rules, default_routings(), near_share=0.0)
    assert router.route("your adress").matched == ()


@pytest.mark.parametrize(
    ("keyword", "language", "question"),
    [
        ("ne kadar", "tr", "bu nekadar"),
        ("به‌روزرسانی", "fa", "به روزرسانی برنامه"),
        ("خصم", "ar", "هل فيخصم"),
        ("قیمت", "fa", "سلامقیمت بدید"),
        ("orijinal", "tr", "bu orijinalmi"),
    ],
)
def test_forgotten_and_added_spaces_do_not_hide_a_keyword(
    keyword: str, language: Language, question: str
) -> None:
    route = _router(KeywordRule("pricing", language, keyword, 3)).route(question)
    assert [match.keyword for match in route.matched] == [keyword]


@pytest.mark.parametrize(
    ("question", "keyword", "typed"),
    [("takhfif darin vase kharid?", "تخفیف", "takhfif"), ("kam el se3r ya basha", "سعر", "se3r")],
)
def test_finglish_and_arabizi_meet_the_keywords(question: str, keyword: str, typed: str) -> None:
    rules = [KeywordRule("pricing", "fa", "تخفیف", 3), KeywordRule("pricing", "ar", "سعر", 3)]
    (match,) = _router(*rules).route(question).matched
    assert (match.keyword, match.typed) == (keyword, typed)


def test_a_match_names_the_customers_own_words() -> None:
    router = _router(
        KeywordRule("pricing", "ar", "السعر", 3), KeywordRule("contact", "en", "fax", 1)
    )
    assert router.route("كم السِّعْر؟").matched[0].typed == "السِّعْر"
    assert router.route("What's your FAX?").matched[0].typed == "FAX"


def test_the_model_speaks_where_keywords_are_silent(kettles: IntentModel) -> None:
    router = QueryRouter([], default_routings(), kettles)
    route = router.route("the kettle")
    assert (route.intent, route.explanation.decided_by) == ("product", "model")
    assert route.explanation.features[0].text in ("kettle", "the kettle")
    assert route.matched == ()


def test_keywords_and_model_add_up(kettles: IntentModel) -> None:
    rules = [KeywordRule("pricing", "en", "kettle", 1)]
    weak = QueryRouter(rules, default_routings(), kettles).route("the kettle")
    assert (weak.intent, weak.explanation.decided_by) == ("product", "model")
    rules = [KeywordRule("product", "en", "kettle", 3)]
    both = QueryRouter(rules, default_routings(), kettles).route("the kettle")
    assert (both.intent, both.explanation.decided_by) == ("product", "both")
    assert both.confidence > weak.confidence


def test_a_keyword_that_the_tenant_set_is_never_overruled_silently(kettles: IntentModel) -> None:
    own = [KeywordRule("pricing", "en", "kettle", 1, is_own=True)]
    route = QueryRouter(own, default_routings(), kettles).route("the kettle")
    assert (route.intent, route.explanation.overruled) == ("pricing", "product")
    assert route.explanation.decided_by == "keywords"
    assert route.matched[0].is_own
    agreed = QueryRouter(own, default_routings(), None).route("the kettle")
    assert (agreed.intent, agreed.explanation.overruled) == ("pricing", None)


def test_a_guess_below_the_least_probability_is_general(kettles: IntentModel) -> None:
    route = QueryRouter([], default_routings(), kettles).route("zx kettl qv postm")
    best = route.explanation.scores[0]
    assert route.intent == "general" or best.probability >= route.explanation.least_probability


@pytest.mark.parametrize("question", ["", "   ", "؟؟؟"])
def test_nothing_said_is_general_without_confidence(shipped: QueryRouter, question: str) -> None:
    route = shipped.route(question)
    assert (route.intent, route.confidence) == ("general", 0.0)
    assert route.explanation.decided_by == "nothing"


def test_the_explanation_scores_every_intent(shipped: QueryRouter) -> None:
    route = shipped.route("how much is the blue kettle?")
    scores = route.explanation.scores
    assert {score.intent for score in scores} == set(DEFAULT_INTENTS)
    assert sum(score.probability for score in scores) == pytest.approx(1)
    assert scores[0].intent == route.intent == "pricing"
    assert all(score.model is not None for score in scores)


def test_a_message_that_asks_for_two_things_gets_the_sources_of_both() -> None:
    rules = [KeywordRule("pricing", "en", "price", 3), KeywordRule("contact", "en", "address", 3)]
    route = _router(*rules).route("the price, and your address")
    assert {route.intent, route.also} == {"pricing", "contact"}
    assert route.primary.kinds == ("product", "document", "faq", "manual")
    assert route.secondary.kinds == ("website",)
    assert (route.primary.max_tokens, route.secondary.max_tokens) == (600, 300)
    assert _router(*rules).route("the price").also is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_of_ten_customer_messages_find_their_intent_with_the_model(
    shipped: QueryRouter, language: Language
) -> None:
    messages = _messages(language)
    right = sum(shipped.route(message).intent == intent for intent, message in messages)
    assert right >= 0.9 * len(messages)


def test_a_keyword_that_a_person_set_goes_before_what_is_nearly_spelt_in_another_language():
    own = KeywordRule("contact", "en", "zanzibar tariff", 3, is_own=True)
    router = QueryRouter([*default_keywords(), own], default_routings())
    for message in ("zanzibar tariff?", "Zanzibar tariff ne demek"):
        route = router.route(message)
        assert "zanzibar tariff" in [match.keyword for match in route.matched], message
        assert route.intent == "contact"
