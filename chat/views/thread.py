"""What a chat's page shows: the same context for the whole page and for the part that htmx swaps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from chat.conf import conf
from chat.events.answer import AnswerView, PromptView
from chat.models import ChatSession
from chat.queries.branch import branch
from chat.queries.models import ModelList, model_list
from chat.queries.sessions import ChatItem, chat_list
from chat.rendering.fragments import answer_article, prompt_article

PAGE_OF_CHATS = 60


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A first prompt for a person who does not know where to begin."""

    title: str
    text: str


SUGGESTIONS = (
    Suggestion("Explain", "Explain how a hash table works, with a small example."),
    Suggestion("Write", "Write a short, friendly note that moves our Thursday meeting to Friday at ten."),
    Suggestion("Plan", "Plan a weekend in a city I have never been to, with one museum and one long walk."),
    Suggestion("Code", "Write a Python function that finds the longest word in a text file."),
)


def page_context(user: User, chat: ChatSession | None) -> dict[str, object]:
    """Return what the whole page needs: the thread and the list of chats."""
    return {**thread_context(chat), **list_context(user), "current": chat.public_id if chat else ""}


def thread_context(chat: ChatSession | None) -> dict[str, object]:
    """Return what the thread needs. Text and cursors come from one reading of each answer."""
    views = branch(chat) if chat else []
    models = async_to_sync(model_list)()
    return {
        "chat": chat,
        "turns": [_article(view) for view in views],
        "cursors": _cursors(views),
        "models": models,
        "no_model": not models.models,
        "model": _model(chat, models),
        "suggestions": SUGGESTIONS,
        "key": uuid.uuid4().hex,
        "max_prompt_chars": conf.max_prompt_chars,
    }


def list_context(user: User, before: datetime | None = None) -> dict[str, object]:
    """Return one page of the list of chats, and where its next one is."""
    items = chat_list(user, before=before, limit=PAGE_OF_CHATS)
    return {"items": items, "older_url": _older_url(items)}


def _older_url(items: list[ChatItem]) -> str:
    if len(items) < PAGE_OF_CHATS:
        return ""
    return f"{reverse('chat:list')}?{urlencode({'before': items[-1].touched_at.isoformat()})}"


def _article(view: PromptView | AnswerView) -> SafeString:
    html = answer_article(view) if isinstance(view, AnswerView) else prompt_article(view)
    return mark_safe(html)


def _cursors(views: list[PromptView | AnswerView]) -> dict[str, int]:
    return {view.generation_id: view.seq for view in views if isinstance(view, AnswerView) and view.is_open}


def _model(chat: ChatSession | None, models: ModelList) -> str:
    """Return the model that is chosen: the chat's while the server has it, else the server's default."""
    names = {model.name for model in models.models}
    return chat.model if chat and chat.model in names else models.default
