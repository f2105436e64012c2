"""Brings what is wrong with the edited files back to the cells that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fleetctl.core.document import Document, Path
from fleetctl.core.importing.changes import Change
from fleetctl.core.problems import Problem

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


def blamed(problems: Iterable[Problem], origins: Origins, read: Callable[[str], Document]) -> Iterator[Problem]:
    """Yield each problem at the cell that it came from; one that no cell explains stays at its line.

    Args:
        problems: of the edited files.
        origins: what was edited.
        read: returns an edited file by its path.
    """
    paths: dict[str, dict[tuple[int, int], Path]] = {}
    for problem in problems:
        if problem.file not in origins.site_of:
            yield _at_line(problem)
            continue
        if problem.file not in paths:
            paths[problem.file] = _paths(read(problem.file))
        path = paths[problem.file].get((problem.line, problem.column), ())
        yield _at_cell(problem, path, origins)


def _paths(document: Document) -> dict[tuple[int, int], Path]:
    """Return the path of every key and value by its place; where two stand in one place, the inner one."""
    found: dict[tuple[int, int], Path] = {}
    for places in (document.positions.keys, document.positions.values):
        found |= {(at.line, at.column): path for path, at in places.items()}
    return found


def _at_cell(problem: Problem, path: Path, origins: Origins) -> Problem:
    if len(path) < 2:
        return _at_line(problem)
    site, section, id = origins.site_of[problem.file], str(path[0]), str(path[1])
    key = str(path[2]) if len(path) > 2 else ""
    change = origins.changes.get((site, section, id))
    if change is None:
        return _at_line(problem)
    place = change.placed.entry.place(key)
    return place.problem(problem.code, problem.message, problem.hint, problem.severity)


def _at_line(problem: Problem) -> Problem:
    return replace(problem, message=f"{_MOST}{problem.message}")
