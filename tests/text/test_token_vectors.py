"""Exact counts in the four languages: constants worked out by tiktoken 0.14's own encodings."""

from __future__ import annotations

from uuid import UUID

import pytest
import tiktoken

from leanrag.budget import (
    TOKENS_PER_MESSAGE,
    TOKENS_PER_REPLY,
    BudgetLimits,
    TokenBudgetController,
)
from leanrag.text.tokens import ENCODING_FILES, load_counter
from leanrag.types import (
    Evidence,
    Memory,
    Passage,
    PastMessage,
    PromptMessage,
    Route,
    SourceShare,
)
from tests.made_passages import made_passage

# text → tokens in o200k_base and in cl100k_base
VECTORS = [
    ("سلام، هزینهٔ ارسال کتری برقی به شیراز چقدر است و چند روز طول می\u200cکشد؟", 24, 54),
    ("كتاب\u200cهاي قديمي، ۱۲۳٬۴۵۶ تومان؛ می\u200cخواهم/نمی\u200cخواهم؟", 26, 53),
    ("کد تخفیف SUMMER20 برای مدل CW-205 کار نمی\u200cکند 😡", 18, 30),
    ("Hello, I'd like to return the kettle: it doesn't boil. What's the refund time?", 18, 21),
    ("SKU TW-101\t1,450.00 TRY (VAT incl.)\n\n- 2.2 l; - 18/10 steel", 28, 29),
    ("naïve café – “quoted” … 50% off @ https://shop.example/en?id=42&x=é", 26, 26),
    ("مرحبًا، كم تكلفة توصيل الغلاية الكهربائية إلى جدة وكم يومًا تستغرق؟", 22, 52),
    ("السَّلامُ عَلَيْكُم ورَحْمَةُ الله، الطلب رقم ١٢٣٤٥٦ لم يصل!", 29, 55),
    ("رمز الخصم SUMMER20 لا يعمل مع موديل CW-205 🙏", 17, 27),
    ("Merhaba, elektrikli su ısıtıcısının İzmir'e kargo ücreti ne kadar, kaç günde gelir?", 28, 34),
    ("İADE ŞARTLARI: 30 gün içinde, %10 kesinti olmadan; ÇĞİÖŞÜ çğıöşü", 30, 35),
    ("SUMMER20 kodu CW-205 modelinde çalışmıyor 😡 yardımcı olur musunuz", 19, 25),
    ("gheymat e in ketri chande?", 11, 11),
    ("kam se3r el ghallaya, 3ayz a3raf?", 17, 18),
]
# A whole list of messages → the prompt tokens that are billed, chat format included.
MESSAGES = (
    PromptMessage("system", "You are the shop's assistant. پاسخ کوتاه بده."),
    PromptMessage("user", "هزینهٔ ارسال چقدر است؟"),
    PromptMessage("assistant", "۶۵ لیر [1]"),
    PromptMessage("user", "ve İzmir'e? وإلى جدة؟ And abroad?"),
)
BILLED = {"o200k_base": 58, "cl100k_base": 82}

PERSONAS_AND_QUESTIONS = [
    ("دستیار فروشگاه چای هستی.", "هزینهٔ ارسال به شیراز چقدر است؟"),
    ("You help a tea shop's customers.", "What does delivery to Leeds cost?"),
    ("أنت مساعد متجر شاي.", "كم تكلفة التوصيل إلى جدة؟"),
    ("Bir çay dükkânının asistanısın.", "İzmir'e kargo ücreti ne kadar?"),
]


@pytest.mark.parametrize(("text", "o200k", "cl100k"), VECTORS)
def test_a_text_has_exactly_the_known_tokens(text: str, o200k: int, cl100k: int) -> None:
    assert load_counter("o200k_base").count(text) == _count("o200k_base", text) == o200k
    assert load_counter("cl100k_base").count(text) == _count("cl100k_base", text) == cl100k


@pytest.mark.parametrize("encoding", ENCODING_FILES)
def test_a_list_of_messages_is_billed_by_the_cookbook_formula(encoding: str) -> None:
    counter = load_counter(encoding)
    ours = TOKENS_PER_REPLY + sum(
        TOKENS_PER_MESSAGE + counter.count(message.role) + counter.count(message.content)
        for message in MESSAGES
    )
    assert ours == _billed(encoding, MESSAGES) == BILLED[encoding]


@pytest.mark.parametrize("encoding", ENCODING_FILES)
@pytest.mark.parametrize(("persona", "question"), PERSONAS_AND_QUESTIONS)
def test_a_whole_prompt_of_four_languages_counts_what_is_billed(
    encoding: str, persona: str, question: str
) -> None:
    passages = tuple(_passage(number, text) for number, (text, _, _) in enumerate(VECTORS))
    prompt = TokenBudgetController(load_counter(encoding), BudgetLimits()).assemble(
        persona=persona,
        question=question,
        memory=Memory("مشتری · customer · عميل · müşteri", (PastMessage("user", question),)),
        citable=Evidence(passages[:7], passages[7:]),
        learn_only=Evidence((), ()),
        route=Route(
            "fa", "general", 0.0, (), SourceShare(("faq",), 600), SourceShare(("document",), 300)
        ),
    )
    assert len(prompt.carried()) == len(passages)
    assert prompt.total_tokens == _billed(encoding, prompt.messages)
    assert prompt.total_tokens == sum(section.tokens for section in prompt.sections)


def _count(encoding: str, text: str) -> int:
    load_counter(encoding)  # first, so that tiktoken finds the shipped file
    return len(tiktoken.get_encoding(encoding).encode(text, disallowed_special=()))


def _billed(encoding: str, messages: tuple[PromptMessage, ...]) -> int:
    """Count as the OpenAI cookbook does, "How to count tokens with tiktoken"."""
    return 3 + sum(
        3 + _count(encoding, message.role) + _count(encoding, message.content)
        for message in messages
    )


def _passage(number: int, text: str) -> Passage:
    return made_passage(
        number,
        text,
        source_id=UUID(int=1),
        kind="faq",
        source_title="راهنما · Guide · دليل · Kılavuz",
        language="fa",
        token_count=0,
        score=1 - number / 100,
    )
