"""Every way in which a model server fails, seen from the page: a typed text, the words so far, and nothing hangs."""

from __future__ import annotations

import pytest

from chat import errors
from tests.faults.answers import asks, assert_becomes_the_page, assert_is_the_log, script
from tests.faults.processes import Site
from tests.faults.viewers import Person, ProgramViewer, SocketViewer, watching
from tests.ollama_sim import Cut, Hang, Head, OllamaSimThread, Raw, Text, refuse, reply
from tests.ollama_sim.script import Item
from tests.providers.test_failures import ENDS, INTERNALS, REFUSALS, named

ITEMS = [(item, kind, "") for item, kind in REFUSALS] + [
    (reply("Kept ", "text", *steps), kind, "Kept text") for steps, kind in ENDS
]
SILENT = [
    (reply(Hang()), ""),
    (reply(Head(), Hang()), ""),
    (reply(Text("Kept"), Hang()), "Kept"),
    (reply(Text("Kept"), Raw(b'{"half":'), Hang()), "Kept"),
]
# Of these people are told more than the kind: which feature, which fault of the model's.
SPECIFIC = (errors.FeatureUnsupported, errors.ModelFailed)
ANSWER_S = 15.0


async def test_it_tells_every_failure(site: Site, person: Person, model: OllamaSimThread) -> None:
    """One chat for each, all at once: one broken answer never holds up another."""
    await site.serve()
    wrong = []
    for number, (item, kind, kept) in enumerate(ITEMS):
        try:
            await _fails(site, person, model, f"prompt {number}", item, kind, kept)
        except AssertionError as problem:
            wrong.append(f"{named(item)} {kind.__name__}: {problem}")
    assert wrong == []


@pytest.mark.parametrize(("item", "kept"), SILENT, ids=["no head", "no line", "no more", "half a line"])
async def test_it_does_not_wait_for_ever(
    site: Site, person: Person, model: OllamaSimThread, item: Item, kept: str
) -> None:
    site.conf |= {"first_delta_timeout_s": 0.5, "idle_timeout_s": 0.5}
    await site.serve()
    await _fails(site, person, model, "silence", item, errors.ModelStalled, kept)


async def test_it_tries_again_before_the_first_word_only(site: Site, person: Person, model: OllamaSimThread) -> None:
    site.conf["max_attempts"] = 3
    await site.serve()
    for item in (refuse(503, "server busy"), reply(Cut(reset=True))):
        script(model, "again", item)
    _, generation = await person.send("again")
    async with watching(ProgramViewer(person, generation)) as program:
        await program.end()
    assert [event["code"] for event in program.events if event["type"] == "retry"] == [
        "server_busy",
        "server_unreachable",
    ]
    assert site.row(generation)["state"] == "completed"
    assert sum(asks(request, "again") for request in model.requests if request.path == "/api/chat") == 3
    assert_is_the_log(site, program)


async def test_it_tells_that_there_is_no_model_server(site: Site, person: Person) -> None:
    site.ollama_url = "http://127.0.0.1:1"
    await site.serve()
    chat, generation = await person.send("anybody there?")
    page = SocketViewer(person, chat)
    await page.open()
    message = site.row(generation)["message"]
    async with watching(page):
        await page.until(lambda: page.ended(message), ANSWER_S)
    assert errors.ModelServerUnreachable.default_text in page.screen.words_of(message, "status")
    assert "Try again" in page.screen.words_of(message, "status")


async def _fails(
    site: Site,
    person: Person,
    model: OllamaSimThread,
    prompt: str,
    item: Item,
    kind: type[errors.ProviderError],
    kept: str,
) -> None:
    """Ask, watch from the page, and look at the last it shows."""
    script(model, prompt, item)
    chat, generation = await person.send(prompt)
    page = SocketViewer(person, chat)
    await page.open()
    row = site.row(generation)
    async with watching(page):
        await page.until(lambda: page.ended(row["message"]), ANSWER_S)
        await assert_becomes_the_page(site, page, generation)
    row = site.row(generation)
    status = page.screen.words_of(row["message"], "status")
    assert (row["state"], row["error_code"], row["content"]) == ("failed", kind.code, kept)
    assert page.screen.state(row["message"]) == "failed" and "Try again" in status
    assert ("Continue" in status) == bool(kept), page.screen.show()
    assert kind in SPECIFIC or kind.default_text.rstrip(".") in status, status
    assert not [word for word in INTERNALS if word in status]
