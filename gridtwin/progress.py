"""Progress: long work takes a callable of fraction and text, which may raise ``Cancelled``."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def silent(fraction: float, text: str) -> None:
    """Report nothing: the default."""


def part(progress: Progress, start: float, stop: float) -> Progress:
    """Return a progress that maps 0–1 onto ``start``–``stop`` of ``progress``."""

    def scaled(fraction: float, text: str) -> None:
        progress(start + (stop - start) * fraction, text)

    return scaled
