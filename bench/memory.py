"""Measures the memory: is what a customer said first still in the prompt forty messages later?

    python bench/memory.py [--half development] [--lang fa] [--show N] [--json]

Every scripted customer writes 20 messages to the demo tenant, and the product answers each of them
by quotation, as it does without a model: 40 messages, all real turns. Then the customer asks for
each fact of the first five messages. A fact counts as kept when the conversation section of the
prompt that this very turn built holds it: summary and latest messages, read from the stored ledger.
No question names its own answer. Halves are fixed by a hash of the conversation's name.

Everything happens in a data directory of its own, which is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would measure the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import select

from bench import _memory_figures as figures
from bench import _turn_product as product
from bench._memory_conversations import HALVES, Conversation, read_conversations
from bench._turn_figures import spread
from bench._turn_rounds import Turn, ask
from db.models import SessionMemory
from leanrag.bootstrap import Services, start_services
from leanrag.memory import MemoryLimits, SessionMemoryManager, past_message
from leanrag.prompts import CONVERSATION_END, CONVERSATION_START, summary_line
from leanrag.text.tokens import encoding_for_model, load_counter
from leanrag.types import LANGUAGES, PastMessage

_SUMMARY_LABEL = summary_line("").split(":")[0] + ":"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        report = measure(home, chosen(options.half, options.lang))
    if options.json:
        print(json.dumps(asdict(report), indent=2, ensure_ascii=False))
        return 0
    print("\n".join(figures.lines(report)))
    for number, one in enumerate(report.conversations, start=1):
        if options.show in (0, number):
            print("\n".join(figures.revision_lines(number, one)))
    return 0


def chosen(half: str | None, language: str | None) -> tuple[Conversation, ...]:
    """Return the scripts of a half and a language; None is any."""
    return tuple(
        one
        for one in read_conversations()
        if half in (None, one.half) and language in (None, one.language)
    )


def measure(home: Path, conversations: Sequence[Conversation]) -> figures.Report:
    """Hold every conversation with the demo tenant."""
    with closing(start_services(product.settings_for(home), worker=False)) as services:
        remembered, milliseconds = [], []
        for conversation in conversations:
            one, conversation_id = hold(services, conversation)
            remembered.append(one)
            milliseconds += time_summaries(services, conversation_id)
        revisions = [revision for one in remembered for revision in one.revisions]
        return figures.Report(
            machine=product.describe_machine(services),
            summary_ms=spread(milliseconds),
            max_summary_tokens=max(revision.tokens for revision in revisions),
            kept=figures.kept_by_group(remembered),
            conversations=tuple(remembered),
        )


def hold(services: Services, conversation: Conversation) -> tuple[figures.Remembered, UUID]:
    """Send all messages, then ask for each fact; return what the closing prompts carried."""
    tenant_id = services.local_tenant_id
    conversation_id: UUID | None = None
    for message in conversation.messages:
        _, conversation_id = ask(services, tenant_id, message, conversation_id)
    if conversation_id is None:
        raise RuntimeError("A conversation needs a message.")
    carried = [
        carried_lines(ask(services, tenant_id, fact.question, conversation_id)[0])
        for fact in conversation.facts
    ]
    kept = tuple(
        fact.is_in(" ".join(lines)) for fact, lines in zip(conversation.facts, carried, strict=True)
    )
    latest = [[line for line in lines if not line.startswith(_SUMMARY_LABEL)] for lines in carried]
    return figures.Remembered(
        conversation_id=conversation.conversation_id,
        language=conversation.language,
        half=conversation.half,
        messages=2 * len(conversation.messages),
        kept=kept,
        kept_without_summary=tuple(
            fact.is_in(" ".join(lines))
            for fact, lines in zip(conversation.facts, latest, strict=True)
        ),
        lost=tuple(
            fact.question
            for fact, is_kept in zip(conversation.facts, kept, strict=True)
            if not is_kept
        ),
        revisions=read_revisions(services, conversation_id),
    ), conversation_id


def carried_lines(turn: Turn) -> list[str]:
    """Return the lines of the conversation section of the prompt that a turn built."""
    prompt = "\n".join(message.content for message in turn.ledger.prompt.messages)
    _, found, section = prompt.partition(CONVERSATION_START)
    return section.partition(CONVERSATION_END)[0].splitlines() if found else []


def read_revisions(services: Services, conversation_id: UUID) -> tuple[figures.Revision, ...]:
    """Return the stored revisions, the first one first."""
    query = select(SessionMemory).where(SessionMemory.conversation_id == conversation_id)
    with services.database.tenant(services.local_tenant_id) as session:
        return tuple(
            figures.Revision(
                row.revision,
                row.message_count,
                row.summary,
                row.token_count,
                row.made_by,
                row.refused_because,
            )
            for row in session.scalars(query.order_by(SessionMemory.revision))
        )


def time_summaries(services: Services, conversation_id: UUID) -> list[float]:
    """Make a conversation's summaries once more, in memory; return the milliseconds of each."""
    settings = services.settings
    counter = load_counter(encoding_for_model(settings.model))
    manager = SessionMemoryManager(
        counter, MemoryLimits(settings.max_summary_tokens, settings.summary_every_messages)
    )
    stored = services.conversations.messages(services.local_tenant_id, conversation_id)
    said: list[PastMessage] = [past_message(message.role, message.text) for message in stored]
    summary, milliseconds = "", []
    step = settings.summary_every_messages
    for start in range(0, len(said), step):
        started = time.perf_counter()
        summary = manager.summarise(summary, said[start : start + step])
        milliseconds.append((time.perf_counter() - started) * 1000)
    return milliseconds


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what a conversation's memory keeps.")
    parser.add_argument("--half", choices=HALVES, help="hold this half's conversations alone")
    parser.add_argument("--lang", choices=LANGUAGES, help="hold this language's alone")
    parser.add_argument(
        "--show", type=int, metavar="N", help="print every revision of the Nth one; 0: of all"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    if not chosen(options.half, options.lang):
        parser.error("that half has no conversation in that language")
    return options


if __name__ == "__main__":
    sys.exit(main())
