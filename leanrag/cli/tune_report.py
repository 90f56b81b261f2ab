"""What `tune` prints: what changes first, then what the keywords do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from leanrag.cli.terminal import amount, say
from leanrag.keyword_findings import Key, KeywordFinding, key_of
from leanrag.keyword_lab import ChangedRoute, LabReport, RoutingSide
from leanrag.replay import FailedTurn, MovedPassage, ReplayedQuestion, ReplayedTurn
from leanrag.router import KeywordRule
from leanrag.text.normalize import clean
from leanrag.types import Route
from leanrag.what_if import WhatIfReport

PIPE_COLUMNS = 160  # a pipe has no width of its own
MAX_TEXT_LETTERS = 60
MAX_ROWS = 20

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What both engines say about one draft."""

    replayed: WhatIfReport
    lab: LabReport


def show(trial: Trial) -> None:
    """Print the whole report; `--json` has what tables leave out."""
    _show_questions(trial.replayed)
    _show_scores(trial.lab)
    _show_keywords(trial.lab)


def _show_questions(report: WhatIfReport) -> None:
    questions = report.questions
    routes = sum(question.changes_intent for question in questions)
    shares = sum(question.changes_shares for question in questions)
    prompts = [question for question in questions if question.changes_prompt]
    say(
        f"Replayed {amount(len(questions), 'question')} in {report.elapsed_seconds:.2f} s;"
        " no model was called, nothing was stored."
    )
    if report.fixed_replies:
        say(f"Left out: {report.fixed_replies} with a fixed reply, such as greetings.")
    if report.without_vector:
        say(f"Searched by words alone, for want of an embedding: {report.without_vector}.")
    say(
        f"Another intent: {routes}. Other shares: {shares}. Another prompt: {len(prompts)},"
        f" with {amount(sum(len(q.gained) for q in questions), 'passage')} gained and"
        f" {sum(len(q.lost) for q in questions)} lost."
    )
    say(report.note)
    _table(("prompt tokens", "before", "after"), _section_rows(questions))
    listed = [question for question in questions if question.changes_intent]
    listed += [question for question in prompts if not question.changes_intent]
    _table(
        ("question", "route before", "after", "tokens before", "after", "gained", "lost"),
        (_question_row(question) for question in listed[:MAX_ROWS]),
    )
    for question in prompts[:MAX_ROWS]:
        _show_passages(question)
    _say_rest(len(listed))


def _section_rows(questions: Sequence[ReplayedQuestion]) -> Iterator[Row]:
    """Yield the tokens of each section, and of all, summed over what has both prompts."""
    sums: dict[str, list[int]] = {}
    for question in questions:
        if isinstance(question.before, ReplayedTurn) and isinstance(question.after, ReplayedTurn):
            for place, turn in enumerate((question.before, question.after)):
                for section in turn.prompt.sections:
                    sums.setdefault(section.section, [0, 0])[place] += section.tokens
                sums.setdefault("all", [0, 0])[place] += turn.prompt.total_tokens
    for name in sorted(sums, key=lambda name: name == "all"):
        yield name, *(f"{tokens:,}" for tokens in sums[name])


def _question_row(question: ReplayedQuestion) -> Row:
    return (
        _short(question.question.text),
        _route(question.before.route),
        _route(question.after.route),
        _tokens(question.before),
        _tokens(question.after),
        str(len(question.gained)),
        str(len(question.lost)),
    )


def _show_passages(question: ReplayedQuestion) -> None:
    say(f"  {_short(question.question.text)}")
    for turn in (question.before, question.after):
        if isinstance(turn, FailedTurn):
            say(f"    {turn.message}")
    for sign, passages in (("+", question.gained), ("−", question.lost)):
        for passage in passages:
            say(f"    {sign} {_passage(passage)}: {passage.reason} in the other")
    for resized in question.resized:
        name = _short(resized.title or resized.source_title)
        say(f"    ~ {name}: {resized.tokens_before} → {resized.tokens_after} tokens")


def _passage(passage: MovedPassage) -> str:
    names = (passage.title or passage.source_title, passage.heading)
    name = _short(" > ".join(name for name in names if name))
    return f"{name} ({passage.kind}, {amount(passage.tokens, 'token')})"


def _show_scores(lab: LabReport) -> None:
    if not lab.labelled:
        say("\nNo message is labelled, so nobody can say which of the routes are right.")
        return
    say(f"\nF1 on {amount(lab.labelled, 'labelled message')}, before and after:")
    if lab.is_apart:
        say("(without what the tenant's own model has learned from them)")
    _table(
        ("language", "messages", "intent", "precision", "after", "F1", "after"), _score_rows(lab)
    )
    judged = [change for change in lab.changed if change.label is not None]
    if judged:
        mended = sum(bool(c.is_right) for c in judged)
        broken = sum(bool(c.was_right) for c in judged)
        say(f"{mended} labelled messages would be mended, {broken} broken.")


