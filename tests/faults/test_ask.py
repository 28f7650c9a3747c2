"""`manage.py ask`: the answer alone on stdout, and an exit code that tells whether it is complete."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from tests.faults.answers import numbered, prompt_for, script_steps
from tests.faults.processes import ROOT, Site
from tests.ollama_sim import Cut, OllamaSimThread, Words

TEXT = numbered(60)


async def ask(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "ask", *arguments]

    def run() -> subprocess.CompletedProcess[str]:
        environment = site.environment()
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)

    return await asyncio.to_thread(run)


async def test_it_works(site: Site) -> None:
    done = await ask(site, prompt_for(TEXT))
    assert (done.returncode, done.stdout) == (0, TEXT + "\n"), done.stderr
    assert "Traceback" not in done.stderr


async def test_it_works_beside_a_server(site: Site, model: OllamaSimThread) -> None:
    server = await site.serve()
    done = await ask(site, prompt_for(TEXT), "--user", "kim")
    assert (done.returncode, done.stdout) == (0, TEXT + "\n"), done.stderr
    assert "Traceback" not in done.stderr + server.said


async def test_it_prints_what_there_is_of_a_broken_answer(site: Site, model: OllamaSimThread) -> None:
    script_steps(model, "break", Words("The first half"), Cut(reset=True))
    done = await ask(site, "break")
    assert (done.returncode, done.stdout) == (1, "The first half\n"), done.stderr
    assert "interrupted" in done.stderr


@pytest.mark.parametrize("arguments", [("hello", "--user", "nobody"), ("  ",)])
async def test_it_refuses(site: Site, arguments: tuple[str, ...]) -> None:
    done = await ask(site, *arguments)
    assert done.returncode == 1 and done.stdout == "" and "CommandError" in done.stderr
    assert "Traceback" not in done.stderr
