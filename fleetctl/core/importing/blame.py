"""Brings what is wrong with the edited files back to the cells that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from fleetctl.core.document import Document, Path
from fleetctl.core.importing.changes import Change
from fleetctl.core.importing.placing import comparable
from fleetctl.core.problems import Problem
from fleetctl.core.written import as_text

_MOST = "the result of the import would not be valid: "


@dataclass(frozen=True)
class Origins:
    """Where edited units come from.

    Attributes:
        changes: by site, section and id.
        site_of: the site of each file.
    """

    changes: Mapping[tuple[str, str, str], Change]
    site_of: Mapping[str, str]

    @classmethod
    def of(cls, changes: Iterable[Change], site_of: Mapping[str, str]) -> Origins:
        """Index changes by what they change."""
        return cls({(change.site, change.section, change.placed.id): change for change in changes}, site_of)

    @cached_property
    def claims(self) -> Mapping[tuple[str, str], Change]:
        """Map what rows claim to their changes."""
        return {
            (key, comparable(key, value)): change
            for change in self.changes.values()
            for key, value in change.after.items()
        }


def blamed(problems: Iterable[Problem], origins: Origins, read: Callable[[str], Document]) -> Iterator[Problem]:
    """Yield each problem at the cell that it came from; one that no cell explains stays at its line.

    Args:
        problems: of the edited files.
        origins: what was edited.
        read: returns an edited file by its path.
    """
    documents: dict[str, tuple[Document, dict[tuple[int, int], Path]]] = {}
    for problem in problems:
        if problem.file not in origins.site_of:
            yield problem
            continue
        if problem.file not in documents:
            document = read(problem.file)
            documents[problem.file] = document, _paths(document)
        document, paths = documents[problem.file]
        path = paths.get((problem.line, problem.column), ())
        yield _at_cell(problem, path, origins, document.data)


def _paths(document: Document) -> dict[tuple[int, int], Path]:
    """Return the path of every key and value by its place; where two stand in one place, the inner one."""
    found: dict[tuple[int, int], Path] = {}
    for places in (document.positions.keys, document.positions.values):
        found |= {(at.line, at.column): path for path, at in places.items()}
    return found


def _at_cell(problem: Problem, path: Path, origins: Origins, data: Any) -> Problem:
    if len(path) < 2:
        return _at_line(problem)
    site, section, id = origins.site_of[problem.file], str(path[0]), str(path[1])
    key = str(path[2]) if len(path) > 2 else ""
    change = origins.changes.get((site, section, id))
    if change is None and key:
        change = _claimant(problem, origins, key, data[section][id][key])
    if change is None:
        return _at_line(problem)
    place = change.placed.entry.place(key)
    return place.problem(problem.code, problem.message, problem.hint, problem.severity)


def _claimant(problem: Problem, origins: Origins, key: str, value: Any) -> Change | None:
    """Return the change that claims what another unit has: of two with one serial, the row is what is new."""
    if not problem.code.startswith("duplicate-"):
        return None
    return origins.claims.get((key, comparable(key, str(as_text(value)))))


def _at_line(problem: Problem) -> Problem:
    return replace(problem, message=f"{_MOST}{problem.message}")
