"""What goes wrong at a model provider, translated into LeanRAG's errors.

The sentences are for people: they show neither the key nor the provider's raw words, which go to
the log with the key taken out.
"""

from __future__ import annotations

import email.utils
import logging
import math
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from leanrag.errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnauthorized,
    ProviderUnavailable,
)

if TYPE_CHECKING:  # importing openai takes 0.4 s; without a key it is never needed
    import httpx2
    import openai

_log = logging.getLogger(__name__)
_LOGGED_CHARACTERS = 300
_KEY_SHAPE = re.compile(r"\b(?:(?:sk|gsk|xai)[-_]|AIza|Bearer )[\w*.-]{4,}", re.IGNORECASE)

_REFUSED_KEY = "The model provider refused the API key; check the key in the settings."
_REFUSED_ACCESS = "The API key may not use the model {model}; choose another model or another key."
_UNKNOWN_MODEL = (
    "The model provider does not know the model {model}; check the model's name and the address."
)
_RATE_LIMITED = "The model provider asked to slow down; try again in a moment."
_NO_CREDIT = "The account at the model provider has no credit left; add credit or use another key."
_TIMEOUT = "The model provider did not answer in time; try again in a moment."
_UNREACHABLE = "The model provider could not be reached; check the address and the network."
_FAILED = "The model provider failed on its side; try again in a moment."
_BROKEN_REPLY = "The model provider sent a reply that cannot be read; try again in a moment."
_REJECTED = "The model provider rejected the request; check the model's name and its settings."
BROKEN_OFF = "The connection to the model provider broke off before the answer was complete."


@contextmanager
def provider_errors(*, model: str, api_key: str) -> Iterator[None]:
    """Translate whatever a provider call raises; the original is logged and not chained.

    A chained original would carry the raw body, and some providers echo the key in it.
    """
    import httpx2
    import openai

    # The client does not validate replies: on a wrong shape its own code stumbles.
    unreadable = (ValueError, TypeError, AttributeError)
    try:
        yield
    except (openai.OpenAIError, httpx2.HTTPError, TimeoutError, *unreadable) as error:
        raise translate(error, model=model, api_key=api_key) from None


def translate(error: Exception, *, model: str, api_key: str) -> ProviderError:
    """Return the ProviderError for `error`, with one sentence that shows neither key nor body."""
    import openai

    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    _log.warning(
        "The call to %s failed: %s (status %s): %s",
        model,
        type(error).__name__,
        status,
        redact(str(error), api_key)[:_LOGGED_CHARACTERS],
    )
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, model)
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return ProviderTimeout(_TIMEOUT)
    if isinstance(error, openai.APIConnectionError):
        return ProviderUnavailable(BROKEN_OFF if _was_connected(error) else _UNREACHABLE)
    if type(error) is openai.APIError:  # an error event inside a stream
        return _from_stream_event(error)
    is_invalid_reply = isinstance(error, openai.APIResponseValidationError)
    if isinstance(error, openai.OpenAIError) and not is_invalid_reply:
        return ProviderError(_REJECTED)
    return ProviderUnavailable(_BROKEN_REPLY)


def _from_status(error: openai.APIStatusError, model: str) -> ProviderError:
    status = error.status_code
    if status == 401:
        return ProviderUnauthorized(_REFUSED_KEY)
    if status == 403:
        return ProviderUnauthorized(_REFUSED_ACCESS.format(model=model))
    if status == 404:
        return ProviderUnavailable(_UNKNOWN_MODEL.format(model=model))
    if status in (408, 504):
        return ProviderTimeout(_TIMEOUT)
    if status == 429:
        return _rate_limited(error.code, retry_after_seconds(error.response.headers))
    if status == 409 or status >= 500:
        return ProviderUnavailable(_FAILED)
    return ProviderError(_REJECTED)


def _from_stream_event(error: openai.APIError) -> ProviderError:
    reason = f"{error.code} {error.type}".lower()
    if "rate_limit" in reason or "429" in reason or "insufficient_quota" in reason:
        return _rate_limited(error.code, 0.0)
    return ProviderUnavailable(_FAILED)


def _was_connected(error: openai.APIConnectionError) -> bool:
    import httpx2

    return isinstance(error.__cause__, httpx2.ReadError | httpx2.RemoteProtocolError)


def _rate_limited(code: str | None, retry_after_seconds: float) -> ProviderRateLimited:
    sentence = _NO_CREDIT if code == "insufficient_quota" else _RATE_LIMITED
    return ProviderRateLimited(sentence, retry_after_seconds=retry_after_seconds)


def refused_parameter(error: openai.APIStatusError, sent: tuple[str, ...]) -> str | None:
    """Name the parameter, of those that were `sent`, which a 400 or 422 complains about."""
    if error.status_code not in (400, 422):
        return None
    # `param` comes from the body unchecked; many servers name the parameter in the sentence only.
    by_field = [name for name in sent if name in str(error.param).split(".")]
    by_sentence = [name for name in sent if name in str(error)]
    return next(iter(by_field or by_sentence), None)


def redact(text: str, api_key: str) -> str:
    """Return `text` without the key, and without anything shaped like one."""
    return _KEY_SHAPE.sub("[redacted]", text.replace(api_key, "[redacted]") if api_key else text)


def retry_after_seconds(headers: httpx2.Headers) -> float:
    """Return the wait that a reply asks for (RFC 9110, 10.2.3: seconds or a date); 0 if none."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        date = email.utils.parsedate_tz(value)
        seconds = email.utils.mktime_tz(date) - time.time() if date else 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
