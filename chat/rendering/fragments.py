"""The page's HTML: whole messages, and the out-of-band fragments that take a page from one view to the next.

One source: a page, a reset and the patches of a stream come from the same templates, so that the page after a stream
equals the page after a reload (`tests/chat/test_fragments.py`). Fragments name their targets by `rendering/ids`.

Besides htmx's own swaps there is `grow`: `<template id=TARGET hx-swap-oob="grow" data-at="D.K.C">` keeps what the
target has up to a point and appends (`rendering/grow` computes it, `static/js/stream/grow.js` applies it). A message
that `turn_appended` brings may be on the page already; the page then replaces it where it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from chat.errors import RateLimited, SmailError
from chat.events.answer import AnswerView, PromptView
from chat.events.fold import ToolUse
from chat.rendering import ids
from chat.rendering.grow import GrowingText
from chat.rendering.markdown import render
from chat.rendering.status import StatusLine, ThinkingLine, status_line, thinking_line


class ChatEntry(Protocol):
    """A chat as the sidebar lists it (`queries.sessions.ChatItem`)."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def writing(self) -> bool: ...
    @property
    def deleted(self) -> bool: ...


def prompt_article(view: PromptView) -> str:
    """Return what the person sent as the page shows it."""
    return _render("_prompt.html", view=view)


def answer_article(view: AnswerView) -> str:
    """Return the whole answer as the page shows it."""
    return AnswerStream(view).article()


def reset(view: AnswerView) -> str:
    """Return the whole answer as a replacement of what the page has of it."""
    return AnswerStream(view).reset()


def turn_appended(prompt: PromptView, answer: AnswerView) -> str:
    """Return the fragment that puts a prompt and its answer at the end of the chat."""
    articles = mark_safe(prompt_article(prompt) + answer_article(answer))
    return format_html('<div hx-swap-oob="beforeend:#messages">{}</div>', articles)


def chat_item_fragment(item: ChatEntry, *, current: str = "") -> str:
    """Return the fragment that puts a chat at the top of the list, or takes it away when it is deleted.

    `current` is the id of the chat that the page shows; its title stands over the thread, too. An entry that is
    there already is moved, not doubled (`static/js/stream/apply.js`).
    """
    if item.deleted:
        return format_html('<li id="{}" hx-swap-oob="delete"></li>', ids.chat(item.id))
    entry = _render("_chat_item.html", item=item, current=current)
    listed = format_html('<ul hx-swap-oob="afterbegin:#chat-list">{}</ul>', entry)
    return listed + title_fragment(item.title) if item.id == current else listed


def title_fragment(title: str) -> str:
    """Return the fragment that names the chat which the page shows."""
    return _render("_title.html", title=title, oob="true")


def notice(text: str, kind: str = "plain", *, undo_url: str = "", retry_after: int = 0) -> str:
    """Return a toast; `kind` is plain, odd or bad."""
    toast = _render("_toast.html", text=text, kind=kind, undo_url=undo_url, retry_after=retry_after)
    return format_html('<div hx-swap-oob="beforeend:#toasts">{}</div>', toast)


def error_notice(error: SmailError) -> str:
    """Return the toast that says what could not be done and why."""
    retry_after = error.retry_after if isinstance(error, RateLimited) else 0
    return notice(error.text, "odd" if error.retryable else "bad", retry_after=retry_after)


