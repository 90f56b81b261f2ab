from __future__ import annotations

import pytest

from bench._recall_figures import Asked, Report, by_language, lines
from bench._turn_figures import Machine


def asked(language="en", *, found=True, tokens=250, milliseconds=10.0, routed=None):
    return Asked(
        language=language,
        routed_language=routed or language,
        is_found={300: found, 600: True},
        tokens={300: tokens, 600: 2 * tokens},
        preview_ms=milliseconds,
        pack_ms={300: 1.0, 600: 2.0},
    )


def a_report(*questions, noise=None, router=False):
    return Report(
        machine=Machine(2, "3.11.7", "18.4"),
        passages=9_395,
        index_seconds=33.04,
        noise=noise,
        router=router,
        languages=by_language(questions, (300, 600)),
    )


def test_recall_is_the_percentage_of_questions_found_at_each_budget():
    summary = by_language([asked(), asked(), asked(found=False)], (300, 600))["all"]
    assert summary.budgets[300].recall_percent == 66.7
    assert summary.budgets[600].recall_percent == 100.0
    assert summary.questions == 3


def test_every_language_that_was_asked_is_summarised_beside_all():
    questions = [asked("tr"), asked("fa", found=False), asked("tr", found=False)]
    summary = by_language(questions, (300,))
    assert list(summary) == ["all", "fa", "tr"]
    assert summary["fa"].budgets[300].recall_percent == 0.0
    assert summary["tr"].budgets[300].recall_percent == 50.0
    assert summary["all"].budgets[300].recall_percent == 33.3


def test_detected_languages_are_compared_with_the_questions_own():
    questions = [asked("fa"), asked("fa", routed="ar"), asked("fa"), asked("fa")]
    assert by_language(questions, (300,))["fa"].language_detected_percent == 75.0


def test_tokens_are_given_as_median_and_largest():
    budget = by_language([asked(tokens=t) for t in (100, 200, 290)], (300,))["en"].budgets[300]
    assert (budget.tokens_median, budget.tokens_max) == (200, 290)


def test_times_are_the_median_and_the_95th_percentile():
    spread = by_language([asked(milliseconds=float(n)) for n in range(101)], (300,))["en"].preview
    assert (spread.p50_ms, spread.p95_ms) == (50.0, 95.0)


def test_packing_is_timed_for_each_budget_alone():
    budgets = by_language([asked()], (300, 600))["en"].budgets
    assert budgets[300].pack.p50_ms == 1.0
    assert budgets[600].pack.p50_ms == 2.0


def test_lines_have_one_row_for_all_and_one_for_each_language():
    printed = list(lines(a_report(asked("fa"), asked("en", found=False))))
    rows = {line.split()[0]: line.split() for line in printed[3:-1]}
    assert list(rows) == ["all", "fa", "en"]
    assert rows["all"][1:5] == ["2", "100.0", "50.0", "100.0"]
    assert rows["en"][3] == "0.0"
    assert rows["en"][5:7] == ["250/250", "500/500"]


def test_the_heading_stands_over_every_budget():
    heading = list(lines(a_report(asked())))[2]
    assert heading.split() == [
        "asked", "lang", "@300", "@600", "tok@300", "tok@600", "p50", "ms", "p95", "ms",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("noise", "router", "expected"),
    [
        (None, False, "all kinds alike; questions as they are"),
        (7, False, "all kinds alike; noise 7"),
        (0, True, "own router; noise 0"),
    ],
)
def test_lines_say_how_the_questions_were_asked(noise, router, expected):
    assert expected in list(lines(a_report(asked(), noise=noise, router=router)))[1]
