"""What a reader of text files returns: plain data, what was wrong with the text, and where each value stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fleetctl.core.problems import Problem

Path = tuple[str | int, ...]
"""The way to a value: keys of mappings and indexes of lists, outermost first."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text file, 1-based."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was read.

    Attributes:
        path: as the user would type it; shown in problems.
        content: the bytes, undecoded.
        name: its path inside of the fleet's folder, the same wherever the user stands.
    """

    path: str
    content: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Positions:
    """Where keys and values stand, by path."""

    keys: Mapping[Path, Position]
    values: Mapping[Path, Position]

    def of_key(self, path: Path) -> Position | None:
        """Return where the last key of `path` stands."""
        return self.keys.get(path)

    def of(self, path: Path) -> Position | None:
        """Return where to point for `path`: at a scalar or an element of a list, at the key of a mapping or a list."""
        return self.values.get(path) or self.keys.get(path)


@dataclass(frozen=True)
class Document:
    """One file's data.

    Attributes:
        file: path for problems.
        data: mappings, lists, strings, numbers, booleans, None; None if the text could not be read.
        problems: what is wrong with the text itself.
        read_positions: reads the text once more to say where things stand. Problems are rare and positions cost more
            than the data, so they are made when asked for.
    """

    file: str
    data: Any
    problems: tuple[Problem, ...] = ()
    read_positions: Callable[[], Positions] = field(default=lambda: Positions({}, {}), compare=False, repr=False)

    @cached_property
    def positions(self) -> Positions:
        """Return where keys and values stand."""
        return self.read_positions()
