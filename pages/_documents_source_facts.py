"""What is known of a source, and what embedding its passages once ever has saved."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.settings import Settings
from leanrag.source_savings import Savings, saved_usd
from leanrag.sources import SourceView
from pages._documents_words import size_text
from pages._intents import language_name
from pages._locale import money, number, t, when

_WIDE_LETTERS = 18  # what is longer takes a line of its own
_STYLE = """<style>
.documents-facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
  gap: 0.75rem 1.25rem; margin: 0 !important; padding: 0 !important; }
.documents-facts dt { font-size: 0.8rem; opacity: 0.7; }
.documents-facts dd { margin: 0 !important; font-weight: 600; overflow-wrap: anywhere; }
.documents-facts > .documents-facts-wide { grid-column: 1 / -1; }
</style>"""


def draw_facts(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Show the facts of a source, those that there are."""
    bots = {bot.bot_id: bot.name for bot in services.bots.list(tenant_id)}
    facts = [*_size(source), *_history(source)]
    if source.bot_id is not None:
        facts.append((t("documents.fact_bot"), bots.get(source.bot_id, "–")))
    facts.append(_place(source))
    shown = "".join(
        f'<div class="{"documents-facts-wide" if len(value) > _WIDE_LETTERS else ""}">'
        f"<dt>{escape(name)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>"
        for name, value in facts
        if value
    )
    st.html(f'{_STYLE}<dl class="documents-facts">{shown}</dl>')
    text = savings_text(source.savings, services.settings)
    if text:
        st.caption(f":material/savings: {text}")


def savings_text(savings: Savings, settings: Settings) -> str:
    """Say how many passages were embedded before, and what that saved; empty where none was."""
    if not savings.reused_count:
        return ""
    count, total = number(savings.reused_count), number(savings.passage_count)
    said = [t("documents.saved", count=count, total=total)]
    dollars = saved_usd(savings.saved_tokens, settings)
    tokens = number(savings.saved_tokens)
    if dollars is None:
        said.append(t("documents.saved_tokens", tokens=tokens))
    else:
        said.append(t("documents.saved_money", tokens=tokens, money=money(dollars)))
    if savings.repeated_count:
        said.append(t("documents.repeated", count=number(savings.repeated_count)))
    return " ".join(said)


def _size(source: SourceView) -> Iterator[tuple[str, str]]:
    yield t("documents.column_passages"), number(source.passage_count)
    yield t("documents.column_tokens"), number(source.token_count)
    if source.page_count:
        yield t("documents.column_pages"), number(source.page_count)
    yield t("documents.column_size"), size_text(source.byte_size)
    if source.language:
        yield t("documents.column_language"), language_name(source.language)
    if source.chunk_tokens is not None:
        yield t("documents.fact_chunk_tokens"), number(source.chunk_tokens)


def _history(source: SourceView) -> Iterator[tuple[str, str]]:
    yield t("documents.column_added"), when(source.created_at)
    if source.added_by:
        yield t("documents.fact_added_by"), source.added_by
    if source.processed_at is not None:
        name = "fact_crawled" if source.form == "website" else "column_processed"
        yield t(f"documents.{name}"), when(source.processed_at)
        yield t("documents.fact_embedded"), number(source.embedded_count)
        yield t("documents.fact_reused"), number(source.reused_count)
    yield t("documents.column_cost"), money(float(source.embedding_cost_usd))


def _place(source: SourceView) -> tuple[str, str]:
    if source.form == "website":
        return t("documents.fact_start"), str(source.origin.get("url", ""))
    return t("documents.fact_file"), source.filename
