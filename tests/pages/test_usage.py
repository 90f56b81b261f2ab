"""The usage page on the real product: tiles, charts, table, download."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.usage import NOTHING, PromptAlert, UsageEventView, UsageReport, UsageRow, UsageTotals
from pages._figure import number_axis, short_label, spread_labels
from pages._usage_table import events_csv, usage_frame

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
TOTALS = UsageTotals(10, 1, 9_000, 1_000, 10_000, 250_000, 241_000, 0.25, 3.5, 0)


@pytest.fixture
def open_page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Open the page, on a report of its own if one is given."""
    monkeypatch.setattr(pages._services, "_services", services)

    def open_it(report: UsageReport | None = None) -> AppTest:
        if report is not None:
            monkeypatch.setattr(type(services.usage), "report", lambda *_, **__: report)
        page = AppTest.from_file(APP, default_timeout=30).run()
        page = page.switch_page("pages/usage.py").run()
        assert not page.exception
        return page

    return open_it


def report(totals: UsageTotals) -> UsageReport:
    hours = tuple(
        UsageRow(f"2026-01-02T{hour:02}:00:00+00:00", "", totals if hour == 5 else NOTHING)
        for hour in range(24)
    )
    now = datetime(2026, 1, 2, 23, tzinfo=UTC)
    return UsageReport(
        now, now, totals, hours, (UsageRow("b", "Bot", totals),), (UsageRow("m", "gpt", totals),)
    )


def alert(**changes: Any) -> PromptAlert:
    made = PromptAlert("qwen3:8b", 2, 20, 1640, 1363, 140, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    return replace(made, **changes)


def tiles(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_the_tiles_show_what_was_used_and_saved(open_page: Any) -> None:
    assert tiles(open_page(report(TOTALS))) == {
        "Tokens used": "10,000",
        "Tokens saved": "241,000 (96%)",
        "Cost": "$0.25",
        "Money saved": "$3.50",
        "Requests": "10",
        "Failed": "1",
    }


def test_a_cost_that_nobody_knows_is_unknown_and_not_zero(open_page: Any) -> None:
    unpriced = replace(TOTALS, cost_usd=0.0, saved_usd=0.0, unpriced_requests=10)
    page = open_page(report(unpriced))
    assert tiles(page)["Cost"] == "Unknown"
    assert tiles(page)["Money saved"] == "Unknown"
    assert any("10 of 10 requests have no known price" in c.value for c in page.caption)


def test_a_cost_that_is_partly_known_is_a_lower_bound(open_page: Any) -> None:
    assert tiles(open_page(report(replace(TOTALS, unpriced_requests=3))))["Cost"] == "≥ $0.25"


def test_an_answer_of_this_minute_is_counted(open_page: Any, services: Services) -> None:
    tenant_id = services.local_tenant_id
    before = services.usage.report(tenant_id).totals.requests
    for _ in services.answerer.answer(tenant_id, Question("How much is delivery?")):
        pass
    page = open_page()
    assert tiles(page)["Requests"] == str(before + 1)
    page.segmented_control(key="usage_hours").set_value(168).run()
    assert not page.exception
    assert int(tiles(page)["Requests"]) >= before + 1


def test_a_quiet_period_says_what_to_do(open_page: Any) -> None:
    page = open_page(report(NOTHING))
    assert "Ask a question in Chat" in page.info[0].value
    assert not page.metric


def test_the_table_breaks_down_by_time_bot_or_model(open_page: Any) -> None:
    page = open_page(report(TOTALS))
    assert list(page.dataframe[0].value["label"]) == ["05:00"]
    page.segmented_control(key="usage_breakdown").set_value("model").run()
    assert list(page.dataframe[0].value["label"]) == ["gpt"]


def test_numbers_follow_the_language(open_page: Any) -> None:
    page = open_page(report(TOTALS))
    page.query_params["lang"] = "fa"
    page.run()
    assert tiles(page)["درخواست‌ها"] == "۱۰"


def test_without_an_alert_there_is_no_banner(open_page: Any) -> None:
    assert not open_page(report(TOTALS)).warning


def test_a_banner_names_the_model_by_how_much_when_and_what_to_do(
    open_page: Any, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts = (alert(), alert(model="<b>*x*", excess_tokens=7, reported_tokens=1507))
    monkeypatch.setattr(type(services.usage), "prompt_alerts", lambda *_: alerts)
    (banner,) = open_page(report(NOTHING)).warning  # whatever the period shows
    assert "above the limit of 1,500 tokens" in banner.value
    assert "up to 1,640 tokens, 140 above the limit, in 2 of the last 20 calls" in banner.value
    assert "2 Jan 2026" in banner.value
    assert "&lt;b\\>\\*x\\*" in banner.value  # a provider names its models as it likes
    assert "OPENAI_BASE_URL" in banner.value


@pytest.mark.parametrize(
    ("language", "said"),
    [("fa", "۱۴۰ توکن بالای سقف"), ("ar", "140 فوق الحدّ"), ("tr", "140 üzerinde")],
)
def test_the_banner_speaks_the_language(
    open_page: Any, services: Services, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    monkeypatch.setattr(type(services.usage), "prompt_alerts", lambda *_: (alert(),))
    page = open_page(report(TOTALS))
    page.query_params["lang"] = language
    page.run()
    assert said in page.warning[0].value


def test_a_row_without_any_price_has_no_cost() -> None:
    unpriced = replace(TOTALS, cost_usd=0.0, unpriced_requests=10)
    frame = usage_frame([UsageRow("a", "", TOTALS), UsageRow("b", "", unpriced)], ["a", "b"])
    assert frame["cost_usd"].isna().tolist() == [False, True]


def test_the_download_holds_every_event_and_no_formula(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    event = UsageEventView(
        now, "answer", "=cmd()", "gpt", 9, 1, 20, None, True, "complete", 12.5, None
    )
    monkeypatch.setattr(type(services.usage), "events", lambda *_, **__: (event,))
    data = events_csv(services.usage, services.local_tenant_id, hours=24)
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert row["bot"] == "'=cmd()"
    assert row["cost_usd"] == ""
    assert row["prompt_tokens"] == "9"
    assert row["occurred_at"] == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize(
    ("largest", "ticks"),
    [(0, [0, 1]), (7, [0, 2, 4, 6, 8]), (1_500, [0, 500, 1_000, 1_500])],
)
def test_an_axis_has_few_round_ticks_beyond_the_largest_value(
    largest: float, ticks: list[int]
) -> None:
    assert number_axis(largest)["tickvals"] == ticks


def test_an_axis_of_hours_names_six_at_most() -> None:
    axis = spread_labels([f"{hour:02}:00" for hour in range(25)])
    assert axis["ticktext"] == ["00:00", "05:00", "10:00", "15:00", "20:00"]


def test_a_long_name_is_cut_and_its_markup_shown_as_it_is() -> None:
    assert short_label("<b>bold</b>") == "&lt;b&gt;bold&lt;/b&gt;"
    assert len(short_label("m" * 90)) == 26
