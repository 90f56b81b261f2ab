"""What the API takes and returns of sources that are no files, and of suggested questions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from leanrag.api.schemas import BotName, Reply, Request, Text
from leanrag.crawl.crawled import PageStatus
from leanrag.suggested_pairs import PairState
from leanrag.suggestions import (
    MAX_ANSWER_CHARACTERS,
    MAX_PAIRS_AT_ONCE,
    MAX_QUESTION_CHARACTERS,
    PairNotice,
)
from leanrag.types import Language

MAX_URL_CHARACTERS = 2_000
MAX_LIST_ROWS = 50_000
MAX_CELL_CHARACTERS = 100_000

Title = Annotated[Text, AfterValidator(str.strip), Field(min_length=1, max_length=200)]
Cell = Annotated[Text, Field(max_length=MAX_CELL_CHARACTERS)]
Tags = Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=20)]


class NewSource(Request):
    """What all kinds of sources share; `is_citable` false: learnt from, never quoted or cited."""

    is_citable: bool = True
    bot_id: BotName | None = None
    tags: Tags = Field([])


class NewWebsite(NewSource):
    """A website by its start page or sitemap; without limits, as far as the instance allows."""

    url: Annotated[Text, Field(min_length=1, max_length=MAX_URL_CHARACTERS)]
    title: Annotated[Text, Field(max_length=200)] = ""
    max_pages: int | None = None
    max_depth: int | None = Field(None, description="Links away from the start; 0: it alone.")
    hosts: list[Annotated[Text, Field(max_length=300)]] = Field(
        [], max_length=20, description="Hosts to visit beside the start's own."
    )


class FaqPair(Request):
    """A question with its answer; without a language, it is told from the text."""

    question: Cell
    answer: Cell
    language: Language | None = None


class NewFaq(NewSource):
    """A list of questions with their answers: each pair becomes one passage."""

    title: Title
    pairs: list[FaqPair] = Field(min_length=1, max_length=MAX_LIST_ROWS)


class Product(Request):
    """A product; the price as people write it ("1.299,00 TL"), empty where it is on request."""

    title: Cell
    price: Cell = ""
    currency: Annotated[Text, Field(max_length=40)] = ""
    description: Cell = ""
    attributes: dict[Text, Text] = Field({}, max_length=30)
    url: Annotated[Text, Field(max_length=MAX_URL_CHARACTERS)] = ""
    language: Language | None = None


class NewProducts(NewSource):
    """A list of products: each becomes one passage."""

    title: Title
    products: list[Product] = Field(min_length=1, max_length=MAX_LIST_ROWS)


class NewManual(NewSource):
    """Long instructions, as plain text or Markdown."""

    title: Title
    text: Annotated[Text, Field(min_length=1, max_length=1_000_000)]


# ---- the pages of a website ---------------------------------------------------------------------


class SitePageReply(Reply):
    """A page of a website; `character_count` is that of its text in use, 0 where none is."""

    url: str
    status: PageStatus
    reason: str
    same_as: str
    title: str
    language: str
    depth: int
    fetched_at: datetime
    character_count: int


class SitePageList(BaseModel):
    """Pages in the order of the crawl; `counts` are of all pages, by status."""

    source_id: UUID
    counts: dict[PageStatus, int]
    pages: list[SitePageReply]
    next_offset: int | None


# ---- suggested questions ------------------------------------------------------------------------


class SuggestionReply(Reply):
    """A question that a page holds; `notice` says why it waits although it was seen before."""

    pair_id: UUID
    source_id: UUID
    source_title: str
    url: str
    question: str
    answer: str
    state: PairState
    notice: PairNotice
    approved_answer: str
    decided_by: str
    decided_at: datetime | None
    created_at: datetime


class SuggestionList(BaseModel):
    """A page of suggestions; `count` is of all in that state."""

    suggestions: list[SuggestionReply]
    count: int
    next_offset: int | None


class PairIds(Request):
    """The suggestions that are decided on."""

    pair_ids: list[UUID] = Field(min_length=1, max_length=MAX_PAIRS_AT_ONCE)


_LIST_TITLE = Field("", max_length=200, description="Of the list, if it is made by this.")


class ApprovedIds(PairIds):
    """The suggestions that are approved."""

    list_title: Text = _LIST_TITLE


class Words(Request):
    """A suggestion in a person's words."""

    list_title: Text = _LIST_TITLE
    question: Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)]
    answer: Annotated[Text, Field(min_length=1, max_length=MAX_ANSWER_CHARACTERS)]


class ApprovedReply(BaseModel):
    """How many pairs were approved by this, and the FAQ lists that are processed for it."""

    approved: int
    source_ids: list[UUID]


class RejectedReply(BaseModel):
    """How many waiting pairs were put aside."""

    rejected: int
