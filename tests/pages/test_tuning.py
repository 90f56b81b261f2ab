"""The tuning page on the real product: draft, try, save, conflict, reset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.router import IntentRouting, KeywordRule
from leanrag.tuning import TuningDraft
from pages._tuning_keywords import keyword_frame, read_keywords
from pages._tuning_routing import read_routings, routing_frame

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
KEYWORD = KeywordRule("pricing", "en", "zanzibar tariff", 3)


@pytest.fixture
def page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page, opened on the defaults, which are put in force again afterwards."""
    monkeypatch.setattr(pages._services, "_services", services)
    services.tuning.reset(services.local_tenant_id)
    yield open_page()
    services.tuning.reset(services.local_tenant_id)


def open_page() -> AppTest:
    page = AppTest.from_file(APP, default_timeout=30).run()
    page = page.switch_page("pages/tuning.py").run()
    assert not page.exception
    return page


def edit(page: AppTest, grid: str, **edits: object) -> AppTest:
    """Edit a grid as the browser would, and run the page."""
    key = next(e.key for e in page.data_editor if (e.key or "").startswith(f"tuning_{grid}_grid"))
    state = {"edited_rows": {}, "added_rows": [], "deleted_rows": []}
    page.session_state[key] = {**state, **edits}
    page.run()
    assert not page.exception
    return page


def add_keyword(page: AppTest, rule: KeywordRule = KEYWORD) -> AppTest:
    row = {name: getattr(rule, name) for name in ("keyword", "intent", "language", "weight")}
    return edit(page, "keyword", added_rows=[{**row, "enabled": True}])


def draft(page: AppTest) -> TuningDraft:
    found: TuningDraft = page.session_state["tuning_draft"]
    return found


def saved(services: Services) -> TuningDraft:
    return services.tuning.load(services.local_tenant_id)


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.success, page.warning, page.error)
    return "\n".join(element.value for elements in kinds for element in elements)


def test_nothing_can_be_saved_before_anything_is_changed(page: AppTest) -> None:
    assert page.button(key="tuning_save").disabled
    assert page.button(key="tuning_discard").disabled


def test_an_added_keyword_is_a_draft_until_it_is_saved(page: AppTest, services: Services) -> None:
    add_keyword(page)
    assert KEYWORD in draft(page).keywords
    assert KEYWORD not in saved(services).keywords
    assert "1 added, 0 changed, 0 removed" in page.expander[0].label
    page.button(key="tuning_save").click().run()
    assert KEYWORD in saved(services).keywords
    assert "Saved" in page.success[0].value
    assert page.button(key="tuning_save").disabled


def test_a_changed_weight_is_told_before_and_after(page: AppTest) -> None:
    first = page.data_editor[0].value.iloc[0]
    weight = 1 if first["weight"] == 3 else 3
    edit(page, "keyword", edited_rows={0: {"weight": weight}})
    assert "0 added, 1 changed, 0 removed" in page.expander[0].label
    line = next(m.value for m in page.markdown if first["keyword"] in m.value)
    assert f"weight {first['weight']} → weight {weight}" in line


def test_filters_keep_the_edits_that_they_hide(page: AppTest) -> None:
    before = len(draft(page).keywords)
    add_keyword(page)
    page.selectbox(key="tuning_filter_language").set_value("tr").run()
    assert set(page.data_editor[0].value["language"]) == {"tr"}
    page.text_input(key="tuning_search").set_value("fiyat").run()
    assert all("fiyat" in keyword for keyword in page.data_editor[0].value["keyword"])
    assert KEYWORD in draft(page).keywords
    assert len(draft(page).keywords) == before + 1


def test_edits_survive_a_visit_to_another_page(page: AppTest) -> None:
    add_keyword(page)
    page.switch_page("pages/usage.py").run()
    page.switch_page("pages/tuning.py").run()
    assert KEYWORD in draft(page).keywords
    assert KEYWORD.keyword in set(page.data_editor[0].value["keyword"])


def test_removed_rows_leave_the_draft(page: AppTest) -> None:
    first = page.data_editor[0].value.iloc[0]["keyword"]
    before = len(draft(page).keywords)
    edit(page, "keyword", deleted_rows=[0])
    assert len(draft(page).keywords) == before - 1
    assert any(first in m.value and "removed" in m.value for m in page.markdown)


