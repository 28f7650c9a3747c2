"""What a log line looks like."""

from __future__ import annotations

import json
import logging
import logging.config
import sys

import pytest

from smail.logs import JsonFormatter, logging_config


def record(text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("chat.worker", logging.WARNING, __file__, 1, text, args, None)


def test_it_works() -> None:
    line = json.loads(JsonFormatter().format(record("append failed: %s", "OperationalError")))
    assert line["at"].endswith("+00:00")
    assert {name: line[name] for name in ("level", "logger", "text")} == {
        "level": "warning",
        "logger": "chat.worker",
        "text": "append failed: OperationalError",
    }


def test_a_line_break_in_a_text_does_not_begin_a_line() -> None:
    assert "\n" not in JsonFormatter().format(record("two\nlines"))


def test_an_error_brings_its_trace() -> None:
    failed = record("failed")
    try:
        raise ValueError("that")
    except ValueError:
        failed.exc_info = sys.exc_info()
    assert "ValueError: that" in json.loads(JsonFormatter().format(failed))["trace"]


@pytest.mark.parametrize("format_", ["plain", "json"])
def test_server_errors_are_logged_once(format_: str) -> None:
    config = logging_config(format_)
    assert config["handlers"]["console"]["formatter"] == format_
    assert config["loggers"]["django"] == {"handlers": [], "level": "WARNING", "propagate": True}
