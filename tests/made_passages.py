"""A retrieved passage for tests that care about a few of its fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from leanrag.types import Passage


def made_passage(number: int, text: str, **changes: Any) -> Passage:
    """Make the citable English passage of this number; `changes` are other values of its fields."""
    passage = Passage(
        passage_id=UUID(int=number),
        source_id=UUID(int=900),
        kind="document",
        source_title="Help",
        title="",
        heading="",
        text=text,
        language="en",
        position=number,
        page=None,
        token_count=20,
        is_citable=True,
        lexical_score=1.0,
        dense_score=0.0,
        score=0.5,
    )
    return replace(passage, **changes)