class AnswerStream:
    """One answer on one page: knows what the page shows and says what to change.

    Called some ten times a second for each viewed answer, so nothing is rendered unless its values changed.
    """

    __slots__ = ("_body", "_line", "_status", "_thinking", "_view")

    _view: AnswerView
    _body: _Text
    _thinking: _Text
    _status: StatusLine
    _line: ThinkingLine

    def __init__(self, view: AnswerView) -> None:
        self._begin(view)

    def article(self, *, oob: str = "") -> str:
        """Return the whole answer as of the last view."""
        parts = _Parts(self._view, self._status, self._line)
        return parts.html("_answer.html", oob=oob, body=self._body.html, thinking=self._thinking.html)

    def reset(self) -> str:
        return self.article(oob="true")

    def advance(self, view: AnswerView) -> str:
        """Return the fragments that take the page from the last view to this one; "" when nothing shows."""
        before, self._view = self._view, view
        if _identity(before) != _identity(view):
            self._begin(view)
            return self.reset()
        parts = _Parts(view, status_line(view), thinking_line(view))
        html = self._grow_thinking(before, parts)
        if _tools(before) != _tools(view):
            html += parts.html("parts/_tools.html")
        html += self._body.patch(view.content, is_open=view.is_open)
        if parts.status != self._status:
            html += parts.html("parts/_status.html")
        if before.is_open != view.is_open:
            html += parts.html("parts/_footer.html")
        self._status, self._line = parts.status, parts.line
        return html

    def _begin(self, view: AnswerView) -> None:
        self._view = view
        self._body = _Text(ids.part(view.message_id, "body"), view.content, is_open=view.is_open)
        target = ids.part(view.message_id, "thinking-text")
        self._thinking = _Text(target, view.thinking, is_open=view.is_open)
        self._status = status_line(view)
        self._line = thinking_line(view)

    def _grow_thinking(self, before: AnswerView, parts: _Parts) -> str:
        view = parts.view
        grown = self._thinking.patch(view.thinking, is_open=view.is_open)
        if bool(before.thinking) != bool(view.thinking):  # shown or hidden: the reader cannot have it open
            return parts.html("parts/_thinking.html", thinking=self._thinking.html)
        return grown if parts.line == self._line else grown + parts.html("parts/_thinking_summary.html")


class _Text:
    """A Markdown text on the page: growing while the answer is open, then as one rendering gives it."""

    __slots__ = ("_final", "_growing", "_text")

    def __init__(self, target: str, text: str, *, is_open: bool) -> None:
        self._text = text
        self._growing = GrowingText(target) if is_open else None
        self._final = "" if is_open else whole_text(text)
        if self._growing is not None:
            self._growing.advance(text)

    @property
    def html(self) -> SafeString:
        """Return all that the page shows of it."""
        return mark_safe(self._growing.html if self._growing is not None else self._final)

    def patch(self, text: str, *, is_open: bool) -> str:
        """Return the fragments that take the page to this text; "" when it shows it already."""
        if self._growing is None or (is_open and text == self._text):
            return ""
        self._text = text
        if is_open:
            return self._growing.advance(text)
        html = self._growing.finish(text)
        self._final, self._growing = self._growing.html, None
        return html


class _Parts:
    """What the templates of one view need."""

    __slots__ = ("line", "status", "view")

    def __init__(self, view: AnswerView, status: StatusLine, line: ThinkingLine) -> None:
        self.view, self.status, self.line = view, status, line

    def html(self, template: str, *, oob: str = "true", **more: object) -> str:
        return _render(
            template,
            view=self.view,
            status=self.status,
            summary=self.line,
            tools=_tools(self.view),
            urls=_Urls(self.view),
            context_percent=_context_percent(self.view),
            oob=oob,
            **more,
        )


class _Urls:
    """Where the buttons of an answer lead; made only when a template asks."""

    __slots__ = ("_view",)

    def __init__(self, view: AnswerView) -> None:
        self._view = view

    def stop(self) -> str:
        return reverse("chat:stop", args=[self._view.generation_id])

    def retry(self) -> str:
        return reverse("chat:retry", args=[self._view.message_id])

    def go_on(self) -> str:
        return reverse("chat:continue", args=[self._view.message_id])


def _render(template: str, **context: object) -> SafeString:
    # The templates end in a newline, as files do; between messages it would be a text node.
    return mark_safe(render_to_string(f"chat/{template}", context).rstrip("\n"))


@lru_cache(maxsize=256)
def whole_text(text: str) -> str:
    """Return the HTML of a text that is complete; a page of fifty turns must not render fifty texts each time."""
    return render(text)


def _identity(view: AnswerView) -> tuple[str, str, str]:
    return view.message_id, view.generation_id, view.model


def _tools(view: AnswerView) -> tuple[ToolUse, ...]:
    """Return the uses of tools to show; they stand with the answer while it is written."""
    return view.tools if view.is_open else ()


def _context_percent(view: AnswerView) -> int:
    if not view.context_used or not view.context_size:
        return 0
    return 100 * view.context_used // view.context_size
