"""What a server has, whatever its version tells."""

from __future__ import annotations

import pytest

from chat import errors
from chat.providers.ollama.client import OllamaProvider
from chat.providers.types import LoadedModel
from tests.ollama_sim import OLD_SERVER, OllamaSim, Profile, page, refuse, reply
from tests.ollama_sim.script import Refusal
from tests.providers.conftest import ask, read

NO_ABILITIES_IN_TAGS = Profile("0.20.0", tags_tell_abilities=False)


def shows(ollama: OllamaSim) -> int:
    return sum(request.path == "/api/show" for request in ollama.requests)


async def test_it_works(ollama: OllamaSim, provider: OllamaProvider) -> None:
    models = {model.name: model for model in await provider.models()}
    sim = models["sim:latest"]
    assert (sim.parameter_size, sim.quantization, sim.family) == ("3.2B", "Q4_K_M", "llama")
    assert sim.trained_context == 131_072 and sim.size_bytes == 2_019_393_189 and len(sim.digest) == 64
    assert sim.can("tools") and not sim.can("thinking") and not sim.remote
    assert models["sim-thinker:latest"].can("thinking") and models["sim-cloud:latest"].remote
    assert not models["sim-embed:latest"].can("completion")
    assert shows(ollama) == 0


async def test_it_asks_older_servers_once_for_each_digest(ollama: OllamaSim, provider: OllamaProvider) -> None:
    expected = await provider.models()
    ollama.profile = NO_ABILITIES_IN_TAGS
    assert await provider.models() == expected
    assert await provider.models() == expected
    assert shows(ollama) == len(expected)


async def test_it_takes_untold_abilities_for_unknown(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.profile = OLD_SERVER
    sim = await provider.model("sim")
    assert sim.capabilities is None and sim.can("anything") and sim.trained_context == 131_072


@pytest.mark.parametrize("name", ["sim", "SIM", "sim:latest", "Sim:Latest"])
async def test_it_finds_a_model_by_any_of_its_names(provider: OllamaProvider, name: str) -> None:
    assert (await provider.model(name)).name == "sim:latest"


async def test_it_says_that_a_model_is_not_there(provider: OllamaProvider) -> None:
    with pytest.raises(errors.ModelNotFound):
        await provider.model("nope")


async def test_it_tells_what_is_loaded_with_its_real_window(ollama: OllamaSim, provider: OllamaProvider) -> None:
    assert await provider.loaded() == []
    await read(provider, ask(options={"num_ctx": 2048}))
    assert await provider.loaded() == [LoadedModel("sim:latest", 2048, 2_019_393_189, 2_019_393_189)]


async def test_it_tells_the_version(provider: OllamaProvider) -> None:
    assert await provider.version() == "0.32.15"


async def test_it_shows_the_others_when_one_is_broken(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.profile = NO_ABILITIES_IN_TAGS
    ollama.script(refuse(500, "broken"), path="/api/show", when=lambda request: "vision" in request.json["model"])
    models = {model.name: model for model in await provider.models()}
    assert models["sim-vision:latest"].capabilities is None
    assert models["sim:latest"].can("tools") and models["sim:latest"].capabilities is not None


@pytest.mark.parametrize(
    "item",
    [
        page(200, "<html>hello</html>"),
        page(200, ""),
        Refusal(200, b"[]"),
        Refusal(200, b"\xff"),
        page(404, "404 page not found"),
        page(502, "<html>"),
        refuse(200, "broken"),
        Refusal(200, b'{"models":' + b" " * (17 * 1024 * 1024) + b"[]}"),
    ],
    ids=lambda item: str(item)[:50],
)
async def test_it_says_that_no_ollama_lives_there(ollama: OllamaSim, provider: OllamaProvider, item: Refusal) -> None:
    ollama.script(item, path="/api/tags")
    with pytest.raises(errors.ModelServerError):
        await provider.models()


@pytest.mark.parametrize("body", [b"{}", b'{"models":null}', b'{"models":[null,7,{}]}'])
async def test_it_takes_a_list_of_nothing(ollama: OllamaSim, provider: OllamaProvider, body: bytes) -> None:
    ollama.script(Refusal(200, body), path="/api/tags")
    assert await provider.models() == []


async def test_it_takes_a_model_of_which_nothing_is_told(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(Refusal(200, b'{"models":[{"name":"bare","size":"big","details":null}]}'), path="/api/tags")
    ollama.script(Refusal(200, b'{"model_info":{"general.architecture":7}}'), path="/api/show")
    (bare,) = await provider.models()
    assert (bare.name, bare.size_bytes, bare.capabilities, bare.trained_context) == ("bare", 0, None, None)


async def test_a_key_that_is_refused_is_said(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.api_key = "secret"
    with pytest.raises(errors.ModelUnauthorized):
        await provider.models()


async def test_it_reads_the_list_while_an_answer_runs(ollama: OllamaSim, provider: OllamaProvider) -> None:
    ollama.script(reply("a"))
    await read(provider, ask())
    assert len(await provider.models()) == 5
