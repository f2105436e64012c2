"""Holds a SARIF log to the official schema, which is kept in `tests/fixtures/sarif` with its origin and notices."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

SCHEMA = Path(__file__).parents[1] / "fixtures/sarif/sarif-schema-2.1.0.json"


def objections(log: dict[str, Any]) -> list[str]:
    """Return what the schema objects to in a log, each with its place; an empty list for a good one."""
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(log)]


@cache
def schema() -> dict[str, Any]:
    """Return the schema as it was published."""
    document: dict[str, Any] = json.loads(SCHEMA.read_text())
    return document


@cache
def _validator() -> Draft4Validator:
    return Draft4Validator(schema())
