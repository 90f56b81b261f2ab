"""The strict prompt budget: what goes into a prompt, what gives way, and the exact tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leanrag import prompts
from leanrag.errors import ConfigurationError, EmptyQuestion, LeanRagError, QuestionTooLong
from leanrag.packing import EvidencePacker, Part
from leanrag.text.tokens import TokenCounter
from leanrag.token_margin import EXACT, TokenMargin
from leanrag.types import (
    BudgetedPrompt,
    Evidence,
    Memory,
    PassageDecision,
    PromptMessage,
    Route,
    Section,
    SectionTokens,
)

# The chat format's overhead, from the OpenAI cookbook, "How to count tokens with tiktoken":
# https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
TOKENS_PER_MESSAGE = 3
TOKENS_PER_REPLY = 3

MIN_QUESTION_TOKENS = 16  # with less room nobody can ask anything
MIN_MESSAGE_TOKENS = 16  # a shorter start of an earlier message tells nothing


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """Tokens at most, of the whole prompt and of its parts with a share of their own.

    `min_trimmed_tokens` is what a trimmed passage must keep; passages that score below `min_score`
    (0 to 1) are dropped.
    """

    max_prompt_tokens: int = 1500
    max_system_tokens: int = 350
    max_question_tokens: int = 400
    max_conversation_tokens: int = 300
    min_trimmed_tokens: int = 20
    min_score: float = 0.0


@dataclass(frozen=True, slots=True)
class SystemSize:
    """How many tokens a system section takes, rules and frame included, and how many it may."""

    tokens: int
    limit: int


class TokenBudgetController:
    """Assembles prompts within the limits: system > question > conversation > primary > secondary.

    Deterministic, without state between calls, and thread-safe.
    """

    def __init__(self, counter: TokenCounter, limits: BudgetLimits) -> None:
        """Count with `counter`. Raises ConfigurationError when the limits cannot hold a prompt."""
        self._counter = counter
        self._limits = limits
        self._system_overhead = TOKENS_PER_MESSAGE + counter.count("system")
        # The answer's priming belongs to no message; the question, which is always there, bears it.
        self._question_overhead = TOKENS_PER_MESSAGE + counter.count("user") + TOKENS_PER_REPLY
        self._conversation_frame = counter.count(
            prompts.CONVERSATION_START + prompts.CONVERSATION_END
        )
        question_share = limits.max_question_tokens + self._question_overhead
        question_share += counter.count(prompts.QUESTION_START)
        self._max_question_section = question_share
        self._max_system_section = min(
            limits.max_system_tokens, limits.max_prompt_tokens - question_share
        )
        self.check_persona("")

    def check_persona(self, persona: str) -> int:
        """Return the tokens of the system section with this persona, for a bot's settings page.

        Raises ConfigurationError when they exceed its share: a persona cut in the middle could lose
        the very rule its author relies on, so it is refused and never cut.
        """
        size = self.system_size(persona)
        if size.tokens > size.limit:
            raise ConfigurationError(
                f"The system prompt takes {size.tokens} tokens and may take {size.limit};"
                " shorten the bot's persona.",
                tokens=size.tokens,
                limit=size.limit,
            )
        return size.tokens

    def system_size(self, persona: str) -> SystemSize:
        """Return the tokens that the system section takes with this persona, and may take."""
        tokens = self._count_system(prompts.system_text(persona))
        return SystemSize(tokens, self._max_system_section)

    def check_question(self, question: str) -> None:
        """Raise EmptyQuestion without any letter or digit, QuestionTooLong beyond its share."""
        if not any(letter.isalnum() for letter in question):
            raise EmptyQuestion("The message holds no words; please write a question.")
        tokens = self._counter.count(question)
        limit = self._limits.max_question_tokens
        if tokens > limit:
            raise QuestionTooLong(
                f"The question takes {tokens} tokens and may take {limit}; please shorten it.",
                tokens=tokens,
                limit=limit,
            )

    def assemble(
        self,
        *,
        persona: str,
        question: str,
        memory: Memory,
        citable: Evidence,
        learn_only: Evidence,
        route: Route,
        margin: TokenMargin = EXACT,
    ) -> BudgetedPrompt:
        """Return the prompt of a turn, of at most `max_prompt_tokens`, with the question whole.

        With a `margin` the limit is what we may count for the provider to count no more than
        `max_prompt_tokens`. `citable` and `learn_only` are the two halves of the evidence. Shares
        that stay unused flow on to the evidence: from system, question and conversation to primary,
        and between primary and secondary both ways. Raises EmptyQuestion, QuestionTooLong, or
        ConfigurationError for a persona beyond its share.
        """
        self.check_question(question)
        system_tokens = self.check_persona(persona)
        section = prompts.question_section(question)
        question_part = Part("question", section, self._counter.count(section))
        max_tokens = margin.limit(self._limits.max_prompt_tokens)
        room = max_tokens - system_tokens - self._question_overhead - question_part.tokens
        if room < 0:
            raise self._without_room(question, room)
        conversation_room = min(room, self._limits.max_conversation_tokens)
        conversation, conversation_tokens = self._conversation(memory, conversation_room)
        packer = EvidencePacker(
            self._counter,
            route=route,
            min_trimmed_tokens=self._limits.min_trimmed_tokens,
            min_score=self._limits.min_score,
        )
        shares: dict[Section, int] = {
            "system": self._max_system_section,
            "question": self._max_question_section,
            "conversation": conversation_room,
        }
        evidence_room = room - conversation_tokens
        while True:
            packed = packer.pack(citable, learn_only, evidence_room)
            parts = [*conversation, *packed.parts, question_part]
            prompt = self._measure(
                prompts.system_text(persona),
                parts,
                {**shares, **packed.max_tokens},
                packed.decisions,
            )
            excess = prompt.total_tokens - max_tokens
            if excess <= 0:
                return prompt
            # Only an encoding that joins tokens across parts comes here: less evidence, again.
            if evidence_room <= 0:
                conversation = []
            evidence_room = max(0, evidence_room - excess)

    def _without_room(self, question: str, room: int) -> LeanRagError:
        """Return why a prompt cannot hold its question, which lacks `-room` tokens under a margin.

        Without a margin there is always room: the shares of persona and question are checked.
        """
        tokens = self._counter.count(question)
        limit = tokens + room
        if limit < MIN_QUESTION_TOKENS:
            return ConfigurationError(
                "The model counts so many more tokens than expected that the bot's persona leaves"
                " no room for a question; shorten it, or choose another model."
            )
        return QuestionTooLong(
            f"The question takes {tokens} tokens and may take {limit} with this model; please"
            " shorten it.",
            tokens=tokens,
            limit=limit,
        )

    def _count_system(self, text: str) -> int:
        return self._system_overhead + self._counter.count(text)

    def _conversation(self, memory: Memory, room: int) -> tuple[list[Part], int]:
        """Render the summary, then as many of the latest messages as fit; the oldest give way."""
        left = room - self._conversation_frame
        lines: list[str] = []
        if memory.summary.strip():
            left = self._add_line(lines, prompts.summary_line(memory.summary), left)
        latest_first: list[str] = []
        for message in reversed(memory.recent):
            carried = len(latest_first)
            left = self._add_line(latest_first, prompts.message_line(message), left)
            if len(latest_first) == carried:
                break
        lines += reversed(latest_first)
        if not lines:
            return [], 0
        text = "".join([prompts.CONVERSATION_START, *lines, prompts.CONVERSATION_END])
        tokens = self._counter.count(text)
        return [Part("conversation", text, tokens)], tokens

    def _add_line(self, lines: list[str], line: str, room: int) -> int:
        """Append `line`, or a start of it, if it fits; return the room that is left."""
        tokens = self._counter.count(line)
        if tokens > room:
            if room < MIN_MESSAGE_TOKENS:
                return room
            line = self._counter.truncate(line, room - 3).rstrip() + "…\n"
            tokens = self._counter.count(line)
            if tokens > room:
                return room
        lines.append(line)
        return room - tokens

    def _measure(
        self,
        system: str,
        parts: Sequence[Part],
        max_tokens: dict[Section, int],
        decisions: tuple[PassageDecision, ...],
    ) -> BudgetedPrompt:
        """Count the whole prompt as it is billed, and attribute its tokens to the sections.

        A section that took over what others left is shown with what it took as its share.
        """
        user = "".join(part.text for part in parts)
        user_tokens = self._counter.count(user)
        used: dict[Section, int] = dict.fromkeys(max_tokens, 0)
        used["system"] = self._count_system(system)
        used["question"] = self._question_overhead
        for section, tokens in self._attribute(parts, user_tokens):
            used[section] += tokens
        return BudgetedPrompt(
            messages=(PromptMessage("system", system), PromptMessage("user", user)),
            total_tokens=used["system"] + self._question_overhead + user_tokens,
            sections=tuple(
                SectionTokens(section, used[section], max(limit, used[section]))
                for section, limit in max_tokens.items()
            ),
            decisions=decisions,
            encoding=self._counter.name,
        )

    def _attribute(self, parts: Sequence[Part], whole: int) -> list[tuple[Section, int]]:
        """Return each part's tokens such that they add up to those of the whole."""
        counted = [(part.section, part.tokens) for part in parts]
        if sum(tokens for _, tokens in counted) == whole:
            return counted
        counted, before, prefix = [], 0, ""
        for part in parts:
            prefix += part.text
            tokens = self._counter.count(prefix)
            counted.append((part.section, tokens - before))
            before = tokens
        return counted
