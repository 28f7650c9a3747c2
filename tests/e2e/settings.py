"""The product's settings for the browser tests' own server: files in a folder of its own, other limits."""

from __future__ import annotations

import dataclasses
import os

from smail import settings as product

globals().update({name: getattr(product, name) for name in dir(product) if name.isupper()})

STATIC_ROOT = os.environ["E2E_STATIC_ROOT"]
SMAIL = dataclasses.replace(product.SMAIL, slots_per_model=16, messages_per_minute=6)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
