"""Attacks on what is kept so as not to be computed again: answers and embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

from tests.isolation.wall import KNOWN, QUESTION, TEXT, Attempt, Wall
from tests.product_parts import add_text, ask, ended


def attack_memory(wall: Wall) -> Iterator[Attempt]:
    """Ask what they asked, and embed what they embedded: nothing may be there already."""
    yield _cached_answer(wall)
    yield _embedded_question(wall)
    yield _embedded_text(wall)
    yield _same_file(wall)


def asked_again(wall: Wall) -> bool:
    """Tell whether their own question, asked again by themselves, comes from the cache."""
    ask(wall.services.answerer, wall.theirs, QUESTION)
    again = lambda: ask(wall.services.answerer, wall.theirs, QUESTION)  # noqa: E731
    return _calls(wall, again, "/chat/completions") == 0


def _cached_answer(wall: Wall) -> Attempt:
    answer = ended(ask(wall.services.answerer, wall.ours, QUESTION))
    return Attempt("response cache", "ask what they asked", wall.seen(repr(answer), sent=QUESTION))


def _embedded_question(wall: Wall) -> Attempt:
    """Count the provider's calls: a text that only they embedded must cost us one, like a new."""
    theirs, new = f"Where is {KNOWN} {uuid4()}?", f"Where is {KNOWN} {uuid4()}?"
    embedder = wall.services.answerer._steps.embedder
    embedder.embed(wall.theirs, theirs)
    own = _calls(wall, lambda: embedder.embed(wall.theirs, theirs))
    again = _calls(wall, lambda: embedder.embed(wall.ours, theirs))
    fresh = _calls(wall, lambda: embedder.embed(wall.ours, new))
    leak = "" if (own, again, fresh) == (0, 1, 1) else f"calls {own}, {again}, {fresh}"
    return Attempt("embedding cache", "embed their question", leak)


def _embedded_text(wall: Wall) -> Attempt:
    new = TEXT.replace("seventy-seven", str(uuid4().int % 1000))
    theirs = _calls(wall, lambda: _try_text(wall, TEXT))
    fresh = _calls(wall, lambda: _try_text(wall, new))
    leak = "" if theirs == fresh > 0 else f"calls {theirs}, {fresh}"
    return Attempt("embedding cache", "embed their passage", leak)


def _try_text(wall: Wall, text: str) -> None:
    """Add a text to ours, and take it away: later attacks must not find the secret with us."""
    added = add_text(wall.services.ingest, wall.ours, text)
    wall.services.sources.delete(wall.ours, added.source_id)


def _same_file(wall: Wall) -> Attempt:
    """Upload the very bytes of a file of theirs: it must be new to us."""
    text = f"{KNOWN} {uuid4()}"
    add_text(wall.services.ingest, wall.theirs, text)
    ours = add_text(wall.services.ingest, wall.ours, text)
    same = {source.source_id for source in wall.services.sources.list(wall.theirs)}
    return Attempt("sources", "upload their file", "theirs" if ours.source_id in same else "")


def _calls(wall: Wall, work: Callable[[], object], path: str = "/embeddings") -> int:
    """Count the provider's calls that some work takes."""
    before = len(wall.provider.requests)
    work()
    return sum(request.path.endswith(path) for request in wall.provider.requests[before:])
