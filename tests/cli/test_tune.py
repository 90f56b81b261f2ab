from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.budget import BudgetLimits
from leanrag.errors import InvalidInput
from leanrag.router import IntentRouting, KeywordRule
from leanrag.tuning import TuningDraft
from leanrag.tuning_file import read_tuning_file

DRAFT = """
[[keywords]]
intent = "contact"
language = "en"
keyword = "zeppelin"
weight = 3

[[routings]]
intent = "contact"
primary_tokens = 500

[budget]
max_question_tokens = 300
"""
QUESTION = "When does the zeppelin arrive?"


@pytest.fixture
def tenant(console: Services, request: pytest.FixtureRequest) -> str:
    slug = f"t{abs(hash(request.node.name)) % 10**9}"
    console.tenants.create(slug, slug)
    return slug


@pytest.fixture
def asked(console: Services, tenant: str) -> str:
    """A tenant that was asked one question."""
    tenant_id = console.tenants.find(tenant).tenant_id
    list(console.answerer.answer(tenant_id, Question(QUESTION)))
    return tenant


@pytest.fixture
def draft(tmp_path: Path) -> str:
    file = tmp_path / "draft.toml"
    file.write_text(DRAFT, "utf-8")
    return str(file)


def test_help_has_an_example(run: Callable) -> None:
    helped = run("tune", "--help")
    assert helped.code == 0
    assert "Example: python -m leanrag tune --draft" in helped.out


def test_a_draft_is_tried_on_what_was_asked_and_not_stored(
    run_beside: Callable, console: Services, asked: str, draft: str
) -> None:
    tenant_id = console.tenants.find(asked).tenant_id
    before = console.tuning.load(tenant_id)
    ran = run_beside("tune", "--draft", draft, "--tenant", asked)
    assert (ran.code, ran.err) == (0, "")
    assert "Replayed 1 question in" in ran.out
    assert "Another intent: 1." in ran.out
    row = next(line for line in ran.out.splitlines() if QUESTION in line)
    assert row.split()[-6:-4] == ["general", "contact"]
    assert "zeppelin (contact, en)" in ran.out
    assert "No message is labelled" in ran.out
    assert "\x1b[" not in ran.out  # plain in a pipe
    assert console.tuning.load(tenant_id) == before


def test_json_holds_every_question_and_keyword(
    run_beside: Callable, asked: str, draft: str
) -> None:
    ran = run_beside("tune", "--draft", draft, "--tenant", asked, "--json")
    report = json.loads(ran.out)
    (question,) = report["what_if"]["questions"]
    assert question["text"] == QUESTION
    assert question["changes_intent"]
    assert question["after"]["route"]["intent"] == "contact"
    assert question["after"]["route"]["primary"]["max_tokens"] == 500
    assert question["after"]["sections"][0]["section"] == "system"
    assert "conversation" in report["what_if"]["note"]
    (finding,) = (
        f for f in report["keywords"]["after"]["keywords"] if f["rule"]["keyword"] == "zeppelin"
    )
    assert (finding["matched"], finding["decisive"]) == (1, 1)


