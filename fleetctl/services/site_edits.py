"""Edits of site files that are not written yet: which file an object is in, and the fleet as it would be after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetctl.core.document import Document, SourceFile
from fleetctl.core.inventory.edit import Put
from fleetctl.ports import FleetFiles

Editor = Callable[[SourceFile, Sequence[Put]], bytes]
"""Returns a site file's bytes after edits, everything else as it was."""


@dataclass(frozen=True)
class Edited:
    """A file before and after."""

    source: SourceFile
    content: bytes


def home_of(sources: Sequence[SourceFile], files: FleetFiles) -> Callable[[Put], SourceFile]:
    """Return what finds an object's file: the one that has it, else the last with its section, else the first."""
    if len(sources) == 1:
        return lambda _: sources[0]
    contents = [(source, files.parse(source).data or {}) for source in sources]

    def find(put: Put) -> SourceFile:
        having = [source for source, data in contents if put.id in (data.get(put.section) or {})]
        with_section = [source for source, data in contents if put.section in data]
        return [sources[0], *with_section, *having][-1]

    return find


class EditedFiles:
    """Fills the `FleetFiles` port with files of which some are edited."""

    def __init__(self, files: FleetFiles, edited: Iterable[Edited]) -> None:
        self._files = files
        self._contents = {one.source.path: one.content for one in edited}

    def fleet(self) -> SourceFile:
        """Return `fleet.yaml`, which nobody edits."""
        return self._files.fleet()

    def sites(self) -> Mapping[str, tuple[SourceFile, ...]]:
        """Return the sites' files as they would be."""
        return {
            site: tuple(replace(source, content=self._contents.get(source.path, source.content)) for source in sources)
            for site, sources in self._files.sites().items()
        }

    def parse(self, file: SourceFile) -> Document:
        """Read a file's data."""
        return self._files.parse(file)

    def time_zones(self) -> frozenset[str]:
        """Return the time zones that this machine knows."""
        return self._files.time_zones()
