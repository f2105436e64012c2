"""Problems as documents: for people, for programs, for GitHub's annotations, for code scanning (SARIF 2.1.0)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from fleetctl.core.problems import Problem, Severity

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as plain data, one mapping each."""
    return [
        {
            "code": p.code,
            "severity": p.severity.value,
            "message": p.message,
            "hint": p.hint,
            "file": p.file,
            "line": p.line,
            "column": p.column,
        }
        for p in problems
    ]


def counted(problems: Sequence[Problem]) -> str:
    """Return how many errors and warnings there are, in words."""
    errors = sum(p.severity is Severity.ERROR for p in problems)
    warnings = len(problems) - errors
    return f"{amount(errors, 'error')}, {amount(warnings, 'warning')}"


def github(problem: Problem) -> str:
    """Return the workflow command that puts a problem beside its line in a pull request."""
    place = {"file": problem.file, "line": problem.line, "col": problem.column, "title": problem.code}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items() if value)
    message = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return f"::{problem.severity.value} {properties}::{_escaped(message)}"


def sarif(problems: Sequence[Problem], *, version: str) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log of one run.

    Args:
        problems: in order; files are relative to the root of the repository.
        version: version of fleetctl.
    """
    codes = sorted({problem.code for problem in problems})
    rules = [{"id": code, "shortDescription": {"text": code.replace("-", " ")}} for code in codes]
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "fleetctl", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(problem, codes.index(problem.code)) for problem in problems],
            }
        ],
    }


def _result(problem: Problem, rule: int) -> dict[str, Any]:
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": text},
    }
    if problem.file:
        result["locations"] = [{"physicalLocation": _physical(problem)}]
    return result


def _physical(problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
    if problem.line:
        location["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
    return location


def _uri(file: str) -> str:
    path = quote(file)
    return f"file://{path}" if path.startswith("/") else path


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def amount(count: int, word: str) -> str:
    """Return a number with its word in the right number, such as `1 site` and `2 sites`."""
    return f"{count} {word}" + ("" if count == 1 else "s")
