"""Static files under names that hold a hash of their content, JavaScript modules and their imports included.

Hashed names let browsers keep files for ever; because each `import` inside a module is rewritten too, the page
needs no import map, which would be an inline script. Before `collectstatic` has run (a fresh clone, a test), a file
goes by its plain name, which WhiteNoise's finders serve.
"""

from __future__ import annotations

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage, for ES modules."""

    # Django's own switch takes every .js file in hand, and fails on what in django-htmx's only looks like an import.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", HashedFilesMixin._js_module_import_aggregation_patterns[1]),  # type: ignore[attr-defined]  # not in the stubs
    )

    def stored_name(self, name: str) -> str:
        if not self.hashed_files:
            return name
        return str(super().stored_name(name))
