from __future__ import annotations

import socket

import pytest

from leanrag.pricing import cost_usd, is_loopback

MILLION = 1_000_000
OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://127.0.0.1:11434/v1"


def test_a_known_model_costs_its_list_price():
    cost = cost_usd("gpt-4o-mini", prompt_tokens=MILLION, completion_tokens=MILLION)
    assert cost == pytest.approx(0.15 + 0.60)


def test_a_dated_model_name_costs_the_same_as_the_plain_one():
    dated = cost_usd("gpt-4o-mini-2024-07-18", prompt_tokens=1500, base_url=OPENAI)
    assert dated == cost_usd("gpt-4o-mini", prompt_tokens=1500, base_url=OPENAI)


def test_cached_tokens_are_part_of_the_prompt_and_cheaper():
    cost = cost_usd("gpt-4o-mini", prompt_tokens=MILLION, cached_tokens=MILLION // 2)
    assert cost == pytest.approx(0.5 * 0.15 + 0.5 * 0.075)


def test_more_cached_tokens_than_prompt_tokens_count_as_all_cached():
    assert cost_usd("gpt-4o-mini", prompt_tokens=MILLION, cached_tokens=2 * MILLION) == (
        pytest.approx(0.075)
    )


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("llama-3.3-70b-versatile", "https://api.groq.com/openai/v1"),
        ("gemini-2.0-flash", "https://generativelanguage.googleapis.com/v1beta/openai/"),
        ("openai/gpt-4o-mini", "https://openrouter.ai/api/v1"),
        ("text-embedding-3-small", ""),
        ("text-embedding-3-large", OPENAI),
        ("gpt-4o-mini", "https://gateway.example.org/v1"),
        ("gpt-4o-mini", "http://localhost:4000"),
        ("text-embedding-3-small", "http://localhost:4000"),
    ],
)
def test_a_model_is_priced_wherever_it_is_sold(model: str, base_url: str):
    cost = cost_usd(model, prompt_tokens=1000, completion_tokens=0, base_url=base_url)
    assert cost is not None
    assert 0 < cost < 0.01


@pytest.mark.parametrize("model", ["extractive", "local-chargram-3-5-d1536"])
def test_our_own_models_cost_nothing(model: str):
    assert cost_usd(model, prompt_tokens=MILLION, base_url=OPENAI) == 0.0


@pytest.mark.parametrize("model", ["llama3.2", "deepseek-r1:7b", "gpt-oss-20b", "gemma3:4b"])
def test_a_model_on_this_machine_costs_nothing(model: str):
    assert cost_usd(model, prompt_tokens=MILLION, base_url=OLLAMA) == 0.0


@pytest.mark.parametrize("base_url", ["", OPENAI, "https://gateway.example.org/v1"])
def test_an_unknown_model_has_no_price_rather_than_a_wrong_one(base_url: str):
    assert cost_usd("acme-chat-9000", prompt_tokens=1500, base_url=base_url) is None


def test_no_tokens_cost_nothing():
    assert cost_usd("gpt-4o-mini", prompt_tokens=0) == 0.0


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.2/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://localhost.example.org", False),
        ("http://10.0.0.5/v1", False),
        ("", False),
    ],
)
def test_loopback_addresses_are_told_apart(base_url: str, expected: bool):
    assert is_loopback(base_url) is expected


def test_pricing_never_touches_the_network(monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object) -> None:
        raise AssertionError(f"connected to {args[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert cost_usd("gpt-4.1-nano", prompt_tokens=10, base_url=OPENAI) is not None
    assert cost_usd("nobody-knows-this", prompt_tokens=10) is None
