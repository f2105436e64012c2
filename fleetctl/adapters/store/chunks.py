"""As many values at a time as one statement can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
CHUNK = 500


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield values in their order, `size` at a time."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
