"""Imports a spreadsheet: reads it, finds its units, edits the site files in memory and checks what would come of it.

It writes nothing. Whoever calls it gets the files as they should be, all of them valid together, or every problem.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fleetctl.core.document import SourceFile
from fleetctl.core.importing.blame import Origins, blamed
from fleetctl.core.importing.changes import Change, Inherited, changes_of, disagreements
from fleetctl.core.importing.claims import CODES, claimed_twice
from fleetctl.core.importing.mapping import Mapped
from fleetctl.core.importing.placing import comparable, place_rows
from fleetctl.core.importing.rows import Reading, read_rows
from fleetctl.core.importing.sheets import Sheet
from fleetctl.core.inventory.edit import Put
from fleetctl.core.inventory.fleet import Fleet, Kind, Unit
from fleetctl.core.problems import CouldNot, InvalidInput, Problem, errors
from fleetctl.ports import FleetFiles, SiteCache
from fleetctl.services.load import Examined, examine
from fleetctl.services.site_edits import Edited, EditedFiles, Editor, home_of


@dataclass(frozen=True)
class Import:
    """What an import comes to.

    Attributes:
        reading: the spreadsheet's rows.
        changes: in the order of the rows.
        files: those that change.
        warnings: what is worth a look in the result and was not so before.
    """

    reading: Reading
    changes: tuple[Change, ...]
    files: tuple[Edited, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def unchanged(self) -> int:
        """Return how many rows say what is declared already."""
        return len(self.reading.entries) - len(self.changes)


def import_units(
    sheets: Sequence[Sheet], mapped: Mapped, files: FleetFiles, cache_of_sites: SiteCache, edit: Editor
) -> Import:
    """Return what a spreadsheet changes.

    Raises:
        InvalidInput: with everything that is wrong with the rows, or would be with the fleet.
        CouldNot: if a file cannot be read, or cannot be edited in place.
    """
    before = examine(files, cache_of_sites)
    if before.fleet is None:
        raise InvalidInput(before.problems)
    reading = read_rows(sheets, mapped)
    inherited = _inherited(files)
    placed, problems = place_rows(reading.entries, before.fleet, mapped)
    problems = [*reading.problems, *problems, *claimed_twice(placed, before.fleet)]
    problems += disagreements(placed, before.fleet, inherited)
    changes = changes_of(placed, before.fleet, inherited)
    edited = _edited((change for change in changes if change.is_complete), files, edit)
    after = examine(EditedFiles(files, edited), cache_of_sites) if edited else before
    problems += list(_from_cells(errors(after.problems), problems, changes, files, edited))
    if problems or after.fleet is None:
        raise InvalidInput(problems)
    _prove(changes, before.fleet, after.fleet)
    return Import(reading, changes, edited, tuple(_new_warnings(before, after)))


def _inherited(files: FleetFiles) -> Inherited:
    """Return what looks up the model that units of a site have by default; files are parsed when it is first asked."""

    @cache
    def model(site: str, kind: Kind) -> str:
        documents = [*map(files.parse, files.sites()[site]), files.parse(files.fleet())]
        defaults = (document.data.get("defaults", {}).get(kind.value, {}) for document in documents)
        return next((str(of["model"]) for of in defaults if "model" in of), "")

    return model


def _edited(changes: Iterable[Change], files: FleetFiles, edit: Editor) -> tuple[Edited, ...]:
    by_site: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_site[change.site].append(change)
    sites = files.sites()
    return tuple(one for site, of_site in by_site.items() for one in _edited_site(sites[site], of_site, files, edit))


def _edited_site(
    sources: Sequence[SourceFile], changes: Iterable[Change], files: FleetFiles, edit: Editor
) -> Iterator[Edited]:
    home = home_of(sources, files)
    puts: dict[str, list[Put]] = defaultdict(list)
    for change in changes:
        put = Put(change.section, change.placed.id, change.after)
        puts[home(put).path].append(put)
    for source in sources:
        if source.path in puts:
            yield Edited(source, edit(source, puts[source.path]))


def _from_cells(
    found: Iterable[Problem],
    known: Sequence[Problem],
    changes: Iterable[Change],
    files: FleetFiles,
    edited: Sequence[Edited],
) -> Iterator[Problem]:
    """Yield problems of the result at their cells; what the rows themselves showed to be wrong is not said again."""
    sources = {one.source.path: replace(one.source, content=one.content) for one in edited}
    site_of = {source.path: site for site, of_site in files.sites().items() for source in of_site}
    origins = Origins.of(changes, {path: site_of[path] for path in sources})
    cells = {(problem.file, problem.line, problem.column) for problem in known}
    for problem in blamed(found, origins, lambda path: files.parse(sources[path])):
        at_a_known_cell = (problem.file, problem.line, problem.column) in cells
        if not at_a_known_cell and not (known and problem.code in CODES):
            yield problem


def _prove(changes: Sequence[Change], before: Fleet, after: Fleet) -> None:
    """Hold the result against what was meant: changed units are as the rows say, all others as they were."""
    meant = {change.name for change in changes}
    others = (before.by_name.keys() | after.by_name.keys()) - meant
    astray = [change.name for change in changes if not _is_as_said(after.by_name.get(change.name), change)]
    astray += [name for name in others if _is_another(before.by_name.get(name), after.by_name.get(name))]
    if astray:
        message = f"the site's file cannot be edited in place: '{min(astray)}' would not be as the spreadsheet says"
        raise CouldNot(message, hint="nothing was changed; change this unit by hand")


def _is_as_said(unit: Unit | None, change: Change) -> bool:
    said = change.said.items()
    return unit is not None and all(comparable(key, getattr(unit, key)) == comparable(key, of) for key, of in said)


def _is_another(before: Unit | None, after: Unit | None) -> bool:
    """Say whether more of a unit is different than what it has from a gateway, which a row may have moved."""
    if before is None or after is None or before == after:
        return before != after
    return replace(before, gateway="", building="") != replace(after, gateway="", building="")


def _new_warnings(before: Examined, after: Examined) -> Iterator[Problem]:
    known = {(problem.code, problem.message) for problem in before.problems}
    return (problem for problem in after.problems if (problem.code, problem.message) not in known)
