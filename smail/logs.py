"""What is logged and how: one line a record on stderr, plain for people or JSON for collectors (SMAIL_LOG_FORMAT).

No prompt, answer, token or cookie ever goes into a log; records name rows by their ids.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonFormatter(logging.Formatter):
    """A record as `{"at", "level", "logger", "text", "trace"?}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def logging_config(format_: str) -> dict[str, Any]:
    """Return Django's LOGGING: our own modules from `info` on, everything else from `warning` on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
            "json": {"()": JsonFormatter},
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": format_}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            # Django's own handlers would say errors twice with DEBUG and nowhere without it.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "chat": {"level": "INFO"},
            "smail": {"level": "INFO"},
            "accounts": {"level": "INFO"},
        },
    }
