"""A page that applied every fragment of a stream equals a page that was loaded afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.errors import NotFound, RateLimited
from chat.events import types as t
from chat.events.answer import AnswerView, PromptView, view_of_fold
from chat.events.fold import Fold
from chat.models import Generation, Message
from chat.queries.sessions import ChatItem
from chat.rendering import fragments
from chat.rendering.fragments import AnswerStream, answer_article, prompt_article, reset, turn_appended
from tests.chat.page_model import Page, parse

BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MESSAGE = Message(public_id="m" * 22, role="assistant")
GENERATION = Generation(public_id="g" * 22, model="llama3.2", state="queued", message=MESSAGE)
QUEUED = AnswerView("m" * 22, "g" * 22, "queued", "llama3.2", place=2)

TEXTS = st.sampled_from(
    [
        "Hello *there*, this is a text.\n\nAnd a second paragraph with `code`.",
        "# Title\n\n1. one\n2. two\n   - deep\n\n```python\nfor x in y:\n    print(x)\n```\nAfter it.",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n> more\n\n- [x] done\n- [ ] not",
        "Setext\n===\n\nMath $a^2$ and 😀 <b>not bold</b> & [^1]\n\n[^1]: a note 😀😀",
        "***\n\n$$\nx = 1\n$$\n\n[a link][ref]\n\n[ref]: https://example.org",
    ]
)
PHASES = st.sampled_from(["loading", "reading", "thinking", "writing"]).map(lambda phase: t.Phase(phase, ""))
RETRIES = st.builds(t.Retry, st.integers(1, 3), st.just(1.5), st.just("server_busy"), st.just("It is busy."))
ENDS = st.sampled_from(
    [
        [t.Usage(10, 40, 31.26, 50, 8192), t.End("completed", "stop", "m")],
        [t.End("completed", "length", "m")],
        [t.End("stopped", "stopped", "m")],
        [t.Error("interrupted", "The answer was interrupted.", True), t.End("failed", "error", "m")],
    ]
)


@st.composite
def stories(draw: st.DrawFn) -> list[t.Payload]:
    """Events of one answer, from its start to its end, cut anywhere."""
    thinking = draw(st.one_of(st.just([]), _pieces(t.Thinking)))
    content = draw(_pieces(t.Content))
    seams = draw(st.lists(st.one_of(PHASES, RETRIES, st.just(t.Recovered(2, "lease"))), max_size=3))
    if draw(st.booleans()):
        content.insert(draw(st.integers(0, len(content))), t.Replace("Anew: ", ""))
    story: list[t.Payload] = [t.Started(1, "llama3.2", "here"), *thinking, *content]
    for seam in seams:
        story.insert(draw(st.integers(1, len(story))), seam)
    return [*story, *draw(ENDS)]


def _pieces(kind: type[t.Content] | type[t.Thinking]) -> st.SearchStrategy[list[t.Payload]]:
    return st.builds(lambda text, size: [kind(text[i : i + size]) for i in range(0, len(text), size)], TEXTS, CUTS)


CUTS = st.integers(1, 40)


def views(story: Sequence[t.Payload], reads: Sequence[int] = ()) -> list[AnswerView]:
    """Return the view after each event, or only after those numbers and the last."""
    fold, seen = Fold(), [QUEUED]
    for seq, payload in enumerate(story, 1):
        fold.apply(t.Event(seq, BEGAN + timedelta(milliseconds=70 * seq), payload))
        if not reads or seq in reads or seq == len(story):
            seen.append(view_of_fold(MESSAGE, GENERATION, fold))
    return seen


def loaded(view: AnswerView) -> str:
    return Page(answer_article(view)).show()


def test_it_works() -> None:
    running = replace(QUEUED, state="running", phase="writing", place=None, content="Hello *wor")
    page, stream = Page(answer_article(QUEUED)), AnswerStream(QUEUED)
    page.apply(stream.advance(running))
    assert page.show() == loaded(running)
    assert "Hello" in page.show() and "Writing" in page.show()


@settings(deadline=None, max_examples=60)
@given(stories(), st.sets(st.integers(1, 60), max_size=12))
def test_a_stream_ends_in_the_page_that_a_reload_gives(story: list[t.Payload], reads: set[int]) -> None:
    seen = views(story, sorted(reads))
    page, stream = Page(answer_article(seen[0])), AnswerStream(seen[0])
    for view in seen[1:]:
        page.apply(stream.advance(view))
        assert page.show() == loaded(view)


@settings(deadline=None, max_examples=40)
@given(stories(), st.integers(0, 60))
def test_a_page_loaded_in_the_middle_takes_the_frames_of_the_stream(story: list[t.Payload], at: int) -> None:
    seen = views(story)
    at = min(at, len(seen) - 1)
    stream = AnswerStream(seen[0])
    for view in seen[1 : at + 1]:
        stream.advance(view)
    page = Page(answer_article(seen[at]))
    for view in seen[at + 1 :]:
        page.apply(stream.advance(view))
    assert page.show() == loaded(seen[-1])


@settings(deadline=None, max_examples=20)
@given(stories(), st.integers(1, 60))
def test_a_reset_brings_any_page_to_the_stream(story: list[t.Payload], at: int) -> None:
    seen = views(story)
    view = seen[min(at, len(seen) - 1)]
    page = Page(answer_article(QUEUED))
    page.apply(reset(view))
    assert page.show() == loaded(view)


def test_nothing_is_sent_where_nothing_shows() -> None:
    running = replace(QUEUED, state="running", phase="writing", content="Hello")
    assert AnswerStream(running).advance(replace(running, seq=9)) == ""


def test_a_word_costs_little_more_than_itself() -> None:
    running = replace(QUEUED, state="running", phase="writing", content="Hello")
    grown = AnswerStream(running).advance(replace(running, content="Hello there"))
    assert "there" in grown and "status" not in grown and len(grown) < 200


def test_another_generation_brings_the_whole_answer() -> None:
    failed = replace(QUEUED, state="failed", error_text="It broke.", finish_reason="error")
    again = replace(QUEUED, generation_id="h" * 22)
    page = Page(answer_article(failed))
    page.apply(AnswerStream(failed).advance(again))
    assert page.show() == loaded(again)


def test_text_is_never_markup() -> None:
    evil = '<script>alert(1)</script><img src=x onerror="y">'
    view = replace(QUEUED, state="failed", content=evil, thinking=evil, error_text=evil, model=evil)
    prompt = PromptView("p" * 22, evil, "")
    for html in (answer_article(view), prompt_article(prompt), fragments.notice(evil), fragments.title_fragment(evil)):
        assert "<script" not in html and "<img" not in html
        parse(html)


def test_a_turn_is_appended_to_the_messages() -> None:
    html = turn_appended(PromptView("p" * 22, "Hi", ""), QUEUED)
    (fragment,) = parse(html).children
    assert fragment.attributes == {"hx-swap-oob": "beforeend:#messages"}
    assert [child.attributes["id"] for child in fragment.children] == ["message-" + "p" * 22, "message-" + "m" * 22]


def test_an_entry_of_the_list_comes_and_goes() -> None:
    item = ChatItem("c" * 22, "A <title>", BEGAN, writing=True)
    html = fragments.chat_item_fragment(item, current=item.id)
    assert "A &lt;title&gt;" in html and "being written" in html and 'aria-current="page"' in html
    gone = parse(fragments.chat_item_fragment(replace(item, deleted=True))).children[0]
    assert gone.attributes == {"id": "chat-" + "c" * 22, "hx-swap-oob": "delete"}


def test_a_refusal_says_when_to_come_back() -> None:
    html = fragments.error_notice(RateLimited(retry_after=7))
    assert "Try again in 7 s" in html and 'data-retry-after="7"' in html
    assert "toast--bad" in fragments.error_notice(NotFound())
