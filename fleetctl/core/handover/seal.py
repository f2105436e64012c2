"""The seal of a report's file: a signature over the report and over every byte of the file. Pure; keys are elsewhere.

A JSON file holds report and seal side by side and is written in one way only, so another byte shows. An HTML page holds
the report's data as well, and the seal stands in a comment behind its end, over all that is before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.core.digest import canonical, digest, digest_of

SCHEMA = "fleetctl/handover/v1"
SEAL_SCHEMA = "fleetctl/handover-seal/v1"
_DATA = re.compile(rb'<script type="application/json" id="report">(?P<data>[^<]*)</script>')
_SEAL = re.compile(rb"<!-- fleetctl-seal (?P<seal>\{[^<>]*\}) -->\n\Z")


@dataclass(frozen=True, slots=True)
class Seal:
    """What vouches for a file.

    Attributes:
        report: digest of the report's data.
        content: digest of what the seal stands under: the page's bytes; of a JSON file, again the report's data.
        key: the public key, as OpenSSH writes it.
        signature: of `message`, in base64.
    """

    report: str
    content: str
    key: str
    signature: str = ""

    @property
    def message(self) -> bytes:
        """Return what is signed: everything but the signature."""
        return canonical(self._unsigned())

    def to_document(self) -> dict[str, str]:
        """Return it as plain data."""
        return {**self._unsigned(), "signature": self.signature}

    def _unsigned(self) -> dict[str, str]:
        return {"schema": SEAL_SCHEMA, "report": self.report, "content": self.content, "key": self.key}


@dataclass(frozen=True)
class Sealed:
    """A file, taken apart.

    Attributes:
        report: the report's data.
        seal: as it stands in the file.
        content: digest of what the seal stands under, as it is.
    """

    report: Mapping[str, Any]
    seal: Seal
    content: str

    @property
    def changed(self) -> str | None:
        """Return what is not as it was sealed, in words; None if nothing is."""
        if digest_of(self.report) != self.seal.report:
            return "the report's data was changed after it was sealed"
        if self.content != self.seal.content:
            return "the file was changed after it was sealed"
        return None


def json_file(report: Mapping[str, Any], seal: Seal) -> bytes:
    """Return the one JSON file of a report and its seal."""
    document = {"schema": SCHEMA, "report": report, "seal": seal.to_document()}
    return (json.dumps(document, ensure_ascii=False) + "\n").encode()


def html_file(page: bytes, seal: Seal) -> bytes:
    """Return a page with its seal behind it."""
    return page + b"<!-- fleetctl-seal " + json.dumps(seal.to_document()).encode() + b" -->\n"


def embedded(report: Mapping[str, Any]) -> str:
    """Return a report's data so that it may stand in a page's script element: nothing in it can end the element."""
    text = canonical(report).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def opened(content: bytes) -> Sealed:
    """Take a report's file apart; whether it is genuine is not asked here.

    Raises:
        ValueError: if it is not a report that was sealed, or its JSON was written anew.
    """
    return _opened_json(content) if content.lstrip()[:1] == b"{" else _opened_html(content)


def _opened_json(content: bytes) -> Sealed:
    document = _object(content)
    report, seal = document.get("report"), document.get("seal")
    if document.get("schema") != SCHEMA or not isinstance(report, dict) or not isinstance(seal, dict):
        raise ValueError("it is no handover report with a seal")
    read = _seal(seal)
    if json_file(report, read) != content:
        raise ValueError("it was changed after it was sealed")
    return Sealed(report, read, digest_of(report))


def _opened_html(content: bytes) -> Sealed:
    sealed, data = _SEAL.search(content), _DATA.findall(content)
    if sealed is None or len(data) != 1:
        raise ValueError("it is no handover report with a seal, or it was changed after it was sealed")
    seal = _seal(_object(sealed["seal"]))
    if html_file(content[: sealed.start()], seal) != content:
        raise ValueError("its seal was changed")
    return Sealed(_object(data[0]), seal, digest(content[: sealed.start()]))


def _object(text: bytes) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it cannot be read: {error}") from error
    if isinstance(read, dict):
        return read
    raise ValueError("it is no handover report")


def _seal(row: Mapping[str, Any]) -> Seal:
    try:
        if row["schema"] != SEAL_SCHEMA:
            raise ValueError(f"its seal is of schema {row['schema']!r}")
        return Seal(*(str(row[name]) for name in ("report", "content", "key", "signature")))
    except KeyError as error:
        raise ValueError(f"its seal lacks {error}") from error
