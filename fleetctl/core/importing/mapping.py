"""The mapping file: what the columns and words of an unusual spreadsheet mean.

```yaml
site: les-sables
columns: {Plaque: serial, Zone de pose: room, Observations: ""}
values: {room: {Séj.: living}}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetctl.core.document import Document, Path
from fleetctl.core.importing.words import COLUMNS, KEYS, folded
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import Problem
from fleetctl.core.written import as_text

_PARTS = ("site", "columns", "values")


@dataclass(frozen=True)
class Mapped:
    """What names and words mean; without a mapping file the known French and English ones.

    Attributes:
        site: site of rows that name none.
        columns: folded names of columns, with the key that each stands for; empty for one that is passed over.
        values: for a key, folded words with the value that each stands for.
    """

    site: str = ""
    columns: Mapping[str, str] = field(default_factory=lambda: COLUMNS)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def value(self, key: str, text: str) -> str:
        """Return what a word in a column stands for; itself if nobody said."""
        return self.values.get(key, {}).get(folded(text), text)


def mapped_by(document: Document) -> tuple[Mapped, tuple[Problem, ...]]:
    """Return what a mapping file says, added to what is known without it, and all that is wrong with it."""
    problems = [*document.problems, *_flaws(document)]
    if problems:
        return Mapped(), tuple(problems)
    data = document.data
    columns = {folded(name): str(key) for name, key in data.get("columns", {}).items()}
    values = {key: {folded(word): str(as_text(value)) for word, value in words.items()}
              for key, words in data.get("values", {}).items()}  # fmt: skip
    return Mapped(str(as_text(data.get("site", ""))), {**COLUMNS, **columns}, values), ()


def _flaws(document: Document) -> Iterator[Problem]:
    data = document.data
    if not isinstance(data, dict):
        if not document.problems:
            message = "a mapping file holds 'columns' and 'values'"
            yield _problem(document, (), "wrong-type", message, "see docs/import.md")
        return
    for part, content in data.items():
        if part not in _PARTS:
            yield _problem(document, (part,), "unknown-key", f"'{part}' means nothing here", did_you_mean(part, _PARTS))
        elif part != "site" and not isinstance(content, dict):
            hint = f"write it as {part}: {{NAME: MEANING}}"
            yield _problem(document, (part,), "wrong-type", f"'{part}' is a mapping", hint)
        elif part == "columns":
            yield from _unknown(document, part, {name: key for name, key in content.items() if key not in ("", None)})
        elif part == "values":
            yield from _unknown(document, part, {key: key for key in content})
            yield from _not_words(document, content)


def _unknown(document: Document, part: str, keys: Mapping[str, Any]) -> Iterator[Problem]:
    for name, key in keys.items():
        if key not in KEYS:
            hint = did_you_mean(str(key), KEYS)
            yield _problem(document, (part, name), "unknown-column", f"'{key}' is not a column of a unit", hint)


def _not_words(document: Document, values: Mapping[str, Any]) -> Iterator[Problem]:
    for key, words in values.items():
        if not isinstance(words, dict) or any(isinstance(word, dict | list) for word in words.values()):
            hint = f"write it as {key}: {{WORD: MEANING}}"
            yield _problem(document, ("values", key), "wrong-type", f"values of '{key}' are words with meanings", hint)


def _problem(document: Document, path: Path, code: str, message: str, hint: str) -> Problem:
    position = document.positions.of(path)
    line, column = (position.line, position.column) if position else (1, 1)
    return Problem(code, message, document.file, line, column, hint)
