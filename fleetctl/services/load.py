"""Loads a fleet's folder: checks what changed, takes the rest from the cache, and says all that is wrong.

A site is checked by itself, so its result can be kept by the digest of its files, of `fleet.yaml` and of fleetctl's
version. What must be unique in the whole fleet is then compared between all sites, cached or not. Sites with errors are
never kept.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from fleetctl import __version__
from fleetctl.core.digest import digest, digest_of
from fleetctl.core.document import Document, SourceFile
from fleetctl.core.inventory.flaws import Locator
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants import claims_of, of_sites, of_whole
from fleetctl.core.inventory.stored import (
    CheckedFleet,
    CheckedSite,
    fleet_from_bytes,
    fleet_to_bytes,
    site_from_bytes,
    site_to_bytes,
)
from fleetctl.core.problems import InvalidInput, Problem, Severity, errors, in_order
from fleetctl.ports import FleetFiles, SiteCache

if TYPE_CHECKING:
    from fleetctl.core.inventory.check import Shared

T = TypeVar("T")

PURPOSE = "checked"
_SHARED = "_fleet"
"""Stands in the cache for `fleet.yaml`; no site can be called so."""


@dataclass(frozen=True)
class Examined:
    """What a fleet's folder holds.

    Attributes:
        name: name of the fleet; empty if `fleet.yaml` cannot be used.
        sites: those sites that can be read, with or without errors.
        fleet: None if there are errors.
        problems: all errors and warnings, in order of place.
    """

    name: str
    sites: Mapping[str, Site]
    fleet: Fleet | None
    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        """Say whether there is no error; there may be warnings."""
        return self.fleet is not None

    @property
    def unit_count(self) -> int:
        """Return how many units could be read."""
        return sum(len(site.units) for site in self.sites.values())


def load(files: FleetFiles, cache: SiteCache) -> Fleet:
    """Return the fleet.

    Raises:
        InvalidInput: if anything is wrong; carries every problem.
        CouldNot: if a file cannot be read.
    """
    examined = examine(files, cache)
    if examined.fleet is None:
        raise InvalidInput(examined.problems)
    return examined.fleet


def load_shared(files: FleetFiles, cache: SiteCache) -> Fleet:
    """Return what all sites share, without a site: quick and small, also for a large fleet.

    Raises:
        InvalidInput: if `fleet.yaml` cannot be used.
        CouldNot: if it cannot be read.
    """
    shared = _Folder(files, cache).shared
    if shared.fleet is None or errors(shared.problems):
        raise InvalidInput(shared.problems)
    return shared.fleet


def examine(files: FleetFiles, cache: SiteCache) -> Examined:
    """Return the fleet with its warnings, or all that is wrong with it.

    Raises:
        CouldNot: if a file cannot be read.
    """
    with _without_collector():
        return _examined(_Folder(files, cache))


def _examined(folder: _Folder) -> Examined:
    checked = {id: folder.site(id) for id in folder.sites}
    sites = {id: of.site for id, of in checked.items() if of.site is not None}
    problems = [*folder.shared.problems, *(problem for of in checked.values() for problem in of.problems)]
    claims = [checked[id].claims for id in sites]
    problems += folder.locator.problems(of_sites(sites.values(), claims))
    if not folder.sites:
        problems.append(_no_sites(folder))
    shared = folder.shared.fleet
    if shared is not None and len(sites) == len(folder.sites):  # a unit of a site that cannot be read is not missing
        problems += folder.locator.problems(of_whole(replace(shared, sites=sites)))
    fleet = None if shared is None or errors(problems) else replace(shared, sites=sites)
    return Examined(shared.name if shared else "", sites, fleet, in_order(problems))


class _Folder:
    """One reading of a fleet's folder: what did not change comes from the cache, the rest is checked and kept."""

    def __init__(self, files: FleetFiles, cache: SiteCache) -> None:
        self._files = files
        self._cache = cache
        self._documents: dict[str, Document] = {}
        self._fleet_file = files.fleet()
        self._fleet_key = digest_of([__version__, digest(self._fleet_file.content)])
        self.sites: Mapping[str, tuple[SourceFile, ...]] = files.sites()
        self.locator = Locator(lambda: self._document(self._fleet_file), self._site_documents)

    @cached_property
    def shared(self) -> CheckedFleet:
        """Return what all sites share."""
        kept = self._kept(_SHARED, self._fleet_key, fleet_from_bytes)
        if kept is not None:
            return replace(kept, problems=self._with_paths(kept.problems, ()))
        shared, problems = self._checked
        checked = CheckedFleet(shared.fleet if shared else None, problems)
        if shared is not None and not errors(problems):
            blob = fleet_to_bytes(replace(checked, problems=self._with_names(problems, ())))
            self._cache.put(_SHARED, PURPOSE, self._fleet_key, blob)
        return checked

    def site(self, id: str) -> CheckedSite:
        """Return a site with what is to be said of it."""
        files = self.sites[id]
        key = digest_of([self._fleet_key, [[file.name, digest(file.content)] for file in files]])
        kept = self._kept(id, key, site_from_bytes)
        if kept is not None:
            return replace(kept, problems=self._with_paths(kept.problems, files))
        checked = self._check(id)
        if checked.site is not None and not errors(checked.problems):
            named = replace(checked, problems=self._with_names(checked.problems, files))
            self._cache.put(id, PURPOSE, key, site_to_bytes(named))
        for file in files:  # a large fleet's documents need more room than the fleet
            self._documents.pop(file.path, None)
        return checked

    def _check(self, id: str) -> CheckedSite:
        # Checking needs pydantic, and a fleet that did not change is loaded without it.
        from fleetctl.core.inventory.check import check_site

        site, problems = check_site(id, self._site_documents(id), self._checked[0], self._time_zones, self.locator)
        return CheckedSite(site, problems, claims_of(site) if site else ())

    @cached_property
    def _checked(self) -> tuple[Shared | None, tuple[Problem, ...]]:
        from fleetctl.core.inventory.check import check_fleet

        return check_fleet(self._document(self._fleet_file), self.locator)

    @cached_property
    def _time_zones(self) -> frozenset[str]:
        return self._files.time_zones()

    def _kept(self, id: str, key: str, decode: Callable[[bytes], T]) -> T | None:
        blob = self._cache.get(id, PURPOSE, key)
        try:
            return None if blob is None else decode(blob)
        except (IndexError, KeyError, TypeError, ValueError):  # written by a fleetctl that is being worked on
            return None

    def _with_names(self, problems: Sequence[Problem], files: Sequence[SourceFile]) -> tuple[Problem, ...]:
        """Name files as they are called inside the folder, so that what is kept serves from wherever one stands."""
        names = {file.path: file.name for file in (self._fleet_file, *files)}
        return tuple(replace(problem, file=names[problem.file]) for problem in problems)

    def _with_paths(self, problems: Sequence[Problem], files: Sequence[SourceFile]) -> tuple[Problem, ...]:
        paths = {file.name: file.path for file in (self._fleet_file, *files)}
        return tuple(replace(problem, file=paths[problem.file]) for problem in problems)

    def _site_documents(self, id: str) -> Sequence[Document]:
        return [self._document(file) for file in self.sites[id]]

    def _document(self, file: SourceFile) -> Document:
        if file.path not in self._documents:
            self._documents[file.path] = self._files.parse(file)
        return self._documents[file.path]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the cyclic collector: loading makes many objects and no cycles, and each run would visit them all."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _no_sites(folder: _Folder) -> Problem:
    hint = "add a file such as sites/first-site.yaml"
    message = "the fleet has no site"
    return Problem("no-sites", message, folder.locator.fleet().file, 1, 1, hint, Severity.WARNING)
