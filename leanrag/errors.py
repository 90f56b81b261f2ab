"""Every error that LeanRAG raises on purpose: one tree, each with a code and an HTTP status.

The message is one plain sentence for the person who has to act: what was wrong and what to do.
"""

from __future__ import annotations


class LeanRagError(Exception):
    """Root of the tree. `code` is stable for programs; `status` is the HTTP status that fits."""

    code = "internal_error"
    status = 500

    def __init__(self, message: str, **details: object) -> None:
        """Keep the sentence for people and the details for programs."""
        super().__init__(message)
        self.message = message
        self.details = details


class ConfigurationError(LeanRagError):
    """A setting is missing, unsafe or contradicts another; the product refuses to start."""

    code = "configuration"


class DatabaseUnavailable(LeanRagError):
    """The database does not answer, or lacks what LeanRAG needs of it."""

    code = "database_unavailable"
    status = 503


# ---- what a caller asked for ------------------------------------------------------------------


class InvalidInput(LeanRagError):
    """The request cannot be served as it is; the message says what to change."""

    code = "invalid_input"
    status = 422


class EmptyQuestion(InvalidInput):
    """The question holds no letter or digit to search for."""

    code = "empty_question"


class QuestionTooLong(InvalidInput):
    """The question does not fit into its share of the prompt."""

    code = "question_too_long"


class NotFound(LeanRagError):
    """Nothing with that id or name exists for this tenant."""

    code = "not_found"
    status = 404


class Conflict(LeanRagError):
    """The thing is in a state that does not allow this, or exists already."""

    code = "conflict"
    status = 409


class Forbidden(LeanRagError):
    """The caller may not do this, or the request comes from where it must not."""

    code = "forbidden"
    status = 403


class Unauthenticated(LeanRagError):
    """The caller does not say who it is, or says so with something that does not count."""

    code = "unauthenticated"
    status = 401


class WrongCode(Unauthenticated):
    """A sign-in code is wrong, too old, used, or was tried too often; which of it is not told."""

    code = "wrong_code"


class RateLimited(LeanRagError):
    """Too many requests; details name limit, used, remaining and reset (seconds)."""

    code = "rate_limited"
    status = 429


class QuotaExceeded(RateLimited):
    """The tenant's quota of this period is used up; details as for RateLimited."""

    code = "quota_exceeded"


# ---- files ------------------------------------------------------------------------------------


class FileRejected(InvalidInput):
    """An uploaded file cannot be taken; the message says why."""

    code = "file_rejected"


class EmptyFile(FileRejected):
    """The file has no bytes, or no text at all."""

    code = "empty_file"


class FileTooLarge(FileRejected):
    """The file has more bytes or pages than the limit."""

    code = "file_too_large"
    status = 413


class UnsupportedFileType(FileRejected):
    """The content is not of a type that LeanRAG reads, whatever its name says."""

    code = "unsupported_file_type"
    status = 415


class EncryptedFile(FileRejected):
    """The file asks for a password."""

    code = "encrypted_file"


class NoTextFound(FileRejected):
    """The file can be read but holds no text, as a scan without text recognition."""

    code = "no_text"


class ExtractionFailed(FileRejected):
    """The file is broken, or reading it took more time or memory than allowed."""

    code = "extraction_failed"


class ProcessingStopped(LeanRagError):
    """A person stopped the processing of a source, or deleted it, while it was under way."""

    code = "processing_stopped"
    status = 409


class ProcessingDelayed(LeanRagError):
    """A source cannot be processed right now, through no fault of its own; its job tries again.

    Where the provider asked for a pause, details hold it as `retry_after_seconds`.
    """

    code = "processing_delayed"
    status = 503


class ProcessingInterrupted(LeanRagError):
    """The worker ends; its job goes back into the queue, for the next one."""

    code = "processing_interrupted"
    status = 503


# ---- the model provider -----------------------------------------------------------------------


class ProviderError(LeanRagError):
    """The model provider could not serve the call."""

    code = "provider_error"
    status = 502


class ProviderUnauthorized(ProviderError):
    """The provider refused the key."""

    code = "provider_unauthorized"


class ProviderRateLimited(ProviderError):
    """The provider asked to slow down, and still did after the retries."""

    code = "provider_rate_limited"
    status = 503


class ProviderTimeout(ProviderError):
    """The provider stayed silent for longer than allowed."""

    code = "provider_timeout"
    status = 504


class ProviderUnavailable(ProviderError):
    """The provider could not be reached, failed, or its stream broke off."""

    code = "provider_unavailable"
    status = 503


class EmbeddingUnavailable(ProviderError):
    """Texts could not be embedded."""

    code = "embedding_unavailable"
    status = 503


_TEMPORARY = {error.code for error in (ProviderRateLimited, ProviderTimeout, ProviderUnavailable)}


def is_temporary(error: LeanRagError) -> bool:
    """Tell whether a provider failed in a way that passes by itself."""
    return error.code in _TEMPORARY or error.details.get("reason") in _TEMPORARY
