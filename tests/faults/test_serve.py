"""`manage.py serve` at its start: the first link, a door that is taken, sign-in and a prompt by plain forms."""

from __future__ import annotations

import re
import socket

import httpx

from tests.faults.conftest import PASSWORD
from tests.faults.processes import Site
from tests.faults.viewers import Person, SocketViewer, watching

FIRST_LINK = re.compile(r"Make the first administrator here: (\S+)")


async def test_it_prints_the_first_link_while_nobody_has_an_account(site: Site) -> None:
    site.database.unlink()
    migrate = site.start("migrate", "--verbosity=0")
    assert await migrate.ended(60) == 0, migrate.said
    process = await site.serve()
    await process.says("first administrator")
    found = FIRST_LINK.search(process.said)
    assert found is not None
    async with httpx.AsyncClient() as client:
        assert (await client.get(found[1])).status_code == 200
        assert (await client.get(found[1].rstrip("/")[:-3] + "abc/")).status_code in (403, 404)


async def test_it_prints_no_link_afterwards(site: Site) -> None:
    process = await site.serve()
    assert FIRST_LINK.search(process.said) is None


async def test_it_says_that_it_cannot_listen(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.port))
        taken.listen()
        process = site.start("serve", "--port", str(site.port))
        assert await process.ended() == 1
    assert f"Cannot listen on 127.0.0.1:{site.port}" in process.said and "Traceback" not in process.said


async def test_a_person_signs_in_and_sends_by_plain_forms(site: Site) -> None:
    """Without JavaScript: sign in, send, and the page that one is led to shows the answer when it is there."""
    await site.serve()
    async with httpx.AsyncClient(base_url=site.url, follow_redirects=True) as client:
        page = await client.get("/chat/")
        form = {"login": "pat", "password": PASSWORD, "csrfmiddlewaretoken": _token(page)}
        page = await client.post("/accounts/login/?next=/chat/", data=form)
        assert page.status_code == 200 and page.url.path == "/chat/"
        form = {"text": "repeat: by a plain form", "key": "k1", "csrfmiddlewaretoken": _token(page)}
        page = await client.post("/chat/messages/", data=form)
        assert page.status_code == 200
        chat = page.url.path.split("/")[2]
        viewer = SocketViewer(Person(client.cookies["sessionid"], site.url), chat)
        await viewer.open()
        async with watching(viewer):
            await viewer.until(lambda: viewer.ended(viewer.screen.last_message))
        assert "<p>by a plain form</p>" in (await client.get(page.url)).text


def _token(page: httpx.Response) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found is not None
    return found[1]
