"""Which reply a chat request gets when nothing is scripted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.ollama_sim import plausible
from tests.ollama_sim.catalogue import SimModel
from tests.ollama_sim.script import Finish, Item, Reply, Step, Text, Words, refuse

if TYPE_CHECKING:
    from tests.ollama_sim.server import OllamaSim

PREFILL_REFUSED = "Assistant response prefill is incompatible with enable_thinking."


def default_item(sim: OllamaSim, body: Mapping[str, Any], model: SimModel) -> Item:
    messages = body.get("messages") or [{"role": "user", "content": body.get("prompt", "")}]
    if body.get("tools") and (call := plausible.call_in(messages)):
        return Reply((Text(tool_calls=(call,)), Finish()))
    partial = ""
    if messages[-1].get("role") == "assistant":
        partial = str(messages[-1].get("content") or "")
        messages = messages[:-1]
        if sim.prefill == "reject":
            return refuse(400, PREFILL_REFUSED)
    answer = plausible.answer_to(messages)
    if sim.prefill == "continue" and answer.startswith(partial):
        answer = answer[len(partial) :]
    steps: list[Step] = []
    if "thinking" in model.capabilities and body.get("think") is not False and not partial:
        steps.append(Words(plausible.thinking_about(messages), "thinking"))
    limit = int((body.get("options") or {}).get("num_predict") or -1)
    pieces = plausible.tokens(answer)
    if 0 <= limit < len(pieces):
        return Reply((*steps, Words("".join(pieces[:limit])), Finish("length")))
    return Reply((*steps, Words(answer), Finish()))


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """About four characters a token, as a real count would be."""
    texts = [str(message.get("content") or "") for message in body.get("messages") or []]
    return 10 + sum(4 + len(text) // 4 for text in texts)
