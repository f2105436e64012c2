"""Bad input as data: problems are collected, sorted and shown once.

A problem says where, what and what next. Exceptions are for what could not be done; what a person wrote wrongly is
a `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a problem is: an error stops the command, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input.

    Attributes:
        code: stable identifier in kebab case, for instance `duplicate-serial`.
        message: object and fact, in one sentence without a full stop.
        file: path as the user gave it; empty if the problem belongs to no file.
        line: 1-based; 0 if unknown.
        column: 1-based; 0 if unknown.
        hint: the next step; may be empty.
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def where(self) -> str:
        """Return `file:line:column`, as far as it is known."""
        parts = [self.file] if self.file else []
        parts += [str(n) for n in (self.line, self.column) if n]
        return ":".join(parts)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems by place, then by code and message."""
    return tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.column, p.code, p.message)))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Keep only the problems that stop a command."""
    return tuple(p for p in problems if p.severity is Severity.ERROR)


class InvalidInput(Exception):
    """Raised when input cannot be used; carries every problem that was found (exit code 2)."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("; ".join(p.message for p in self.problems) or "invalid input")


def refuse(problems: Iterable[Problem]) -> None:
    """Refuse input in which there are problems.

    Raises:
        InvalidInput: with all of them, if there is any.
    """
    found = tuple(problems)
    if found:
        raise InvalidInput(found)


class CouldNot(Exception):
    """Raised when something valid could not be done (exit code 1).

    The message names object and fact; the hint names the next step.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)
