"""Everything that can go wrong, as one tree with stable codes.

SmailError
├── StorageAway            the database cannot be reached
├── ActionError            what a person asked for cannot be done
│   ├── NotFound               not there, or not theirs: nobody learns which
│   ├── InvalidRequest         the request itself is wrong
│   ├── PromptTooLong          the text is over a size limit
│   ├── RateLimited            too many in too short a time; carries `retry_after`
│   │   └── QueueFull              too many answers waiting or running
│   └── Conflict               the chat has moved on meanwhile
└── ProviderError          the model, its server or the way there failed
    ├── ModelServerUnreachable refused, reset, DNS, connect time-out
    ├── ModelServerBusy        503, its own queue is full
    ├── ModelServerError       500, 502, 504, a page of HTML instead of an answer
    ├── ModelNotFound          404 for the model
    ├── ModelUnauthorized      401 or 403
    ├── ModelRateLimited       429 of a cloud model
    ├── ModelRejected          400: it does not take this request
    │   ├── FeatureUnsupported     no tools, no thinking, no images, no chat
    │   └── ContextExceeded        longer than the model's window
    ├── ModelFailed            an error line in the middle of an answer
    ├── ModelStalled           silent for too long
    ├── EmptyAnswer            it ended well and said nothing
    └── StreamInterrupted      the answer ended without its end
        └── StreamGarbled          bytes that are not the protocol

`code` goes into events, JSON and the database and never changes meaning; `text` is a sentence for people and
holds no address, path, key or stack; `retryable` says whether the same request may succeed later.
"""

from __future__ import annotations

from typing import ClassVar


class SmailError(Exception):
    """The root: `str(error)` is the sentence for people."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    default_text: ClassVar[str] = "Something went wrong."

    def __init__(self, text: str = "") -> None:
        self.text = text or self.default_text
        super().__init__(self.text)


class ActionError(SmailError):
    """What a person asked for cannot be done; nothing was changed."""

    http_status = 400


class StorageAway(SmailError):
    code = "storage_unavailable"
    retryable = True
    http_status = 503
    default_text = "Storage cannot be reached just now. Nothing was lost; try again in a moment."


class NotFound(ActionError):
    code = "not_found"
    http_status = 404
    default_text = "There is nothing here, or it is not yours."


class InvalidRequest(ActionError):
    code = "invalid_request"
    default_text = "That request could not be understood."


class PromptTooLong(ActionError):
    code = "prompt_too_long"
    http_status = 413
    default_text = "That message is too long."


class Conflict(ActionError):
    code = "conflict"
    http_status = 409
    default_text = "The chat has changed meanwhile. Reload it and try again."


class RateLimited(ActionError):
    """Too many in too short a time; `retry_after` is in whole seconds, at least 1."""

    code = "rate_limited"
    retryable = True
    http_status = 429

    def __init__(self, text: str = "", *, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(text or f"You are sending faster than allowed. Try again in {self.retry_after} s.")


class QueueFull(RateLimited):
    """Too many answers of one user are waiting or running."""

    code = "queue_full"


class ProviderError(SmailError):
    """The model, its server or the way there failed."""

    http_status = 502


class ModelServerUnreachable(ProviderError):
    code = "server_unreachable"
    retryable = True
    default_text = "The model server cannot be reached. Is Ollama running?"


class ModelServerBusy(ProviderError):
    code = "server_busy"
    retryable = True
    http_status = 503
    default_text = "The model server has too many requests waiting."


class ModelServerError(ProviderError):
    code = "server_error"
    retryable = True
    default_text = "The model server reported an error."


class ModelNotFound(ProviderError):
    code = "model_not_found"
    default_text = "The model server does not have this model. Choose another one."


class ModelUnauthorized(ProviderError):
    code = "model_unauthorized"
    default_text = "The model server refused access. An operator has to sign it in."


class ModelRateLimited(ProviderError):
    code = "model_rate_limited"
    retryable = True
    default_text = "The model server is limiting requests."


class ModelRejected(ProviderError):
    code = "model_rejected"
    default_text = "The model server did not accept the request."


class FeatureUnsupported(ModelRejected):
    code = "feature_unsupported"
    default_text = "This model cannot do what was asked of it."


class ContextExceeded(ModelRejected):
    code = "context_exceeded"
    default_text = "The chat is longer than this model can read. Start a new chat or shorten the message."


class ModelFailed(ProviderError):
    code = "model_failed"
    retryable = True
    default_text = "The model stopped with an error in the middle of its answer."


class ModelStalled(ProviderError):
    code = "model_stalled"
    retryable = True
    default_text = "The model has been silent for too long."


class EmptyAnswer(ProviderError):
    code = "empty_answer"
    retryable = True
    default_text = "The model ended without an answer."


class StreamInterrupted(ProviderError):
    code = "interrupted"
    retryable = True
    default_text = "The answer was interrupted before its end. The text so far is kept."


class StreamGarbled(StreamInterrupted):
    code = "garbled"
    default_text = "The model server sent something that is not an answer. The text so far is kept."


def is_retryable(code: str) -> bool:
    """Return whether the same request may succeed later, for any code of the tree; False for unknown codes."""
    return _RETRYABLE.get(code, False)


def _tree(root: type[SmailError]) -> list[type[SmailError]]:
    return [root, *(error for child in root.__subclasses__() for error in _tree(child))]


_RETRYABLE = {error.code: error.retryable for error in _tree(SmailError) if "code" in vars(error)}
