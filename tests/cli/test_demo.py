from __future__ import annotations

from collections.abc import Callable

from leanrag.bootstrap import Services
from leanrag.demo.loader import DEMO_DIRECTORY, demo_questions
from leanrag.ingest.pipeline import Upload


def test_what_is_missing_comes_back_and_four_questions_are_answered(
    run_beside: Callable, console: Services
) -> None:
    tenant_id = console.local_tenant_id
    whole = {source.filename for source in console.sources.list(tenant_id)}
    price_list = next(s for s in console.sources.list(tenant_id) if s.filename == "price-list.pdf")
    console.sources.delete(tenant_id, price_list.source_id)

    ran = run_beside("demo")
    assert (ran.code, ran.err) == (0, "")
    assert {source.filename for source in console.sources.list(tenant_id)} == whole
    asked = [line[2:] for line in ran.out.splitlines() if line.startswith("? ")]
    known = {question.question: question.language for question in demo_questions()}
    assert sorted(known[question] for question in asked) == ["ar", "en", "fa", "tr"]
    assert ran.out.count(" prompt tokens, ") == 4


def test_reset_deletes_what_was_added_only_when_confirmed(
    run_beside: Callable, console: Services
) -> None:
    tenant_id = console.local_tenant_id
    console.ingest.add(tenant_id, Upload("own.txt", b"A note of our own about spare lids."))
    refused = run_beside("demo", "--reset")
    assert (refused.code, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "--yes" in refused.err
    assert "own.txt" in {source.filename for source in console.sources.list(tenant_id)}

    assert run_beside("demo", "--reset", "--yes").code == 0
    sources = console.sources.list(tenant_id)
    assert "own.txt" not in {source.filename for source in sources}
    assert (DEMO_DIRECTORY / "price-list.pdf").name in {source.filename for source in sources}
    assert all(source.status == "processed" for source in sources)
