"""Figures as people read them, without more digits than mean something."""

from __future__ import annotations


def seconds(value: float) -> str:
    """Return seconds as people say them: "0.4 s", "12 s", "3 min 5 s"."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = int(value + 0.5)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def speed(tokens_per_s: float) -> str:
    return f"{tokens_per_s:.1f} tokens/s" if tokens_per_s < 9.95 else f"{tokens_per_s:.0f} tokens/s"


def gigabytes(size_bytes: int) -> str:
    """Return the size of a model as Ollama writes it (decimal units)."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1_000_000_000 else f"{size_bytes / 1e6:.0f} MB"
