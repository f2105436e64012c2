"""Changes to the text of `fleet.yaml` that leave all else as it stands, comments included."""

from __future__ import annotations

import re

from fleetctl.core.document import Document
from fleetctl.core.releases.catalogue import Published
from fleetctl.core.written import as_text

FOLDER = "releases"
_SCALAR = re.compile(r"[^\s,}\]#]+")


def release_line(published: Published) -> str:
    """Return the entry of a release under `releases:`."""
    return (
        f"{published.version}: {{compatible: {published.compatible}, bundle: {FOLDER}/{published.file}, "
        f"sha256: {published.sha256}, size_bytes: {published.size_bytes}}}"
    )


def with_release(text: str, document: Document, published: Published) -> str | None:
    """Return the text with a release declared; None if it cannot be put there without guessing."""
    if published.version in (document.data.get("releases") or {}):
        return text
    return _with_entry(text, document, "releases", release_line(published))


def with_channel(text: str, document: Document, channel: str, version: str) -> str | None:
    """Return the text in which a channel stands for a version; None if it cannot be put there without guessing."""
    if channel not in (document.data.get("channels") or {}):
        return _with_entry(text, document, "channels", f"{channel}: {version}")
    position = document.positions.of(("channels", channel))
    if position is None:
        return None
    lines, row, start = text.splitlines(keepends=True), position.line - 1, position.column - 1
    found = _SCALAR.match(lines[row], start)
    if found is None or found.group().strip("'\"") != str(as_text(document.data["channels"][channel])):
        return None
    lines[row] = lines[row][:start] + version + lines[row][found.end() :]
    return "".join(lines)


def _with_entry(text: str, document: Document, section: str, entry: str) -> str | None:
    """Put an entry first in a section, or start the section at the end of the text."""
    if section not in document.data:
        return f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n{section}:\n  {entry}\n"
    position, lines = document.positions.of_key((section,)), text.splitlines(keepends=True)
    if position is None:
        return None
    row = position.line - 1
    head, brace, rest = lines[row].partition("{")
    if brace and head.strip() == f"{section}:":
        lines[row] = f"{head}{{{entry}{'' if rest.lstrip().startswith('}') else ', '}{rest}"
    elif head.partition("#")[0].strip() == f"{section}:":
        lines.insert(row + 1, f"{_indent(lines[row + 1 :])}{entry}\n")
    else:
        return None
    return "".join(lines)


def _indent(lines: list[str]) -> str:
    """Return the indentation of the first entry below; of a section without one, two spaces."""
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    return first[: len(first) - len(first.lstrip())] or "  "
