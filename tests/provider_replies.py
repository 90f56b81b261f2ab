"""What the stand-in provider answers: scripted replies, completions and embeddings."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from typing import Any

from leanrag.embeddings import LocalEmbedder
from leanrag.text.tokens import TokenCounter, encoding_for_model, load_counter

NO_EVIDENCE = "The sources do not answer this."
_PASSAGE = re.compile(
    r"^\[(\d+)\](?P<line>[^\n]*)\n?(?P<text>.*?)(?=^\[\d+\]|^</|\Z)", re.MULTILINE | re.DOTALL
)
_SENTENCE = re.compile(r".+?(?:[.!?؟。](?=\s|$)|$)", re.DOTALL)


@dataclass(frozen=True)
class Reply:
    """How one request is served. Pieces are the words of `text`; times are seconds."""

    status: int = 200
    text: str | None = None  # None: quote the first passage
    retry_after: str | None = None
    error_code: str | None = None
    error_message: str = "Scripted failure."
    refused_parameter: str | None = None  # 400 when the request carries it
    silence_before: float = 0.0  # before the first byte of the reply
    silence_after_pieces: tuple[int, float] | None = None
    piece_delay: float = 0.0
    drop_after_pieces: int | None = None  # the connection breaks
    end_after_pieces: int | None = None  # the stream ends properly, but too early
    raw_after_pieces: tuple[int, str] | None = None  # one event with this data, whatever it is
    usage: bool = True
    cached_tokens: int = 0
    token_ratio: float = 1.0  # 1.1: its tokenizer makes 10 % more of a prompt than OpenAI's
    hidden_tokens: int = 0  # of a text that a gateway puts in front of every prompt
    body: str | None = None  # the whole body, for replies that are not streamed


class Completion:
    """One answer in both of the protocol's shapes, with its tokens counted."""

    def __init__(self, body: dict[str, Any], reply: Reply) -> None:
        self.reply = reply
        self._body = body
        self._counter = load_counter(encoding_for_model(body["model"]))
        self.text = quote_first_passage(body["messages"]) if reply.text is None else reply.text
        self.pieces = re.findall(r"\s*\S+\s*?(?=\s|$)", self.text)
        self.streams_usage = reply.usage and (body.get("stream_options") or {}).get("include_usage")

    def usage(self) -> dict[str, Any]:
        own = prompt_tokens(self._body["messages"], self._counter)
        prompt = math.ceil(own * self.reply.token_ratio) + self.reply.hidden_tokens
        completion = self._counter.count(self.text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": self.reply.cached_tokens},
        }

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return self._envelope("chat.completion.chunk", choice)

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"usage": self.usage()} if self.reply.usage else {}
        return self._envelope("chat.completion", choice) | usage

    def _envelope(self, kind: str, choice: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": kind,
            "created": 0,
            "model": self._body["model"],
            "choices": [choice],
        }


def quote_first_passage(messages: list[dict[str, str]]) -> str:
    """Return the first sentence of the first numbered passage, and its marker."""
    passages = [m for message in messages for m in _PASSAGE.finditer(message["content"])]
    if not passages:
        return NO_EVIDENCE
    text = passages[0]["text"].strip() or passages[0]["line"].strip()
    sentence = _SENTENCE.match(text)
    return f"{sentence.group().strip() if sentence else ''} [{passages[0][1]}]".lstrip()


def prompt_tokens(messages: list[dict[str, str]], counter: TokenCounter) -> int:
    """Count as OpenAI bills: 3 a message, its role and content, and 3 that prime the answer."""
    parts = ((message["role"], message["content"]) for message in messages)
    return 3 + sum(3 + counter.count(role) + counter.count(content) for role, content in parts)


def embeddings(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    vectors = LocalEmbedder(body.get("dimensions") or 1536).embed(texts).vectors
    as_base64 = body.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(v.tobytes()).decode() if as_base64 else v.tolist(),
        }
        for index, v in enumerate(vectors)
    ]
    counter = load_counter(encoding_for_model(body["model"]))
    tokens = sum(counter.count(text) for text in texts)
    usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if reply.usage else {}
    data.reverse()  # the order of the list promises nothing: `index` does
    return {"object": "list", "data": data, "model": body["model"]} | usage
