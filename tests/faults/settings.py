"""The product's settings for the processes of these tests; `FAULTS_CONF`, a JSON object, replaces limits of `Conf`."""

from __future__ import annotations

import dataclasses
import json
import os

from smail import settings as product

globals().update({name: getattr(product, name) for name in dir(product) if name.isupper()})

STATIC_ROOT = os.environ["FAULTS_STATIC_ROOT"]
SMAIL = dataclasses.replace(product.SMAIL, **json.loads(os.environ.get("FAULTS_CONF", "{}")))
DATA_UPLOAD_MAX_MEMORY_SIZE = SMAIL.max_body_bytes
