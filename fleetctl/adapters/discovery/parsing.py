"""What parsers of foreign texts share: bounds, MACs, addresses. Anybody on the wire may have written these texts."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fleetctl.core.mac import MAC, normal_mac

T = TypeVar("T")

MOST = 4096
"""Entries of one text that are read; a site has hundreds."""
DEEPEST = 12
"""Brackets within brackets; the programs' own have half of that."""


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What a text says.

    Attributes:
        flaws: what of it could not be read, in words; the rest was.
    """

    found: tuple[T, ...]
    flaws: tuple[str, ...] = ()


def mac_of(value: Any) -> str | None:
    """Return a MAC in the usual form; None if it is none, or that of a group or of nobody."""
    if not isinstance(value, str) or MAC.fullmatch(value) is None:
        return None
    mac = normal_mac(value)
    return None if mac == "00:00:00:00:00:00" or int(mac[:2], 16) & 1 else mac


def address_of(value: Any) -> str | None:
    """Return an IP address in its usual form; None if it is none."""
    try:
        return str(ipaddress.ip_address(value)) if isinstance(value, str) and len(value) <= 64 else None
    except ValueError:
        return None


def json_of(text: str) -> Any:
    """Read JSON.

    Raises:
        ValueError: if it is none, or nested deeper than any of these programs does.
    """
    try:
        read = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if _depth(read) > DEEPEST:
        raise ValueError("it is nested too deeply")
    return read


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list, or the one object that stands in its place."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield each


def text_of(value: Any) -> str:
    """Return a text, or an empty one if it is something else."""
    return value if isinstance(value, str) else ""


def bounded(entries: Iterable[T], what: str) -> tuple[list[T], tuple[str, ...]]:
    """Return the first entries, with a flaw if there are more than anybody has."""
    kept: list[T] = []
    for entry in entries:
        if len(kept) == MOST:
            return kept, (f"more than {MOST} {what}, the rest is not read",)
        kept.append(entry)
    return kept, ()


def _depth(value: Any) -> int:
    """Return how deeply lists and objects are nested."""
    depth, level = 0, [value]
    while level:
        level = [inner for each in level for inner in _inside(each)]
        depth += 1
    return depth


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
