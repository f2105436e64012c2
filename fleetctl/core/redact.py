"""Takes secrets out of text, also where they were encoded on the way.

A redactor is made from resolved values and lives as long as they do; whatever writes logs, events or reports sends its
text through it. It is the last line of defence: secrets travel by reference, and no text should hold one at all.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MIN_LENGTH = 6
"""A shorter secret cannot be told from ordinary text, so it cannot be kept out of a log; it is refused."""


class Redactor:
    """Replaces secrets in text by their names. Neither its `repr` nor its attributes show a value."""

    __slots__ = ("__names", "__pattern")

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Take resolved values by their names; those that are too short are left out."""
        names = {
            form: name for name, value in sorted(secrets.items()) if len(value) >= MIN_LENGTH for form in _forms(value)
        }
        longest_first = sorted(names, key=lambda form: (-len(form), form))
        self.__names = names
        self.__pattern = re.compile("|".join(map(re.escape, longest_first))) if names else None

    def __call__(self, text: str) -> str:
        """Return the text with `<secret NAME>` in the place of every secret."""
        if self.__pattern is None:
            return text
        return self.__pattern.sub(lambda found: f"<secret {self.__names[found.group()]}>", text)

    def document(self, value: Any) -> Any:
        """Return plain data (mappings, lists, texts, numbers) with every text redacted, keys as well."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.document(key): self.document(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.document(item) for item in value]
        return value

    def __repr__(self) -> str:
        return "Redactor(…)"

    def __reduce__(self) -> str:
        raise TypeError("a redactor holds secrets and is not written anywhere")


def _forms(value: str) -> set[str]:
    """Return the ways in which a value may appear in a text."""
    whole = {value, value.strip(), *(line.strip() for line in value.splitlines())}
    forms = {form for text in whole for form in _escaped(text)} | set(_base64(value.encode()))
    return {form for form in forms if len(form) >= MIN_LENGTH}


def _escaped(text: str) -> Iterator[str]:
    yield text
    for ascii_only in (True, False):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield from (once, json.dumps(once, ensure_ascii=ascii_only)[1:-1])  # an event holds JSON inside JSON
    yield repr(text)[1:-1]
    yield shlex.quote(text)[1:-1] if shlex.quote(text) != text else text
    yield from (quote(text, safe=""), quote(text), quote_plus(text))
    yield text.encode().hex()


def _base64(content: bytes) -> Iterator[str]:
    """Yield a value in base64, and what is the same in any base64 text that holds it, at each of the three alignments.

    The first and last characters of such a text depend on the neighbours; they are left out.
    """
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(content).decode()
        for before in range(3):
            text = encode(b"\0" * before + content).decode().rstrip("=")
            unsure_head = (before * 8 + 5) // 6 if before else 0
            unsure_tail = 1 if (before + len(content)) % 3 else 0
            yield text[unsure_head : len(text) - unsure_tail]
