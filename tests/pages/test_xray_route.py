"""The X-ray tells who decided on a route, by which keywords, and how sure that is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.types import (
    IntentScore,
    MatchedKeyword,
    ModelFeature,
    Route,
    RouteExplanation,
    SourceShare,
)
from pages._xray_route import route_sentence

NEAR = MatchedKeyword("price", "pricing", 3, typed="pirce", is_near=True, counted=1.8)
PLAIN = MatchedKeyword("cost", "pricing", 3, typed="cost", counted=3.0)
OTHER = MatchedKeyword("kettle", "product", 1, typed="kettles", counted=1.0)
OWN = MatchedKeyword("tariff", "pricing", 3, typed="tariff", counted=3.0, is_own=True)
SCORES = (
    IntentScore("pricing", keywords=3.0, model=0.68, probability=0.9),
    IntentScore("product", keywords=1.0, model=0.26, probability=0.08),
    IntentScore("general", keywords=0.0, model=None, probability=0.02),
)
TOLD = RouteExplanation("both", SCORES, least_probability=0.3)
ROUTE = Route(
    language="en",
    intent="pricing",
    confidence=0.87,
    matched=(PLAIN, OTHER),
    primary=SourceShare(("product",), 600),
    secondary=SourceShare((), 300),
    explanation=TOLD,
)


def draw(route: object, has_searched: bool) -> None:
    from leanrag.types import Route
    from pages._xray_route import draw_route

    assert isinstance(route, Route)
    draw_route(route, key="test", has_searched=has_searched)


def shown(route: Route, *, has_searched: bool = True) -> str:
    """Return all that is drawn, without the marks that keep directions apart."""
    page = AppTest.from_function(draw, args=(route, has_searched)).run()
    assert not page.exception
    texts = [element.value for element in (*page.markdown, *page.caption, *page.info)]
    return plain("\n".join(texts))


def plain(text: str) -> str:
    return "".join(c for c in text if c not in "\u2066\u2068\u2069").replace("\u00a0", " ")


def sentence(route: Route = ROUTE, **changes: object) -> str:
    told = replace(route.explanation, **changes)  # type: ignore[arg-type]
    return plain(route_sentence(replace(route, explanation=told)))


def test_the_sentence_names_the_deciding_keyword_with_its_weight() -> None:
    expected = "Keywords decided for Pricing, and the learned model agrees: “cost” ×3."
    assert sentence() == expected
    assert sentence(decided_by="keywords") == "Keywords decided for Pricing: “cost” ×3."


def test_a_nearly_spelt_keyword_is_told_as_it_was_typed_and_as_it_counts() -> None:
    said = sentence(replace(ROUTE, matched=(NEAR, PLAIN)))
    assert said.endswith("“cost” ×3, “price” ×3 (typed “pirce”, nearly the same: counts 1.8).")


def test_an_inflected_keyword_is_told_as_it_was_typed() -> None:
    assert "“kettle” ×1 (typed “kettles”) → Product" in shown(ROUTE)


def test_a_model_that_was_surer_than_the_keywords_is_said_to_have_decided() -> None:
    against = replace(ROUTE, matched=(OTHER,))
    assert "surer than the keywords" in sentence(against, decided_by="model")
    alone = replace(ROUTE, matched=())
    assert "no keyword was found" in sentence(alone, decided_by="model")


def test_an_intent_below_the_threshold_is_named_with_its_chance_and_what_it_needed() -> None:
    weak = (replace(SCORES[0], keywords=0.0, probability=0.25), *SCORES[1:])
    general = replace(ROUTE, intent="general", matched=())
    said = sentence(general, decided_by="nothing", scores=weak)
    assert said.startswith("Pricing is likeliest with 25%, but without a keyword 30% is needed")
    assert said.endswith("goes to General.")


def test_an_intent_that_only_both_together_choose_is_said_so() -> None:
    assert "both together do" in sentence(decided_by="nothing")


def test_a_question_without_any_sign_is_said_to_point_nowhere() -> None:
    nothing = RouteExplanation(least_probability=0.3)
    route = replace(ROUTE, intent="general", confidence=0.0, matched=(), explanation=nothing)
    assert sentence(route).startswith("Nothing in the question points to a topic")
    assert "sure" not in shown(route)


def test_a_route_of_before_reasons_were_kept_shows_its_keywords_and_claims_no_reason() -> None:
    old = replace(
        ROUTE, matched=(MatchedKeyword("cost", "pricing", 3),), explanation=RouteExplanation()
    )
    text = shown(old)
    assert "“cost” ×3. The answer is from before reasons were kept." in text
    assert "Confidence 87%" in text
    assert "of 100" not in text
    assert "at least" not in text


def test_every_intent_is_listed_with_what_spoke_for_it() -> None:
    page = AppTest.from_function(draw, args=(ROUTE, True)).run()
    (table,) = page.table
    assert list(table.value.columns) == ["Topic", "Keywords", "Learned model", "Together"]
    assert table.value.iloc[0].tolist() == ["**Pricing**", "3", "68%", "90%"]
    assert table.value.iloc[2].tolist() == ["General", "0", "–", "2%"]


def test_without_a_model_no_column_speaks_of_one() -> None:
    scores = tuple(replace(score, model=None) for score in SCORES)
    route = replace(ROUTE, explanation=replace(TOLD, scores=scores))
    page = AppTest.from_function(draw, args=(route, True)).run()
    assert list(page.table[0].value.columns) == ["Topic", "Keywords", "Together"]
    assert "learned model is" not in shown(route)


def test_an_own_keyword_says_what_it_stands_against() -> None:
    told = replace(TOLD, decided_by="keywords", overruled="product")
    text = shown(replace(ROUTE, matched=(OWN,), explanation=told))
    assert "“tariff” ×3 (yours)" in text
    assert "Your own keyword stands (tariff): the learned model would have chosen Product." in text


def test_the_words_that_spoke_in_the_model_are_shown_and_those_that_hardly_did_are_not() -> None:
    features = (ModelFeature("cost", "pricing", 2.17), ModelFeature("the", "pricing", 0.04))
    text = shown(replace(ROUTE, explanation=replace(TOLD, features=features)))
    assert "cost +2.2" in text
    assert "the +0" not in text


@pytest.mark.parametrize(
    ("labelled", "said"),
    [(1234, "taught with 1,234 of your own"), (0, "none of your own labelled messages")],
)
def test_it_is_told_how_many_labelled_messages_taught_the_model(labelled: int, said: str) -> None:
    assert said in shown(replace(ROUTE, explanation=replace(TOLD, labelled=labelled)))


def test_the_threshold_the_second_intent_and_the_shares_are_told() -> None:
    text = shown(replace(ROUTE, also="howto"))
    assert "at least 30% together; below it the question goes to General" in text
    assert "It asks for How-to as well" in text
    assert "First sources: Products, up to 600 tokens" in text
    assert "about 87 of 100 routes like this are right" in text


def test_a_route_that_was_not_followed_claims_no_sources() -> None:
    assert "First sources" not in shown(ROUTE, has_searched=False)


def test_names_of_a_tenant_act_as_no_markup() -> None:
    hostile = "![x](http://evil.test) **b**"
    mine = MatchedKeyword(hostile, hostile, 3, typed=hostile, counted=3.0)
    score = IntentScore(hostile, 3.0, None, 0.9)
    told = replace(TOLD, scores=(score,), decided_by="keywords")
    route = replace(ROUTE, intent=hostile, matched=(mine,), explanation=told)
    assert "![x](" not in shown(route)
    assert (
        "![x]("
        not in AppTest.from_function(draw, args=(route, True)).run().table[0].value.to_string()
    )
