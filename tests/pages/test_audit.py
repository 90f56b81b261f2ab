"""The audit page on the real product: lines, what an event changed, filters, pages, CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from db.tenancy import Actor, acting
from leanrag.audit import AuditEventView, AuditFilter
from leanrag.bootstrap import Services
from pages._audit_difference import MAX_SHOWN_LETTERS, differences
from pages._audit_lines import LINES_A_PAGE, group, read_lines
from pages._audit_words import action_text, actor_text, counted_text, kind_text, value_text
from pages._downloads import services_later
from tests import served_console
from tests.product_parts import new_tenant
from tests.served_console import open_console

SARA = Actor("person", "7", "Sara", "203.0.113.9")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/a.png) **bold** $x$"
NEWEST = (None, None)


@pytest.fixture
def own(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services of a tenant whose log holds that its bot was made, and nothing else."""
    own = replace(services, local_tenant_id=new_tenant(services.database))
    served_console.serve(own, monkeypatch)
    return own


def record(services: Services, *, actor: Actor = SARA, **fields: Any) -> None:
    given = {"action": "changed", "object_kind": "source", **fields}
    with acting(actor):
        services.audit.record(services.local_tenant_id, **given)


def event(seconds: float = 0, **fields: Any) -> AuditEventView:
    given: dict[str, Any] = {
        "event_id": uuid4(),
        "at": NOON - timedelta(seconds=seconds),
        "actor_kind": "person",
        "actor_id": "7",
        "actor_name": "Sara",
        "ip": "",
        "action": "changed",
        "object_kind": "passage_edit",
        "object_id": str(uuid4()),
        "object_name": "Hours",
        "before": None,
        "after": None,
        **fields,
    }
    return AuditEventView(**given)


def labels(page: AppTest) -> list[str]:
    return [line.label.replace("\u2068", "").replace("\u2069", "") for line in page.expander]


def opened(page: AppTest, event_id: UUID) -> AppTest:
    """Open a line as a click does; streamlit's test runner has no such click of its own."""
    page.session_state[f"audit_line_{event_id}"] = True
    page.run()
    assert not page.exception
    return page


def cells(page: AppTest) -> str:
    return "\n".join(table.value.to_string() for table in page.table).replace("\u2068", "")


def latest(services: Services, **wanted: str) -> AuditEventView:
    return services.audit.find(services.local_tenant_id, AuditFilter(**wanted)).events[0]


# ---- lines ------------------------------------------------------------------------------------


def test_what_somebody_did_to_many_things_at_once_is_one_line() -> None:
    lines = group([event(seconds) for seconds in range(37)])
    assert [len(line.events) for line in lines] == [37]


@pytest.mark.parametrize(
    "other",
    [
        {"actor_id": "8"},
        {"action": "deleted"},
        {"object_kind": "source"},
        {"ip": "203.0.113.9"},
        {"at": NOON - timedelta(minutes=5)},
    ],
)
def test_another_deed_is_a_line_of_its_own(other: dict[str, Any]) -> None:
    lines = group([event(), event(1), event(2), event(3, **other)])
    assert [len(line.events) for line in lines] == [3, 1]


def test_one_thing_that_changed_three_times_is_not_three_things() -> None:
    lines = group([event(seconds, object_id="same") for seconds in range(3)])
    assert [len(line.events) for line in lines] == [1, 1, 1]


def test_two_events_and_sign_ins_stay_apart() -> None:
    assert len(group([event(), event(1)])) == 2
    assert len(group([event(n, object_kind="sign_in") for n in range(5)])) == 5