def test_a_draft_is_tried_before_it_is_saved_and_nothing_is_stored(
    page: AppTest, services: Services
) -> None:
    conversations = services.conversations.list(services.local_tenant_id)
    add_keyword(page)
    page.text_input(key="tuning_question").set_value("What is the zanzibar tariff?").run()
    headings = [m.value for m in page.markdown if m.value.startswith("#####")]
    assert len(headings) == 2  # the route of now, and below it the draft's
    assert headings[1] == "##### Pricing"
    assert "zanzibar tariff\u2069”\u00a0×3" in texts(page)
    assert "Sending everything would take" in texts(page)
    assert "the zanzibar tariff?" in page.code[-1].value
    assert KEYWORD not in saved(services).keywords
    assert services.conversations.list(services.local_tenant_id) == conversations


def test_a_smaller_budget_shows_in_the_prompt_before_it_is_saved(page: AppTest) -> None:
    question = "How much is the copper cezve?"
    page.text_input(key="tuning_question").set_value(question).run()
    place = [r.intent for r in draft(page).routings].index("pricing")
    edit(page, "routing", edited_rows={place: {"primary_tokens": 100}})
    assert "1 changed" in page.expander[0].label
    assert any("Products, Document, up to 100" in c.value for c in page.caption)
    assert any("Products, Document, up to 600" in c.value for c in page.caption)


def test_a_question_without_words_is_told_so(page: AppTest) -> None:
    page.text_input(key="tuning_question").set_value("???").run()
    assert "no words" in texts(page)


def test_an_invalid_draft_names_its_row_and_stays(page: AppTest, services: Services) -> None:
    place = [r.intent for r in draft(page).routings].index("contact")
    edit(page, "routing", edited_rows={place: {"primary_kinds": []}})
    page.button(key="tuning_save").click().run()
    assert any("'contact' needs at least one" in error.value for error in page.error)
    assert draft(page).routings[place].primary_kinds == ()
    assert saved(services).routings[place].primary_kinds


def test_who_saves_second_keeps_the_draft_and_sees_the_other_changes(
    page: AppTest, services: Services
) -> None:
    add_keyword(page)
    other = saved(services)
    theirs = KeywordRule("contact", "en", "carrier pigeon", 2)
    services.tuning.save(
        services.local_tenant_id, replace(other, keywords=(*other.keywords, theirs))
    )
    page.button(key="tuning_save").click().run()
    assert any("Somebody saved other changes meanwhile" in w.value for w in page.warning)
    assert KEYWORD in draft(page).keywords
    page.button(key="tuning_rebase").click().run()
    assert any("carrier pigeon" in m.value and "removed" in m.value for m in page.markdown)
    page.button(key="tuning_save").click().run()
    assert KEYWORD in saved(services).keywords
    assert theirs not in saved(services).keywords


def test_discard_shows_what_is_in_force(page: AppTest) -> None:
    add_keyword(page)
    page.button(key="tuning_discard").click().run()
    assert KEYWORD not in draft(page).keywords
    assert "discarded" in page.success[0].value


def test_reset_asks_first_and_puts_the_defaults_in_force(page: AppTest, services: Services) -> None:
    add_keyword(page).button(key="tuning_save").click().run()
    page.button(key="tuning_reset").click().run()
    assert "The defaults take the place" in texts(page)
    assert KEYWORD in saved(services).keywords
    page.button(key="tuning_reset_yes").click().run()
    assert KEYWORD not in saved(services).keywords
    assert KEYWORD not in draft(page).keywords


def test_shares_beyond_the_prompt_are_warned_about(page: AppTest) -> None:
    edit(page, "routing", edited_rows={0: {"primary_tokens": 1400}})
    assert "add up to 1,700 tokens" in texts(page)


def test_a_line_without_a_keyword_is_left_out_and_named() -> None:
    frame = keyword_frame([KEYWORD, KEYWORD])
    frame.loc[1, "keyword"] = None
    rules, problems = read_keywords(frame)
    assert rules == (KEYWORD,)
    assert problems == (
        "Row 2 is left out: it needs a keyword, an intent, a language and a weight.",
    )


def test_grids_give_back_what_they_were_given() -> None:
    routing = IntentRouting("howto", ("manual", "document"), 600, ("faq",), 300)
    assert read_routings(routing_frame([routing])) == (routing,)
    assert read_keywords(keyword_frame([KEYWORD]))[0] == (KEYWORD,)
    assert isinstance(keyword_frame([]), pd.DataFrame)
