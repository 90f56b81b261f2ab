"""What `tune --json` prints: every question, keyword and score."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from leanrag.cli.tune_report import Trial
from leanrag.keyword_findings import KeywordFinding
from leanrag.keyword_lab import LabReport, RoutingSide
from leanrag.replay import FailedTurn, ReplayedQuestion, ReplayedTurn
from leanrag.router import KeywordRule
from leanrag.types import Route
from leanrag.what_if import WhatIfReport


def to_json(trial: Trial) -> str:
    """Write a trial as one JSON object of `what_if` and `keywords`."""
    content = {"what_if": _what_if(trial.replayed), "keywords": _lab(trial.lab)}
    return json.dumps(content, ensure_ascii=False, indent=2, default=str)


def _what_if(report: WhatIfReport) -> dict[str, Any]:
    return {
        "questions": [_question(question) for question in report.questions],
        "fixed_replies": report.fixed_replies,
        "without_vector": report.without_vector,
        "elapsed_seconds": round(report.elapsed_seconds, 3),
        "note": report.note,
    }


def _question(question: ReplayedQuestion) -> dict[str, Any]:
    return {
        **asdict(question.question),
        "changes_intent": question.changes_intent,
        "changes_shares": question.changes_shares,
        "changes_prompt": question.changes_prompt,
        "before": _turn(question.before),
        "after": _turn(question.after),
        "gained": [asdict(passage) for passage in question.gained],
        "lost": [asdict(passage) for passage in question.lost],
        "resized": [asdict(passage) for passage in question.resized],
    }


def _turn(turn: ReplayedTurn | FailedTurn) -> dict[str, Any]:
    if isinstance(turn, FailedTurn):
        return {"route": _route(turn.route), "error": turn.message}
    return {
        "route": _route(turn.route),
        "total_tokens": turn.prompt.total_tokens,
        "sections": [asdict(section) for section in turn.prompt.sections],
        "passages": [
            {
                "passage_id": decision.passage.passage_id,
                "section": decision.section,
                "fate": decision.fate,
                "reason": decision.reason,
                "tokens": decision.tokens,
            }
            for decision in turn.prompt.decisions
        ],
        "widened": turn.widened,
    }


def _route(route: Route) -> dict[str, Any]:
    return {**asdict(route), "confidence": round(route.confidence, 4)}


def _lab(lab: LabReport) -> dict[str, Any]:
    return {
        "messages": lab.messages,
        "labelled": lab.labelled,
        "is_apart": lab.is_apart,
        "before": _side(lab.before),
        "after": _side(lab.after),
        "changed": [
            {**asdict(change), "was_right": change.was_right, "is_right": change.is_right}
            for change in lab.changed
        ],
        "duplicates": [_rules(group) for group in lab.duplicates],
        "elapsed_seconds": round(lab.elapsed_seconds, 3),
    }


def _side(side: RoutingSide) -> dict[str, Any]:
    return {
        "keywords": [_finding(finding) for finding in side.keywords if finding.matched],
        "never_fired": _rules(finding.rule for finding in side.never_fired),
        "scores": [asdict(figures) for figures in side.scores],
    }


def _finding(finding: KeywordFinding) -> dict[str, Any]:
    return {**asdict(finding), "precision": finding.precision}


def _rules(rules: Iterable[KeywordRule]) -> list[dict[str, Any]]:
    return [asdict(rule) for rule in rules]
