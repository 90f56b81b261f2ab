from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from uuid import UUID

import pytest

from leanrag.api.replies import ask_reply
from leanrag.bootstrap import Services
from leanrag.cli.turn import to_json
from leanrag.types import AnswerMetadata, Citation, TurnEnded
from tests.provider_server import ProviderServer, Reply

QUESTION = "Kargo ne kadar sürer?"


@pytest.fixture
def provider(clean_environment: pytest.MonkeyPatch) -> ProviderServer:
    """A provider that the command is told to ask."""
    with ProviderServer() as server:
        clean_environment.setenv("OPENAI_API_KEY", "sk-test-1234567890")
        clean_environment.setenv("OPENAI_BASE_URL", server.base_url)
        clean_environment.setenv("LEANRAG_PROVIDER_MAX_RETRIES", "0")
        yield server


def test_an_answer_comes_with_citations_route_and_cost(run_beside: Callable) -> None:
    ran = run_beside("ask", QUESTION)
    assert (ran.code, ran.err) == (0, "")
    answer, _, facts = ran.out.partition("\nRoute:")
    assert "[" in answer.splitlines()[-1]
    assert "saved against sending everything" in facts
    assert "Cost:   $0" in facts


def test_json_is_the_object_that_the_api_returns(run_beside: Callable) -> None:
    ran = run_beside("ask", QUESTION, "--json", "--bot", "shop-assistant")
    reply = json.loads(ran.out)
    assert (ran.code, ran.err, reply["success"]) == (0, "", True)
    assert reply["citations"][0]["quote"]
    assert 0 < reply["metadata"]["prompt_tokens"] <= 1500


def test_json_writes_every_field_as_the_api_does() -> None:
    one, two = UUID(int=1), UUID(int=2)
    ended = TurnEnded(
        conversation_id=one,
        message_id=two,
        text="سلام [1]",
        citations=(Citation(1, one, two, "Title", "Heading", 3, "words"),),
        metadata=AnswerMetadata(
            intent="general",
            confidence=0.5,
            language="fa",
            prompt_tokens=9,
            completion_tokens=2,
            total_tokens=11,
            model_used="m",
            cost_usd=0.001,
            saved_tokens=5,
            usage_reported=True,
            outcome="complete",
            response_time_ms=12.5,
            first_token_ms=None,
        ),
    )
    assert json.loads(to_json(ended)) == ask_reply(ended).model_dump(mode="json")


def test_a_model_writes_the_answer_where_a_key_is_set(
    run_beside: Callable, provider: ProviderServer
) -> None:
    provider.script(Reply(text="Two to four days. [1]"))
    ran = run_beside("ask", QUESTION)
    assert ran.code == 0
    assert ran.out.startswith("Two to four days. [1]\n  [1] ")
    assert len(provider.prompts()) == 1


@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_a_provider_that_refuses_is_one_line(
    run_beside: Callable, provider: ProviderServer, flag: tuple
) -> None:
    provider.script(Reply(status=401, error_code="invalid_api_key"))
    ran = run_beside("ask", QUESTION, *flag)
    assert (ran.code, ran.out.strip(), ran.err.count("\n")) == (1, "", 1)
    assert "refused the API key" in ran.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("??!",), "no words"),
        (("price " * 500,), "may take 400"),
        ((QUESTION, "--tenant", "nobody"), "no tenant"),
        ((QUESTION, "--bot", "nobody"), "bot"),
    ],
    ids=["empty", "long", "tenant", "bot"],
)
def test_a_question_that_is_not_admitted_is_one_line(
    run_beside: Callable, words: tuple, sentence: str
) -> None:
    ran = run_beside("ask", *words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert sentence in ran.err


def test_ctrl_c_stops_the_answer_and_keeps_what_was_said(
    console: Services, start: Callable[..., subprocess.Popen]
) -> None:
    with ProviderServer() as server:
        server.script(Reply(text="one two three four five", silence_after_pieces=(2, 30.0)))
        asking = start(
            "ask",
            QUESTION,
            environment={
                "LEANRAG_HOME": str(console.settings.home),
                "OPENAI_API_KEY": "sk-test-1234567890",
                "OPENAI_BASE_URL": server.base_url,
            },
        )
        assert asking.stdout.read(7) == "one two"
        asking.send_signal(signal.SIGINT)
        out, err = asking.communicate(timeout=10)
        assert server.wait_for_hang_up()
    assert asking.returncode == 130
    assert err == ""
    assert "Tokens:" in out
    conversation = console.conversations.list(console.local_tenant_id, limit=1)[0]
    assert conversation.channel == "cli"
    answer = console.conversations.messages(console.local_tenant_id, conversation.conversation_id)[
        -1
    ]
    assert (answer.text.strip(), answer.status) == ("one two", "stopped")
