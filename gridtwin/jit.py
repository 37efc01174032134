"""The one door to the compiler: ``compiled`` turns a plain loop over arrays into machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile ``function`` with numba: cached on disk, without the interpreter lock, strict floats."""
    return cast("F", numba.njit(cache=True, nogil=True, fastmath=False)(function))