def _score_rows(lab: LabReport) -> Iterator[Row]:
    for before, after in zip(lab.before.scores, lab.after.scores, strict=True):
        macro = (f"{before.macro_f1:.3f}", f"{after.macro_f1:.3f}")
        yield (before.language, str(before.count), "all (macro)", "", "", *macro)
        for own, other in zip(before.intents, after.intents, strict=True):
            precision = (f"{own.precision:.3f}", f"{other.precision:.3f}")
            yield ("", str(own.count), own.intent, *precision, f"{own.f1:.3f}", f"{other.f1:.3f}")


def _show_keywords(lab: LabReport) -> None:
    say(f"\nKeywords in {amount(lab.messages, 'message')} (distinct; questions and labelled ones).")
    drafted = _drafted(lab)
    if drafted:
        say("Changed by the draft:")
        _keyword_table(drafted, lab.before)
    say("Deciding most, by the draft:")
    _keyword_table([f for f in lab.after.keywords if f.matched][:MAX_ROWS], lab.before)
    own = [finding for finding in lab.after.never_fired if finding.rule.is_own]
    say(
        f"{len(lab.after.never_fired):,} of {amount(len(lab.after.keywords), 'keyword')} never"
        f" fired, {len(own)} of them the tenant's own{_listed(f.rule for f in own)}."
    )
    names = {key_of(finding.rule) for finding in drafted}
    for group in lab.duplicates:
        if any(rule.is_own or key_of(rule) in names for rule in group):
            say(f"The same word for several intents: {', '.join(map(_keyword, group))}.")
    if lab.changed:
        say(f"\n{amount(len(lab.changed), 'message')} would get another intent:")
        _table(
            ("message", "before", "after", "label", "verdict"),
            (_changed_row(change) for change in lab.changed[:MAX_ROWS]),
        )
        _say_rest(len(lab.changed))


def _drafted(lab: LabReport) -> list[KeywordFinding]:
    """Return what the draft adds or changes, and what it switches off."""
    before = {key_of(finding.rule): finding for finding in lab.before.keywords}
    after = {key_of(finding.rule): finding for finding in lab.after.keywords}
    changed = [f for key, f in after.items() if key not in before or before[key].rule != f.rule]
    return changed + [finding for key, finding in before.items() if key not in after]


def _keyword_table(findings: Sequence[KeywordFinding], before: RoutingSide) -> None:
    known = {key_of(finding.rule): finding for finding in before.keywords}
    _table(
        ("keyword", "weight", "found", "decides", "before", "precision", "in conflict with"),
        (_keyword_row(finding, known) for finding in findings[:MAX_ROWS]),
    )


def _keyword_row(finding: KeywordFinding, before: dict[Key, KeywordFinding]) -> Row:
    earlier = before.get(key_of(finding.rule))
    return (
        _keyword(finding.rule),
        str(finding.rule.weight),
        str(finding.matched),
        str(finding.decisive),
        "–" if earlier is None else str(earlier.decisive),
        "–" if finding.precision is None else f"{finding.precision:.2f}",
        ", ".join(f"{_keyword(c.rule)} {c.times}×" for c in finding.conflicts[:2]),
    )


def _changed_row(change: ChangedRoute) -> Row:
    verdict = ""
    if change.label is not None:
        verdict = "mended" if change.is_right else "broken" if change.was_right else "still wrong"
    return (_short(change.text), change.before, change.after, change.label or "–", verdict)


def _keyword(rule: KeywordRule) -> str:
    return f"{rule.keyword} ({rule.intent}, {rule.language})"


def _listed(rules: Iterable[KeywordRule]) -> str:
    names = [_keyword(rule) for rule in rules]
    more = ", …" if len(names) > MAX_ROWS else ""
    return f": {', '.join(names[:MAX_ROWS])}{more}" if names else ""


def _route(route: Route) -> str:
    return route.intent if route.also is None else f"{route.intent} + {route.also}"


def _tokens(turn: ReplayedTurn | FailedTurn) -> str:
    return f"{turn.prompt.total_tokens:,}" if isinstance(turn, ReplayedTurn) else "refused"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT_LETTERS else f"{line[: MAX_TEXT_LETTERS - 1]}…"


def _say_rest(count: int) -> None:
    if count > MAX_ROWS:
        say(f"And {count - MAX_ROWS} more; --json lists them all.")


def _table(headers: Row, rows: Iterable[Row]) -> None:
    """Print rows in columns; nothing where there are none."""
    table = Table(*headers, box=SIMPLE)
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    if table.row_count:
        width = None if sys.stdout.isatty() else PIPE_COLUMNS
        Console(file=sys.stdout, width=width).print(table)
