"""Loads a fleet's folder: checks what changed, takes the rest from the cache, and says all that is wrong.

A site is checked by itself, so its result can be kept by the digest of its files, of `fleet.yaml` and of fleetctl's
version. What must be unique in the whole fleet is then compared between all sites, cached or not. Sites with errors are
never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from fleetctl import __version__
from fleetctl.core.digest import digest, digest_of
from fleetctl.core.document import Document, SourceFile
from fleetctl.core.inventory.flaws import Locator
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants import of_sites
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


def examine(files: FleetFiles, cache: SiteCache) -> Examined:
    """Return the fleet with its warnings, or all that is wrong with it.

    Raises:
        CouldNot: if a file cannot be read.
    """
    folder = _Folder(files, cache)
    problems = list(folder.shared_problems)
    sites: dict[str, Site] = {}
    for id in folder.sites:
        site, of_site = folder.site(id)
        problems += of_site
        if site is not None:
            sites[id] = site
    problems += folder.locator.problems(of_sites(sites.values()))
    if not folder.sites:
        problems.append(_no_sites(folder))
    shared = folder.shared
    fleet = None if shared is None or errors(problems) else replace(shared, sites=sites)
    return Examined(shared.name if shared else "", sites, fleet, in_order(problems))


class _Folder:
    """One reading of a fleet's folder; documents are read when they are needed, and once."""

    def __init__(self, files: FleetFiles, cache: SiteCache) -> None:
        self._files = files
        self._cache = cache
        self._documents: dict[str, Document] = {}
        self._fleet_file = files.fleet()
        self._fleet_key = digest_of([__version__, self._fleet_file.path, digest(self._fleet_file.content)])
        self.sites: Mapping[str, tuple[SourceFile, ...]] = files.sites()
        self.locator = Locator(lambda: self._document(self._fleet_file), self._site_documents)

    @property
    def shared(self) -> Fleet | None:
        """Return what all sites share, or None if `fleet.yaml` cannot be used."""
        return self._kept_or_checked[0]

    @property
    def shared_problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with `fleet.yaml`."""
        return self._kept_or_checked[1]

    def site(self, id: str) -> tuple[Site | None, tuple[Problem, ...]]:
        """Return a site and its problems; from the cache if its files and `fleet.yaml` are as they were."""
        key = digest_of([self._fleet_key, [[file.path, digest(file.content)] for file in self.sites[id]]])
        kept = self._kept(id, key, site_from_bytes)
        if kept is not None:
            return kept.site, kept.warnings
        # Checking needs pydantic, and a fleet that did not change is loaded without it.
        from fleetctl.core.inventory.check import check_site

        site, problems = check_site(id, self._site_documents(id), self._checked[0], self._time_zones, self.locator)
        if site is not None and not errors(problems):
            self._cache.put(id, PURPOSE, key, site_to_bytes(CheckedSite(site, problems)))
        return site, problems

    @cached_property
    def _kept_or_checked(self) -> tuple[Fleet | None, tuple[Problem, ...]]:
        kept = self._kept(_SHARED, self._fleet_key, fleet_from_bytes)
        if kept is not None:
            return kept.fleet, kept.warnings
        shared, problems = self._checked
        if shared is not None and not errors(problems):
            checked = CheckedFleet(shared.fleet, problems)
            self._cache.put(_SHARED, PURPOSE, self._fleet_key, fleet_to_bytes(checked))
        return shared.fleet if shared else None, problems

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
        except (KeyError, TypeError, ValueError):  # written by a fleetctl that is being worked on
            return None

    def _site_documents(self, id: str) -> Sequence[Document]:
        return [self._document(file) for file in self.sites[id]]

    def _document(self, file: SourceFile) -> Document:
        if file.path not in self._documents:
            self._documents[file.path] = self._files.parse(file)
        return self._documents[file.path]


def _no_sites(folder: _Folder) -> Problem:
    hint = "add a file such as sites/first-site.yaml"
    message = "the fleet has no site"
    return Problem("no-sites", message, folder.locator.fleet().file, 1, 1, hint, Severity.WARNING)
