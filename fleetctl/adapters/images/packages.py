"""Debian packages for images: resolved by apt into a lock, and kept in a cache of this machine.

apt works on a state of its own that knows no installed package, so what this machine has decides nothing. It checks the
archive's signature and every digest; from then on the lock's digests are what is believed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.images.programs import run
from fleetctl.core.images.lock import Lock, Package
from fleetctl.core.images.recipe import Recipe
from fleetctl.core.problems import CouldNot

SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
ESSENTIAL = ("?essential", "apt")
"""What mmdebstrap installs first, besides what a recipe names."""


@dataclass(frozen=True)
class PackageCache:
    """Packages by their file's name in a folder.

    Attributes:
        folder: is made when it is needed.
        sources: apt's list of archives; this machine's own if None.
    """

    folder: Path
    sources: Path | None = None

    def resolve(self, recipe: Recipe, epoch_s: int) -> Lock:
        """Let apt choose the packages of a recipe, fetch them, and return their lock.

        Raises:
            CouldNot: if an archive does not answer, or has not what the recipe names.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fleetctl-apt-") as scratch:
            apt = _Apt(Path(scratch), self.folder, self._sources(), recipe)
            apt.get("update")
            system = apt.fetch([*ESSENTIAL, *recipe.packages])
            kernel = next((name for name in apt.names([recipe.kernel]) if name.startswith("linux-image-")), None)
            if kernel is None:
                raise CouldNot(f"'{recipe.kernel}' brings no kernel", hint="correct 'kernel' in images/recipes.yaml")
            fetched = {name: self._package(name, "system") for name in system}
            apt.download(kernel.partition("_")[0])
        locked = (*fetched.values(), self._package(kernel, "kernel"))
        return Lock(recipe.suite, recipe.architecture, epoch_s, tuple(sorted(locked)))

    def fetch(self, lock: Lock, recipe: Recipe) -> None:
        """Bring whatever of a lock is not in the cache, at exactly the locked versions.

        Raises:
            CouldNot: if an archive has a version no more, or another file under its name.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if missing := [package for package in lock.packages if not self._has(package)]:
            with tempfile.TemporaryDirectory(prefix="fleetctl-apt-") as scratch:
                apt = _Apt(Path(scratch), self.folder, self._sources(), recipe)
                apt.get("update")
                for package in missing:
                    apt.download(f"{package.name}={package.version}")
        for package in lock.packages:
            if not self._has(package):
                hint = "point --sources at an archive that keeps old versions, or remove the lock"
                raise CouldNot(f"{package.file} is not what the lock says, or not to be had", hint=hint)

    def path(self, package: Package) -> Path:
        """Return where a package's file is."""
        return self.folder / package.file

    def _has(self, package: Package) -> bool:
        path = self.path(package)
        return path.is_file() and path.stat().st_size == package.size_bytes and sha256(path) == package.sha256

    def _package(self, file: str, role: str) -> Package:
        path = self.folder / file
        name, version, rest = file.removesuffix(".deb").split("_")
        return Package(name, version.replace("%3a", ":"), rest, path.stat().st_size, sha256(path), role)

    def _sources(self) -> Path:
        found = self.sources or next((path for path in SOURCES if path.is_file()), None)
        if found is None or not found.is_file():
            raise CouldNot("no list of Debian archives is here", hint="name one with --sources")
        return found


class _Apt:
    """apt with a state of its own in a folder."""

    def __init__(self, scratch: Path, cache: Path, sources: Path, recipe: Recipe) -> None:
        self._scratch, self._cache = scratch, cache
        for name in ("lists/partial", "cache/archives/partial", "etc/sources.list.d", "etc/preferences.d"):
            (scratch / name).mkdir(parents=True)
        (scratch / "status").touch()
        place = "etc/sources.list.d/image.sources" if sources.suffix == ".sources" else "etc/sources.list"
        shutil.copy(sources, scratch / place)
        (scratch / "apt.conf").write_text(_settings(scratch, recipe.architecture))
        (cache / "partial").mkdir(exist_ok=True)
        self._kept = ("-o", f"Dir::Cache::archives={cache}")

    def get(self, *words: str) -> str:
        """Run `apt-get`."""
        extra = {"APT_CONFIG": str(self._scratch / "apt.conf")}
        return run(["apt-get", "-q", "-y", *words], extra=extra, folder=self._cache).decode()

    def names(self, packages: Iterable[str]) -> Sequence[str]:
        """Return the names of the files that packages need, in apt's order."""
        # Of archives that are empty, or apt would leave out what it has.
        lines = self.get("install", "--print-uris", "-qq", *packages).splitlines()
        return [line.split()[1] for line in lines if line.startswith("'")]

    def fetch(self, packages: Sequence[str]) -> Sequence[str]:
        """Fetch packages with whatever they need, and return the names of their files."""
        names = self.names(packages)
        self.get("install", "--download-only", *self._kept, *packages)
        return names

    def download(self, package: str) -> None:
        """Fetch one package alone."""
        self.get("download", package)


def _settings(scratch: Path, architecture: str) -> str:
    return f"""
Dir::State::lists "{scratch}/lists";
Dir::State::status "{scratch}/status";
Dir::State::extended_states "{scratch}/extended_states";
Dir::Cache "{scratch}/cache";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{scratch}/etc/sources.list";
Dir::Etc::sourceparts "{scratch}/etc/sources.list.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{scratch}/etc/preferences.d";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "3";
Debug::NoLocking "true";
"""
