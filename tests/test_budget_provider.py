"""Our count of a prompt against what a provider reports for it, through the real client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
import tiktoken

from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.llm import OpenAiChatModel
from leanrag.provider import ProviderConfig
from leanrag.text.tokens import encoding_for_model, load_counter
from leanrag.token_margin import EXACT, TokenMargin
from leanrag.types import (
    BudgetedPrompt,
    Evidence,
    Language,
    Memory,
    ModelUsage,
    Passage,
    PastMessage,
    Route,
    SourceShare,
)
from tests.made_passages import made_passage
from tests.provider_calls import KEY
from tests.provider_server import ProviderServer, Reply

QUESTIONS: dict[Language, str] = {
    "fa": "هزینهٔ ارسال به اصفهان چقدر است و چند روز طول می‌کشد؟",
    "en": "What does delivery to Isfahan cost, and how many days does it take?",
    "ar": "كم تكلفة التوصيل إلى أصفهان، وكم يومًا يستغرق؟",
    "tr": "İsfahan'a gönderim ücreti ne kadar ve kaç gün sürüyor?",
}
SENTENCES: dict[Language, str] = {
    "fa": "ارسال شماره {n} با پست پیشتاز ۳ روز کاری زمان می‌برد و ۹۵٬۰۰۰ تومان هزینه دارد. ",
    "en": "Parcel no. {n} takes three working days by express mail and costs 95,000 toman. ",
    "ar": "الطرد رقم {n} يستغرق ثلاثة أيام عمل بالبريد السريع ويكلّف ٩٥ ألف تومان. ",
    "tr": "{n} numaralı koli hızlı kargoyla üç iş günü sürer ve 95.000 tümen tutar. ",
}
MEMORIES: dict[Language, str] = {
    "fa": "سلام، یک قوری می‌خواهم",
    "en": "Hello, I want a teapot",
    "ar": "مرحبًا، أريد إبريقًا",
    "tr": "Merhaba, bir çaydanlık istiyorum",
}
MODELS = ("gpt-4o-mini", "gpt-4.1", "gpt-4-turbo", "gpt-3.5-turbo")


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    with ProviderServer(api_key=KEY) as running:
        yield running


def full_prompt(model: str, language: Language, margin: TokenMargin = EXACT) -> BudgetedPrompt:
    counter = load_counter(encoding_for_model(model))
    passages = []
    for number in range(20):
        lines = range(number * 10, number * 10 + 4)
        text = "".join(SENTENCES[language].format(n=n) for n in lines).strip()
        passages.append(passage(number, language, text, counter.count(text)))
    return TokenBudgetController(counter, BudgetLimits()).assemble(
        persona="You are the support assistant of a small tea shop: warm, brief and exact.",
        question=QUESTIONS[language],
        memory=Memory("", (PastMessage("user", MEMORIES[language]),)),
        citable=Evidence(tuple(passages[:14]), tuple(passages[14:])),
        learn_only=Evidence((), ()),
        route=Route(language, "general", 0.5, (), SourceShare((), 900), SourceShare((), 300)),
        margin=margin,
    )


def passage(number: int, language: Language, text: str, tokens: int) -> Passage:
    return made_passage(
        number,
        text,
        source_id=UUID(int=100),
        kind="faq",
        source_title="Delivery",
        title="Delivery",
        language=language,
        token_count=tokens,
        lexical_score=0.5,
        dense_score=0.5,
        score=1 - number / 100,
    )


def reported(server: ProviderServer, model: str, prompt: BudgetedPrompt) -> ModelUsage:
    client = OpenAiChatModel(ProviderConfig(KEY, server.base_url, model, max_retries=0))
    try:
        pieces = list(client.stream(prompt.messages, cancelled=threading.Event()))
    finally:
        client.close()
    usage = pieces[-1].usage
    assert usage is not None
    return usage


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("language", QUESTIONS)
def test_the_count_is_exactly_what_is_reported_for_openais_encodings(
    server: ProviderServer, model: str, language: Language
):
    prompt = full_prompt(model, language)
    assert reported(server, model, prompt).prompt_tokens == prompt.total_tokens
    assert 1400 < prompt.total_tokens <= 1500
    # The stand-in counts with the product's counter: count once more with tiktoken's own.
    encoding = tiktoken.get_encoding(prompt.encoding)
    billed = 3 + sum(
        3 + len(encoding.encode_ordinary(m.role)) + len(encoding.encode_ordinary(m.content))
        for m in prompt.messages
    )
    assert billed == prompt.total_tokens


@pytest.mark.parametrize("factor", [1.0, 1.1, 1.25, 1.75])
@pytest.mark.parametrize("language", QUESTIONS)
def test_with_the_right_margin_the_report_is_within_the_limit_and_close_to_it(
    server: ProviderServer, factor: float, language: Language
):
    server.script(Reply(token_ratio=factor))
    prompt = full_prompt("qwen3-8b", language, TokenMargin(factor, "learned", 50))
    assert prompt.messages[-1].content.endswith(QUESTIONS[language])
    assert 1300 < reported(server, "qwen3-8b", prompt).prompt_tokens <= 1500


def test_without_a_margin_another_tokenizer_goes_above_the_limit(server: ProviderServer):
    server.script(Reply(token_ratio=1.1))
    assert reported(server, "qwen3-8b", full_prompt("qwen3-8b", "fa")).prompt_tokens > 1500
