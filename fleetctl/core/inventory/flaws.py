"""What is wrong with an inventory, by the path of what was declared; and the one place where a path becomes a line.

Whoever finds a flaw names a path such as `("sites", "launaguet", "radiators", "a101-1", "serial")` and knows nothing of
files. The value may stand there, in the site's defaults or in the fleet's: the locator looks in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fleetctl.core.document import Document, Path
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import Problem, Severity, in_order

FLEET = ("fleet",)
KINDS_WITH_DEFAULTS = {"gateways": "gateway", "boilers": "boiler", "radiators": "radiator", "dwellings": "dwelling"}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong, by path.

    Attributes:
        path: starts with `"fleet"`, or with `"sites"` and the site's id.
        at_key: point at the key rather than at its value.
    """

    path: Path
    code: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    at_key: bool = False


def site_path(site: str, *rest: str | int) -> Path:
    """Return the path of something in a site."""
    return ("sites", site, *rest)


def unit_path(unit: Unit, *rest: str | int) -> Path:
    """Return the path of a unit, or of one of its keys."""
    return ("sites", unit.site, f"{unit.kind}s", unit.id, *rest)


@dataclass(frozen=True)
class Locator:
    """Finds the place of a path.

    Attributes:
        fleet: reads `fleet.yaml`.
        site: reads a site's documents. Both are called only for a flaw: a good fleet is never read for positions.
    """

    fleet: Callable[[], Document]
    site: Callable[[str], Sequence[Document]]

    def problems(self, flaws: Iterable[Flaw]) -> tuple[Problem, ...]:
        """Turn flaws into problems; those that stem from one line (a default) become one problem."""
        by_place: dict[tuple[str, str, int, int], list[Problem]] = {}
        for problem in in_order(self._problem(flaw) for flaw in flaws):
            by_place.setdefault((problem.code, problem.file, problem.line, problem.column), []).append(problem)
        return tuple(_merged(same) for same in by_place.values())

    def _problem(self, flaw: Flaw) -> Problem:
        document, path = self._place(flaw.path)
        positions = document.positions
        position = positions.of_key(path) if flaw.at_key else positions.of(path)
        line, column = (position.line, position.column) if position else (1, 1)
        return Problem(flaw.code, flaw.message, document.file, line, column, flaw.hint, flaw.severity)

    def _place(self, path: Path) -> tuple[Document, Path]:
        if path[:1] == FLEET:
            return _longest([self.fleet()], path[1:])
        documents = self.site(str(path[1]))
        for document, candidate in self._candidates(documents, path[2:]):
            if document.positions.of(candidate):
                return document, candidate
        return _longest(documents, path[2:])

    def _candidates(self, documents: Sequence[Document], path: Path) -> Iterator[tuple[Document, Path]]:
        yield from ((document, path) for document in documents)
        if len(path) > 2 and path[0] in KINDS_WITH_DEFAULTS:
            inherited = ("defaults", KINDS_WITH_DEFAULTS[str(path[0])], *path[2:])
            yield from ((document, inherited) for document in documents)
            yield self.fleet(), inherited
        elif path:
            yield self.fleet(), ("defaults", "site", *path)


def _longest(documents: Sequence[Document], path: Path) -> tuple[Document, Path]:
    for length in range(len(path), 0, -1):
        for document in documents:
            if document.positions.of(path[:length]):
                return document, path[:length]
    return documents[0], ()


def _merged(problems: Sequence[Problem]) -> Problem:
    first, others = problems[0], len(problems) - 1
    if not others:
        return first
    message = f"{first.message} (and {others} more like this, from the same line)"
    return Problem(first.code, message, first.file, first.line, first.column, first.hint, first.severity)
