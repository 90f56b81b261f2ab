"""What a provider call costs, from the price list of the installed genai-prices package.

The list ships inside the package and is never refreshed over the network, so a cost is the same on
every machine with the same requirements. Prices are list prices in US dollars.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from genai_prices import Usage, calc_price

from leanrag.types import CACHED_ANSWER, FIXED_REPLY

EXTRACTIVE_MODEL = "extractive"
_OWN_MODELS = frozenset({EXTRACTIVE_MODEL, FIXED_REPLY, CACHED_ANSWER})
LOCAL_EMBEDDING_PREFIX = "local-"
# Makers whose models run nowhere but at themselves: under these names a server on this machine is
# a gateway, and the call is billed. Their open-weight models are the exception.
_CLOSED_MAKERS = ("openai", "anthropic")
_OPEN_WEIGHTS = "gpt-oss"


@dataclass(frozen=True, slots=True)
class _Seller:
    """Where the price list looks a model up: by maker, by address, or (neither) by its name."""

    maker: str | None = None
    address: str | None = None


def cost_usd(
    model: str,
    *,
    prompt_tokens: int,
    completion_tokens: int = 0,
    cached_tokens: int = 0,
    base_url: str = "",
) -> float | None:
    """Return the list price of a call in US dollars; None when no price of `model` is known.

    `prompt_tokens` include the `cached_tokens`, as providers report them. LeanRAG's own models cost
    0.0, and so does any model at a loopback `base_url`, unless its name is one that only OpenAI or
    Anthropic serve: then a local gateway stands in front of them. At an address that the price list
    does not know, the model's name alone decides.
    """
    if model in _OWN_MODELS or model.startswith(LOCAL_EMBEDDING_PREFIX):
        return 0.0
    seller = _find_seller(model, base_url)
    if seller is None:
        return 0.0 if is_loopback(base_url) else None
    return _price(model, seller, prompt_tokens, completion_tokens, cached_tokens)


@lru_cache(maxsize=256)
def _find_seller(model: str, base_url: str) -> _Seller | None:
    """Return the first place that has a price for `model`, or None. Takes about 5 ms, once."""
    by_maker = [_Seller(maker=maker) for maker in _CLOSED_MAKERS]
    if is_loopback(base_url):
        candidates = [] if _OPEN_WEIGHTS in model else by_maker
    else:
        by_address = [_Seller(address=base_url)] if base_url else []
        candidates = [*by_address, _Seller(), *by_maker]
    for seller in candidates:
        try:
            _price(model, seller, 1, 0, 0)
        except LookupError:
            continue
        return seller
    return None


def _price(
    model: str, seller: _Seller, prompt_tokens: int, completion_tokens: int, cached_tokens: int
) -> float:
    usage = Usage(
        input_tokens=prompt_tokens,
        output_tokens=completion_tokens,
        cache_read_tokens=min(cached_tokens, prompt_tokens),
    )
    if seller.maker:
        return float(calc_price(usage, model, provider_id=seller.maker).total_price)
    return float(calc_price(usage, model, provider_api_url=seller.address).total_price)


@lru_cache(maxsize=64)
def is_loopback(base_url: str) -> bool:
    """Tell whether an address belongs to this machine: localhost, 127.0.0.0/8 or ::1."""
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
