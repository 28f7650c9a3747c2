"""Whatever goes wrong with Ollama, as an error of `chat.errors`.

Three doors: `from_status` (an answer other than 200), `from_line` (an `error` in the stream) and `from_connection`
(httpx's errors). What people get to read is our own sentence, or the server's where it holds no address or path;
the server's own words are kept as a note on the exception, for the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from chat import errors

NOTE_CHARS = 2_000
# More than this is a page, not a sentence.
SENTENCE_CHARS = 240
# A path, an address, a port, markup or JSON: not for people.
INTERNAL = re.compile(r"""[/\\<>{}@]|\d+\.\d+\.\d+|:\d{2,5}\b|\b0x[0-9a-f]+""", re.IGNORECASE)

UNSUPPORTED = re.compile(r"does not support (\w+)|(image|audio) input is not supported")
FEATURES = {
    "tools": "This model cannot use tools.",
    "thinking": "This model has no thinking mode.",
    "chat": "This model cannot chat; it is made for another purpose.",
    "generate": "This model cannot chat; it is made for another purpose.",
    "image": "This model cannot see images.",
    "vision": "This model cannot see images.",
    "audio": "This model cannot hear audio.",
}
CONTEXT = re.compile(
    r"exceed_context_size|exceeds the available context size|longer than the context length|input length exceeds",
)
NOT_FOUND = re.compile(r"^model ['\"].*['\"] not found")
BUSY = re.compile(r"server busy|maximum pending requests")
REJECTED = re.compile(r"^invalid format: |^option \".*\" must be of type |prefill is incompatible")
UNAUTHORIZED = re.compile(r"^unauthorized$|cloud is disabled")

STATUS_ERRORS: Mapping[int, type[errors.ProviderError]] = {
    401: errors.ModelUnauthorized,
    403: errors.ModelUnauthorized,
    408: errors.ModelServerError,
    429: errors.ModelRateLimited,
    499: errors.ModelServerError,
    503: errors.ModelServerBusy,
}


def from_status(status: int, body: bytes) -> errors.ProviderError:
    """Say what an answer other than 200 means."""
    problem = problem_in(body)
    if known := _recognised(problem):
        return _noted(known, status, problem)
    kind = STATUS_ERRORS.get(status)
    if kind is None:
        # 404 and 405 with another text than Ollama's mean that no Ollama lives there.
        is_refusal = 400 <= status < 500 and status not in (404, 405)
        kind = errors.ModelRejected if is_refusal else errors.ModelServerError
    return _noted(kind(_for_people(kind, problem)), status, problem)


def from_line(said: Mapping[str, Any], *, begun: bool) -> errors.ProviderError:
    """Say what an `error` in a stream means; before the first delta it is what a status would have been."""
    problem = _inner(said.get("error"))
    if not begun:
        if known := _recognised(problem):
            return _noted(known, 200, problem)
        status = said.get("StatusCode") or said.get("status")
        if isinstance(status, int) and status >= 400:
            return from_status(status, json.dumps({"error": problem}).encode())
    return _noted(errors.ModelFailed(_for_people(errors.ModelFailed, problem)), 200, problem)


def problem_in(body: bytes) -> str:
    """Return the server's own words, whatever the Content-Type says; the body itself where it is no JSON."""
    text = body.decode(errors="replace").strip()
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _inner(said.get("error")) if isinstance(said, dict) and said.get("error") else text


def from_connection(error: httpx.HTTPError | httpx.InvalidURL, *, begun: bool) -> errors.ProviderError:
    """Say what a broken connection means. `begun`: the head of an answer has been read, so there was a server."""
    match error:
        case httpx.ReadTimeout() | httpx.WriteTimeout():
            return errors.ModelStalled()
        case httpx.RemoteProtocolError() if not begun:
            return errors.ModelServerError("What answers at the model server's address is not Ollama.")
        case _:
            return errors.StreamInterrupted() if begun else errors.ModelServerUnreachable()


def _recognised(problem: str) -> errors.ProviderError | None:
    """Find the texts that mean the same whatever status they came with."""
    if found := UNSUPPORTED.search(problem):
        return errors.FeatureUnsupported(FEATURES.get(found[1] or found[2], ""))
    if CONTEXT.search(problem):
        return errors.ContextExceeded()
    if NOT_FOUND.search(problem):
        return errors.ModelNotFound()
    if BUSY.search(problem):
        return errors.ModelServerBusy()
    if UNAUTHORIZED.search(problem):
        return errors.ModelUnauthorized()
    if REJECTED.search(problem):
        return errors.ModelRejected(_for_people(errors.ModelRejected, problem))
    return None


def _for_people(kind: type[errors.ProviderError], problem: str) -> str:
    """Add the server's words to our sentence where they are a short sentence without internals."""
    if not problem or len(problem) > SENTENCE_CHARS or "\n" in problem or INTERNAL.search(problem):
        return ""
    return f"{kind.default_text.rstrip('.')}: {problem}"


def _noted(error: errors.ProviderError, status: int, problem: str) -> errors.ProviderError:
    error.add_note(f"model server answered {status}: {problem[:NOTE_CHARS]}")
    return error


def _inner(problem: object) -> str:
    """Unpack an error text that is itself JSON from llama.cpp's server, some levels deep."""
    for _ in range(4):
        if isinstance(problem, dict):
            problem = problem.get("message") or problem.get("error") or json.dumps(problem)
        elif isinstance(problem, str) and problem.lstrip().startswith("{"):
            try:
                unpacked = json.loads(problem)
            except (ValueError, RecursionError):
                break
            # The outer text also names the type (exceed_context_size_error); the inner message is for reading.
            problem = unpacked.get("error") or unpacked.get("message") or str(unpacked)
        else:
            break
    return problem if isinstance(problem, str) else json.dumps(problem)
