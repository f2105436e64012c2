"""Reads YAML strictly: the 1.2 core schema, no tags, anchors or aliases, no key twice, bounded size and depth.

It builds plain data from libyaml's event stream itself, because every ready loader gives something away: YAML 1.1
turns `22:00` into 1320 and `no` into False, and most loaders drop duplicate keys or resolve aliases without a word.
It does not know what the data means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import yaml

from fleetctl.core.document import Document, Path, Position, Positions, SourceFile
from fleetctl.core.problems import Problem
from fleetctl.core.written import WrittenFloat, WrittenInt

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 16
"""Deep enough for any file of ours (a fleet needs five levels), far below Python's recursion limit."""
MAX_PROBLEMS = 100
"""A file that is wrong throughout is not described line by line."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_MAX_DIGITS = 100
_NUMBER_START = frozenset("+-.0123456789")


def read(source: SourceFile) -> Document:
    """Read one YAML file.

    Returns:
        The document. Its data is None if the text is not YAML at all; if only parts of it are refused (a tag, a key
        twice), the rest is there, so that one reading shows every problem.
    """
    text, problem = _decode(source)
    if problem is not None:
        return Document(source.path, None, (problem,))
    builder = _Builder(source.path)
    data = builder.build(text)
    return Document(source.path, data, tuple(builder.problems), partial(_positions, source.path, text))


def core_scalar(text: str) -> Any:
    """Return the value of a plain scalar by the YAML 1.2 core schema; a number remembers its text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START or len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return WrittenInt(int(text, base), text)
    if _FLOAT.fullmatch(text):
        return WrittenFloat(float(text), text)
    return text


def _decode(source: SourceFile) -> tuple[str, Problem | None]:
    if len(source.content) > MAX_BYTES:
        size = f"{len(source.content) / 1e6:.0f} MB, limit {MAX_BYTES / 1e6:.0f} MB"
        return "", Problem("too-large", f"the file is too large ({size})", source.path, hint="split it into a folder")
    try:
        return source.content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = source.content.count(b"\n", 0, error.start) + 1
        column = error.start - source.content.rfind(b"\n", 0, error.start)
        hint = "save the file as UTF-8"
        return "", Problem("not-utf-8", "the file is not UTF-8 text", source.path, line, column, hint)


def _positions(file: str, text: str) -> Positions:
    builder = _Builder(file, locate=True)
    builder.build(text)
    return Positions(builder.keys, builder.values)


class _Refused(Exception):
    """Ends the reading of a file that cannot be followed any further; the problem is recorded."""


class _Builder:
    """Builds plain data from events, and notes where things stand if asked to.

    A value that is refused becomes None, so that reading goes on behind it.
    """

    def __init__(self, file: str, *, locate: bool = False) -> None:
        self.file = file
        self.locate = locate
        self.problems: list[Problem] = []
        self.keys: dict[Path, Position] = {}
        self.values: dict[Path, Position] = {}
        self._events: Iterator[Any] = iter(())

    def build(self, text: str) -> Any:
        """Return the data of the one document in `text`, or None."""
        self._events = iter(yaml.parse(text, Loader=_LOADER))
        try:
            return self._document()
        except yaml.MarkedYAMLError as error:
            self._syntax(text, error)
        except yaml.YAMLError as error:
            self._character(text, error)
        except _Refused:
            pass
        return None

    def _document(self) -> Any:
        data = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "several-documents", "a file holds one YAML document", "split it at '---'")
                    break
                data = self._value(next(self._events), (), 0)
        return data

    def _value(self, event: Any, path: Path, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._refuse(event, "alias", f"alias '*{event.anchor}' is not allowed", "write the value out")
        if event.tag is not None or event.anchor is not None:
            self._tag_or_anchor(event)
        if kind is yaml.ScalarEvent:
            if self.locate:
                self.values[path] = _position(event)
            return core_scalar(event.value) if event.implicit[0] and not event.style else event.value
        if depth >= MAX_DEPTH:
            self._refuse(event, "too-deep", f"nested deeper than {MAX_DEPTH} levels", "")
            raise _Refused
        if kind is yaml.MappingStartEvent:
            return self._mapping(path, depth + 1)
        return self._list(path, depth + 1)

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in self._events:
            if type(event) is yaml.MappingEndEvent:
                break
            key = self._key(event, path, depth)
            inner = (*path, key) if self.locate else path
            fresh = key not in mapping
            if not fresh:
                self._twice(event, key)
            elif self.locate:
                self.keys[inner] = _position(event)
            value = self._value(next(self._events), inner if fresh else (), depth)
            if fresh:
                mapping[key] = value
        return mapping

    def _key(self, event: Any, path: Path, depth: int) -> str:
        if type(event) is yaml.ScalarEvent:
            if event.tag is not None or event.anchor is not None:
                self._tag_or_anchor(event)
            if event.value == "<<" and not event.style:
                self._refuse(event, "merge-key", "the merge key '<<' is not allowed", "use 'defaults' instead")
            return str(event.value)
        self._refuse(
            event, "key-not-text", "a key must be plain text", "put text that starts with '{' or '*' in quotes"
        )
        self._value(event, path, depth)
        return ""

    def _list(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if type(event) is yaml.SequenceEndEvent:
                break
            inner = (*path, len(items))
            if self.locate:
                self.values[inner] = _position(event)
            items.append(self._value(event, inner, depth))
        return items

    def _tag_or_anchor(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse(event, "tag", f"tag '{event.tag}' is not allowed", "remove it; use quotes to make text")
        if event.anchor is not None:
            self._refuse(event, "anchor", f"anchor '&{event.anchor}' is not allowed", "use 'defaults' instead")

    def _twice(self, event: Any, key: str) -> None:
        self._refuse(event, "duplicate-key", f"key '{key}' appears twice in the same mapping", "remove one of the two")

    def _refuse(self, event: Any, code: str, message: str, hint: str) -> None:
        place = _position(event)
        self.problems.append(Problem(code, message, self.file, place.line, place.column, hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Refused

    def _syntax(self, text: str, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        if "\t" in _indentation(text, line):
            hint = "YAML does not allow tabs for indentation; use spaces"
            self.problems.append(Problem("tab", "a tab stands where only spaces may", self.file, line, column, hint))
            return
        fact = " ".join(part for part in (error.context, error.problem) if part) or "not YAML"
        hint = "check the indentation, and that brackets and quotes are closed, in this line and the one before"
        self.problems.append(Problem("yaml-syntax", f"this is not YAML: {fact}", self.file, line, column, hint))

    def _character(self, text: str, error: yaml.YAMLError) -> None:
        at = max(getattr(error, "position", 0) or 0, 0)
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        hint = "remove the control character"
        self.problems.append(
            Problem("yaml-character", f"unreadable character ({error})", self.file, line, column, hint)
        )


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _indentation(text: str, line: int) -> str:
    lines = text.splitlines()
    content = lines[line - 1] if 0 < line <= len(lines) else ""
    return content[: len(content) - len(content.lstrip())]
