"""Every form of OLLAMA_HOST that Ollama takes."""

from __future__ import annotations

import pytest

from chat.providers.ollama.address import base_url, is_loopback


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "http://127.0.0.1:11434/"),
        ("127.0.0.1", "http://127.0.0.1:11434/"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
        (":8080", "http://127.0.0.1:8080/"),
        ("0.0.0.0", "http://127.0.0.1:11434/"),
        ("0.0.0.0:11435", "http://127.0.0.1:11435/"),
        ("http://0.0.0.0:11434", "http://127.0.0.1:11434/"),
        ("[::]:11434", "http://[::1]:11434/"),
        ("::1", "http://[::1]:11434/"),
        ("[::1]", "http://[::1]:11434/"),
        ("gpu.example", "http://gpu.example:11434/"),
        ("gpu.example/ollama", "http://gpu.example:11434/ollama/"),
        ("http://gpu.example", "http://gpu.example:80/"),
        ("https://gpu.example", "https://gpu.example:443/"),
        ("https://gpu.example/base/path/", "https://gpu.example:443/base/path/"),
        ("https://gpu.example:8443/base", "https://gpu.example:8443/base/"),
        ("HTTP://gpu.example:1", "http://gpu.example:1/"),
        ("gpu.example:99999", "http://gpu.example:11434/"),
        ("https://gpu.example:none", "https://gpu.example:443/"),
        ("ollama.com", "https://ollama.com:443/"),
        ('  "127.0.0.1:1" ', "http://127.0.0.1:1/"),
    ],
)
def test_it_reads_the_address_as_ollama_does(given: str, url: str) -> None:
    assert base_url(given) == url


@pytest.mark.parametrize("address", ["", "0.0.0.0", "localhost", "127.0.0.5", "::1"])
def test_it_knows_this_machine(address: str) -> None:
    assert is_loopback(base_url(address))


@pytest.mark.parametrize("address", ["gpu.example", "10.0.0.1", "https://ollama.com", "localhost.example"])
def test_it_knows_other_machines(address: str) -> None:
    assert not is_loopback(base_url(address))