@pytest.mark.parametrize("is_grouped", [True, False])
def test_pages_lead_to_the_end_and_back_over_every_event_once(
    own: Services, is_grouped: bool
) -> None:
    for n in range(90):
        record(own, object_id=str(n % 7), object_name=f"Source {n}")
    wanted = AuditFilter(object_kind="source")

    def read(place: tuple[str | None, str | None]) -> Any:
        tenant_id = own.local_tenant_id
        return read_lines(own.audit, tenant_id, wanted, place=place, is_grouped=is_grouped)

    forward = [read(NEWEST)]
    while forward[-1].older is not None:
        forward.append(read((forward[-1].older, None)))
    names = [e.object_name for page in forward for line in page.lines for e in line.events]
    assert names == [f"Source {n}" for n in reversed(range(90))]
    assert len(forward) > 1 or is_grouped
    for earlier, page in zip(reversed(forward[:-1]), reversed(forward[1:]), strict=True):
        assert read((None, page.newer)) == earlier
    assert forward[0].newer is None


def test_many_lines_are_paged_by_lines_and_not_by_events(own: Services) -> None:
    for n in range(LINES_A_PAGE + 5):
        kind = ("source", "keyword")[n % 2]
        for part in range(4):
            record(own, object_kind=kind, object_id=str(part))
    page = read_lines(
        own.audit, own.local_tenant_id, AuditFilter(actor="7"), place=NEWEST, is_grouped=True
    )
    assert len(page.lines) == LINES_A_PAGE
    assert {len(line.events) for line in page.lines} == {4}
    rest = read_lines(
        own.audit,
        own.local_tenant_id,
        AuditFilter(actor="7"),
        place=(page.older, None),
        is_grouped=True,
    )
    assert len(rest.lines) == 5


# ---- what changed -----------------------------------------------------------------------------


def test_a_long_text_is_cut_around_where_it_differs() -> None:
    same = "The shop opens at nine. " * 40
    before, after = f"{same}Closed on Friday.{same}", f"{same}Closed on Sunday.{same}"
    changed = event(before={"edited_text": before}, after={"edited_text": after})
    (difference,) = differences(changed)
    assert difference.is_long
    cut_before, cut_after = difference.cut()
    assert "Friday" in cut_before
    assert "Sunday" in cut_after
    assert max(len(cut_before), len(cut_after)) <= MAX_SHOWN_LETTERS + 2
    assert (difference.before, difference.after) == (before, after)


def test_words_that_nobody_knows_are_shown_as_they_are() -> None:
    assert action_text("frobbed") == "frobbed"
    assert kind_text("gizmo") == "gizmo"
    assert counted_text("gizmo", "37") == "37 × gizmo"
    assert counted_text("passage_edit", "37") == "edits of 37 passages"
    assert value_text("role", "emperor") == "emperor"


def test_values_are_written_for_readers() -> None:
    assert value_text("enabled", False) == "no"
    assert value_text("role", "owner") == "Owner"
    assert value_text("weight", 12345) == "12,345"
    assert value_text("tags", ["a", "b"]) == "a, b"
    assert value_text("note", None) == "–"
    assert value_text("expires_at", "2026-01-02T03:04:00+00:00") == "2 Jan 2026 03:04"
    assert actor_text("local", "command line") == "Command line"
    assert actor_text("system", "") == "LeanRAG itself"


# ---- the page ---------------------------------------------------------------------------------


def test_a_line_says_when_who_what_and_to_which(own: Services) -> None:
    record(own, object_id="1", object_name="Price list")
    page = open_console("audit")
    assert labels(page)[0].endswith("· **Sara** · changed · Source: Price list")


def test_an_open_line_shows_before_and_after_and_from_where(own: Services) -> None:
    record(
        own,
        object_id="1",
        object_name="Price list",
        before={"title": "Prices", "enabled": True},
        after={"title": HOSTILE, "enabled": False},
    )
    page = opened(open_console("audit"), latest(own).event_id)
    shown = cells(page)
    assert "Before" in shown
    assert "Prices" in shown
    assert "&lt;script\\>" in shown  # markdown of theirs is shown, and does nothing
    assert "http://" not in shown
    assert any("203\\.0\\.113\\.9" in caption.value for caption in page.caption)


