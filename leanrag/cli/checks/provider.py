"""Is the model provider set up, and, when asked, does it take the key?"""

from __future__ import annotations

from collections.abc import Iterator

from leanrag.cli.checks.finding import Finding, broken, ok, warning
from leanrag.embeddings import embedder_from
from leanrag.errors import ConfigurationError, LeanRagError, ProviderError
from leanrag.llm import chat_model_from
from leanrag.provider import ProviderConfig, open_client, provider_config
from leanrag.provider_errors import provider_errors
from leanrag.settings import Settings

_EXTRACTIVE = "No OPENAI_API_KEY: answers quote the sources."
_LOOK_AT_KEY = "Check OPENAI_API_KEY, OPENAI_BASE_URL and LEANRAG_MODEL."


def check_provider(settings: Settings, *, online: bool) -> Iterator[Finding]:
    """Check the settings of model and embeddings, and with `online` the provider itself."""
    try:
        chat_model_from(settings)
        embedder = embedder_from(settings)
    except ConfigurationError as exc:
        yield broken("model", exc.message, _LOOK_AT_KEY)
        return
    if not settings.has_model():
        yield ok("model", f"{_EXTRACTIVE} Set the key to have them written.")
    elif online:
        yield _check_key(provider_config(settings))
    else:
        message = f"{settings.model} with a key; whether it is accepted was not tried (--online)."
        yield ok("model", message)
    if not embedder.is_remote:
        yield ok("embeddings", f"{embedder.model}, on this machine.")
    elif not online:
        yield ok("embeddings", f"{embedder.model} at the provider; not tried (--online).")
    else:
        try:
            embedder.embed(["ok"])
            yield ok("embeddings", f"{embedder.model} answers at the provider.")
        except LeanRagError as exc:
            yield broken("embeddings", exc.message, _LOOK_AT_KEY)
        finally:
            embedder.close()


def _check_key(config: ProviderConfig) -> Finding:
    """List the provider's models, which costs nothing."""
    client = open_client(config)
    try:
        with provider_errors(model=config.model, api_key=config.api_key):
            known = {model.id.removeprefix("models/") for model in client.models.list()}
    except ProviderError as exc:
        return broken("model", exc.message, _LOOK_AT_KEY)
    finally:
        client.close()
    if config.model not in known:
        message = f"The provider accepts the key but does not list the model {config.model}."
        return warning("model", message, "Check LEANRAG_MODEL; some providers list not all.")
    return ok("model", f"The provider accepts the key and has {config.model}.")
