"""The sentences of a customer's message, and how much what each one says counts.

A long message greets, tells what happened, and asks at last. Words of the sentence that asks tell
what is wanted; words of the others mostly tell why.
"""

from __future__ import annotations

from dataclasses import dataclass

from leanrag.text.sentences import split_sentences

# Chosen by cross-validation on the development half of bench/routing_messages (docs/routing.md).
TOLD_SHARE = 0.3  # of a sentence that asks nothing, beside one that does
GREETING_SHARE = 0.0  # of the first of three or more sentences, unless it asks
_QUESTION_MARKS = ("?", "؟")


@dataclass(frozen=True, slots=True)
class MessagePart:
    """A sentence, and the share (0 to 1) with which its words count; never 0."""

    text: str
    share: float


def message_parts(message: str) -> tuple[MessagePart, ...]:
    """Return the sentences of `message` that count, in order.

    Sentences with a question mark count whole; where there is none, the last one does.
    """
    sentences = split_sentences(message)
    asking = {i for i, sentence in enumerate(sentences) if _asks(sentence)}
    asking = asking or {len(sentences) - 1}
    shares = (
        1.0 if i in asking else GREETING_SHARE if i == 0 and len(sentences) > 2 else TOLD_SHARE
        for i in range(len(sentences))
    )
    parts = (MessagePart(text, share) for text, share in zip(sentences, shares, strict=True))
    return tuple(part for part in parts if part.share > 0)


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'»”’)] ").endswith(_QUESTION_MARKS)
