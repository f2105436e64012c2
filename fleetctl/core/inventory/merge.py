"""Layers of declared values, weakest first; and one site out of several files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fleetctl.core.document import Document
from fleetctl.core.inventory.declared.quantities import Declared
from fleetctl.core.problems import Problem


def layered(*layers: Declared | None) -> dict[str, Any]:
    """Merge what was written in `layers`, weakest first; nested settings are merged key by key."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in () if layer is None else written(layer):
            result[key] = {**result[key], **value} if isinstance(result.get(key), dict) else value
    return result


def written(layer: Declared) -> Iterator[tuple[str, Any]]:
    """Yield what a layer says, nested settings as plain mappings."""
    for key, value in layer:
        if value is not None:
            yield key, dict(written(value)) if isinstance(value, Declared) else value


def joined(documents: Sequence[Document]) -> tuple[dict[str, Any], list[Problem]]:
    """Join the files of one site: sections are joined by id, anything else may be said once."""
    site: dict[str, Any] = {}
    problems: list[Problem] = []
    for document in documents:
        data = document.data
        if data is None:
            continue
        if not isinstance(data, dict):
            problems.append(Problem("wrong-type", "a site's file holds a mapping", document.file, 1, 1))
            continue
        problems += [_said_twice(document, path) for path in _join(site, data)]
    return site, problems


def _join(site: dict[str, Any], data: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, value in data.items():
        known = site.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            yield from ((key, inner) for inner in value if inner in known)
            site[key] = known | {inner: of for inner, of in value.items() if inner not in known}
        elif key in site:
            yield (key,)
        else:
            site[key] = value


def _said_twice(document: Document, path: tuple[str, ...]) -> Problem:
    position = document.positions.of_key(path)
    line, column = (position.line, position.column) if position else (1, 1)
    message = f"'{'.'.join(path)}' is declared in another file of this site too"
    return Problem("duplicate-key", message, document.file, line, column, "keep it in one file")