def test_a_tenant_without_questions_gets_one_sentence(
    run_beside: Callable, tenant: str, draft: str
) -> None:
    ran = run_beside("tune", "--draft", draft, "--tenant", tenant)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "Nobody has asked" in ran.err


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        ("x = ", 1, "The draft is no TOML"),
        ("", 1, "changes nothing"),
        ("[budget]\nmax_prompt_tokens = 9000", 1, "max_prompt_tokens is 9000"),
        ('[[routings]]\nintent = "pricing"\nprimary_tokens = 1501', 1, "0 to 1,500"),
    ],
)
def test_a_wrong_draft_is_one_line(
    run_beside: Callable, asked: str, tmp_path: Path, content: str, code: int, sentence: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(content, "utf-8")
    ran = run_beside("tune", "--draft", str(file), "--tenant", asked)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert sentence in ran.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--draft", "missing.toml"), 2, "cannot be read"),
        (("--questions", "0"), 2, "--questions"),
        (("--bot", "nobody"), 1, "There is no bot 'nobody'"),
        (("--tenant", "nobody"), 1, "nobody"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_words_are_one_line(
    run_beside: Callable, asked: str, draft: str, words: tuple, code: int, sentence: str
) -> None:
    ran = run_beside("tune", "--draft", draft, "--tenant", asked, *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)
    assert sentence in ran.err


def test_the_report_goes_through_a_pipe_of_a_narrow_encoding(
    start: Callable[..., subprocess.Popen[str]], console: Services, asked: str, draft: str
) -> None:
    environment = {"LEANRAG_HOME": str(console.settings.home), "PYTHONIOENCODING": "ascii"}
    process = start("tune", "--draft", draft, "--tenant", asked, environment=environment)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "zeppelin" in out


# ---- the file ---------------------------------------------------------------------------------


@pytest.fixture
def in_force(console: Services, tenant: str) -> TuningDraft:
    return console.tuning.load(console.tenants.find(tenant).tenant_id)


def test_a_file_lies_over_what_is_in_force(in_force: TuningDraft) -> None:
    drafted = read_tuning_file(DRAFT).over(in_force)
    added = KeywordRule("contact", "en", "zeppelin", 3)
    assert set(drafted.keywords) - set(in_force.keywords) == {added}
    assert [rule.is_own for rule in drafted.keywords if rule == added] == [True]
    before = {routing.intent: routing for routing in in_force.routings}
    after = {routing.intent: routing for routing in drafted.routings}
    assert after.pop("contact") == replace(before.pop("contact"), primary_tokens=500)
    assert after == before
    limits = read_tuning_file(DRAFT).limits_over(BudgetLimits())
    assert limits == replace(BudgetLimits(), max_question_tokens=300)


def test_a_known_keyword_is_switched_off_by_its_name_alone(in_force: TuningDraft) -> None:
    known = in_force.keywords[0]
    drafted = read_tuning_file(
        f"""
[[keywords]]
intent = "{known.intent}"
language = "{known.language}"
keyword = " {known.keyword} "
enabled = false
"""
    ).over(in_force)
    assert drafted.keywords == (replace(known, enabled=False), *in_force.keywords[1:])


def test_a_new_intent_comes_with_its_sources(in_force: TuningDraft) -> None:
    drafted = read_tuning_file(
        """
[[routings]]
intent = "shipping"
primary_kinds = ["website", "faq"]
primary_tokens = 400

[[keywords]]
intent = "shipping"
language = "tr"
keyword = "zeplin"
weight = 2
"""
    ).over(in_force)
    assert drafted.routings[-1] == IntentRouting("shipping", ("website", "faq"), 400, (), 0)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ('intent = "pricing"\nlanguage = "en"\nkeyword = "zeppelin"', "give it a weight"),
        (
            'intent = "pricing"\nlanguage = "en"\nkeyword = "zeppelin"\nenabled = false',
            "nothing to switch off",
        ),
        ('intent = "pricing"\nlanguage = "en"\nkeyword = "zeppelin"\nweight = 4', "1, 2 or 3"),
        ('intent = "nowhere"\nlanguage = "en"\nkeyword = "x"\nweight = 1', "has no routing"),
        ('intent = "pricing"\nlanguage = "de"\nkeyword = "x"\nweight = 1', "keywords.0.language"),
        ('intent = "pricing"\nlanguage = "en"\nkeyword = "x"\nweight = "1"', "keywords.0.weight"),
        ('intent = "pricing"\nlanguage = "en"\nword = "x"', "keywords.0.keyword"),
    ],
)
def test_a_wrong_row_is_named(in_force: TuningDraft, row: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_tuning_file(f"[[keywords]]\n{row}").over(in_force)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ('intent = "shipping"\nprimary_tokens = 400', "is new; its routing needs primary_kinds"),
        ('intent = "pricing"\nprimary_kinds = []', "at least one primary kind"),
        ('intent = "pricing"\nprimary_kinds = ["poem"]', "routings.0.primary_kinds.0"),
        ('intent = "pricing"\nsecondary_tokens = 1.5', "routings.0.secondary_tokens"),
    ],
)
def test_a_wrong_routing_is_named(in_force: TuningDraft, row: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_tuning_file(f"[[routings]]\n{row}").over(in_force)
