"""The files of a fleet's folder on disk: `fleet.yaml` and `sites/`."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path

from fleetctl.core.document import Document, SourceFile
from fleetctl.core.problems import CouldNot

SUFFIXES = (".yaml", ".yml")


class FolderFiles:
    """Fills the `FleetFiles` port from a folder."""

    def __init__(self, folder: Path) -> None:
        """Take the fleet's folder; problems show paths as they follow from it."""
        self._folder = folder

    def fleet(self) -> SourceFile:
        """Return `fleet.yaml`."""
        return self._source(self._folder / "fleet.yaml")

    def sites(self) -> Mapping[str, tuple[SourceFile, ...]]:
        """Return the files of every site: `sites/ID.yaml`, or all files in `sites/ID/`."""
        sites: dict[str, list[SourceFile]] = {}
        for path in _entries(self._folder / "sites"):
            if path.is_dir():
                files = [self._source(inner) for inner in _entries(path) if inner.suffix in SUFFIXES]
                if files:
                    sites.setdefault(path.name, []).extend(files)
            elif path.suffix in SUFFIXES:
                sites.setdefault(path.stem, []).append(self._source(path))
        return {id: tuple(files) for id, files in sorted(sites.items())}

    def parse(self, file: SourceFile) -> Document:
        """Read a file as strict YAML."""
        from fleetctl.adapters import yaml_reader  # a fleet that did not change is loaded without it

        return yaml_reader.read(file)

    def time_zones(self) -> frozenset[str]:
        """Return the time zones of this machine's zone database."""
        return frozenset(zoneinfo.available_timezones())

    def _source(self, path: Path) -> SourceFile:
        try:
            return SourceFile(str(path), path.read_bytes(), path.relative_to(self._folder).as_posix())
        except OSError as error:
            raise _unreadable(path, error) from error


def _entries(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unreadable(folder, error) from error
    yield from (entry for entry in entries if not entry.name.startswith("."))


def _unreadable(path: Path, error: OSError) -> CouldNot:
    return CouldNot(f"{path}: cannot be read: {error.strerror}", hint="check its owner and mode")
