"""The branch of a chat that is shown: the path from its first message to its leaf."""

from __future__ import annotations

from collections.abc import Sequence

from chat.events.answer import AnswerView, PromptView, prompt_view, view_of_fold, view_of_rows
from chat.events.fold import Fold
from chat.events.read import fold_log
from chat.models import ChatSession, Generation, Message
from chat.queries.queue import places


def branch(chat_session: ChatSession) -> list[PromptView | AnswerView]:
    """Return what the page shows, in reading order; answers being written are folded from the log as of now."""
    messages = branch_messages(chat_session)
    newest = newest_generations([message for message in messages if message.role == Message.Role.ASSISTANT])
    return [_view(message, newest.get(message.pk)) for message in messages if message.role != Message.Role.SYSTEM]


def branch_messages(chat_session: ChatSession, leaf_id: int | None = None) -> list[Message]:
    """Return the messages from the root to the leaf (the chat's own, or another), in one query."""
    by_id = {message.pk: message for message in chat_session.messages.all()}
    path: list[Message] = []
    step = by_id.get(leaf_id or chat_session.leaf_id or 0)
    while step is not None:
        path.append(step)
        step = by_id.get(step.parent_id or 0)
    return path[::-1]


def newest_generations(messages: Sequence[Message]) -> dict[int, Generation]:
    """Return by message id the newest generation of each, with the message as it was at the same moment."""
    rows = Generation.objects.filter(message__in=messages).select_related("message").order_by("id")
    return {generation.message_id: generation for generation in rows}


def answer_view(message: Message) -> AnswerView:
    generation = newest_generations([message]).get(message.pk)
    if generation is None:
        raise LookupError("an answer without a generation")
    return _answer(generation)


def _view(message: Message, generation: Generation | None) -> PromptView | AnswerView:
    if generation is None:
        return prompt_view(message)
    return _answer(generation)


def _answer(generation: Generation) -> AnswerView:
    """Return the answer from one row: a message that was read before its generation ended would have no text yet."""
    message = generation.message
    if not generation.is_open:
        return view_of_rows(message, generation)
    fold = fold_log(generation.pk)
    if fold.end is not None:  # it ended between the two queries
        generation.refresh_from_db()
        message.refresh_from_db()
        return view_of_rows(message, generation)
    return view_of_fold(message, generation, fold, place_of(generation, fold))


def place_of(generation: Generation, fold: Fold) -> int | None:
    """Return how many go before it, None once it has begun."""
    return places([generation.pk]).get(generation.pk) if fold.started_at is None else None