def test_long_texts_are_shown_in_full_when_somebody_wants_it(own: Services) -> None:
    record(own, object_id="1", before={"answer": "x" * 999}, after={"answer": "y" * 999})
    event_id = latest(own).event_id
    page = opened(open_console("audit"), event_id)
    assert "y" * 999 not in cells(page)
    page.toggle(key=f"audit_all_{event_id}").set_value(True).run()
    assert {"x" * 999, "y" * 999} <= {text.value for text in page.text}


def test_many_changes_are_one_line_that_lists_them_and_says_what_they_share(
    own: Services,
) -> None:
    change = {"before": {"is_citable": True}, "after": {"is_citable": False}}
    for n in range(37):
        record(own, object_kind="passage_edit", object_id=str(n), object_name=f"P{n}", **change)
    page = open_console("audit")
    assert "edits of 37 passages" in labels(page)[0]
    page = opened(page, latest(own).event_id)
    assert "P36" in cells(page)
    assert any("May be quoted: \u2068yes" in markdown.value for markdown in page.markdown)
    page.toggle(key="audit_together").set_value(False).run()
    assert len(page.expander) == LINES_A_PAGE


def test_filters_stand_in_the_address_and_are_counted(own: Services) -> None:
    record(own, object_kind="keyword", object_name="price", object_id="k")
    record(own, actor=Actor("person", "8", "Olga"), object_name="Hours", object_id="s")
    page = open_console("audit")
    page.selectbox(key="audit_filter_kind").set_value("keyword").run()
    assert page.query_params["kind"] == "keyword"
    assert len(page.expander) == 1
    page.button(key="audit_clear").click().run()
    page.text_input(key="audit_filter_words").set_value("hou").run()
    assert [label.split(" · ")[1] for label in labels(page)] == ["**Olga**"]
    page = open_console("audit", who="8")
    assert len(page.expander) == 1
    page = open_console("audit", **{"from": "2031-01-01"})
    assert not page.expander
    assert "No event is like that" in page.info[0].value


def test_a_line_leads_to_everything_of_its_person_and_its_thing(own: Services) -> None:
    record(own, object_id="1", object_name="One")
    record(own, object_id="2", object_name="Two")
    shown = latest(own)
    page = opened(open_console("audit"), shown.event_id)
    page.button(key=f"audit_object_{shown.event_id}").click().run()
    assert len(page.expander) == 1
    page.button(key="audit_clear").click().run()
    page.button(key=f"audit_who_{shown.event_id}").click().run()
    assert len(page.expander) == 2
    assert any("Only by" in c.value and "Sara" in c.value for c in page.caption)


@pytest.mark.parametrize("query", [{"after": "nonsense"}, {"before": "2026~x"}, {"from": "x"}])
def test_an_address_that_nobody_gave_shows_the_newest(own: Services, query: dict[str, str]) -> None:
    record(own, object_name="Price list")
    assert "Price list" in labels(open_console("audit", **query))[0]


def test_the_file_holds_what_the_filter_leaves_and_no_formula(own: Services) -> None:
    record(own, object_name="=cmd()", object_id="1")
    record(own, object_kind="keyword", object_name="price")
    audit = services_later().audit
    wanted = AuditFilter(object_kind="source")
    data = audit.export(own.local_tenant_id, wanted).data
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["object_name"] for row in rows] == ["'=cmd()"]
    noted = latest(own, action="exported")
    assert noted.actor_name == "local operator"


@pytest.mark.parametrize(
    ("language", "said"),
    [("fa", "تغییر داد · منبع"), ("ar", "تغيير · المصدر"), ("tr", "değiştirdi · Kaynak")],
)
def test_the_page_speaks_the_language(own: Services, language: str, said: str) -> None:
    record(own, object_name="Price list")
    assert said in labels(open_console("audit", lang=language))[0]
