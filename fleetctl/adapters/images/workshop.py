"""The workshop that makes an image out of Debian's packages on this machine. Fills the port `Workshop`."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.images import bundles, root, sbom
from fleetctl.adapters.images.bootstrap import Bootstrap
from fleetctl.adapters.images.disk import Contents, write_disk
from fleetctl.adapters.images.file_systems import write_ext4
from fleetctl.adapters.images.packages import PackageCache
from fleetctl.adapters.images.trees import content_of, write_folder
from fleetctl.adapters.imaging.programs import write_programs
from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.images import image
from fleetctl.core.images.lock import Lock, parse, to_text
from fleetctl.core.images.recipe import Recipe
from fleetctl.core.images.texts import Identity
from fleetctl.core.images.tree import Tree
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.ports.images import Made

_READABLE = 0o644


@dataclass(frozen=True)
class Bench:
    """What a workshop works with.

    Attributes:
        out: folder of the image.
        lock: file that records packages; written if it is not there.
        cache: folder for packages and what was made of them, shared by all images.
        sources: apt's list of archives; this machine's own if None.
        signing: who signs bundles.
        images, fleet_unit, package: folders that ship with fleetctl.
        overlays: the user's own, laid over everything else.
        authorized_keys: who may log in to a unit that was just imaged.
        epoch_s: time that a new lock records.
    """

    out: Path
    lock: Path
    cache: Path
    sources: Path | None
    signing: bundles.Signing
    images: Path
    fleet_unit: Path
    package: Path
    overlays: tuple[Path, ...]
    authorized_keys: bytes
    epoch_s: int


@dataclass
class DebianWorkshop:
    """Makes one image; use as a context."""

    bench: Bench
    _open: ExitStack = field(default_factory=ExitStack)
    _tree: Tree = field(default_factory=dict)

    def __enter__(self) -> DebianWorkshop:
        self.bench.out.mkdir(parents=True, exist_ok=True)
        # A description that stands says that everything beside it is whole.
        (self.bench.out / image.FILE).unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def lock(self, recipe: Recipe) -> Lock:
        """Return the recorded packages, or record the newest ones; see the port."""
        file = self.bench.lock
        if not file.is_file():
            found = self._packages.resolve(recipe, self.bench.epoch_s)
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, to_text(found).encode(), mode=_READABLE)
        lock = parse(file.read_text("utf-8"), str(file))
        if lacking := lock.lacks(recipe.packages):
            hint = f"remove {file}, and the next build records what it needs"
            raise InvalidInput([Problem("old-lock", f"it lacks {', '.join(lacking)}", str(file), hint=hint)])
        self._packages.fetch(lock, recipe)
        return lock

    def root(self, recipe: Recipe, lock: Lock, identity: Identity) -> Made:
        """Make the root file system; see the port."""
        strap, bench = Bootstrap(self._packages, self.bench.cache / "bases"), self.bench
        sources = root.Sources(
            strap.base(recipe, lock),
            strap.kernel(recipe, lock),
            bench.images,
            bench.fleet_unit,
            bench.package,
            bench.signing.keyring,
            bench.overlays,
        )
        self._tree = root.compose(recipe, identity, sources, self._scratch / "contents", lock.epoch_s)
        write_ext4(bench.out / image.ROOT, self._tree, "slot", lock.epoch_s)
        return self._made(image.ROOT)

    def bill(self, lock: Lock, identity: Identity) -> Made:
        """Write the bill of materials; see the port."""
        kernel = self._packages.path(lock.kernel)
        sbom.write_sbom(self.bench.out / image.BILL, self._tree, kernel, identity, lock.epoch_s)
        return self._made(image.BILL)

    def bundle(self, lock: Lock, identity: Identity, form: str) -> Made:
        """Pack and sign a bundle; see the port."""
        name, bench = f"{identity.version}.raucb", self.bench
        bundles.pack(bench.out / name, bench.out / image.ROOT, identity, form, bench.signing, lock.epoch_s)
        return self._made(name)

    def disk(self, recipe: Recipe, lock: Lock) -> Made:
        """Write a disk; see the port."""
        bench = self.bench
        contents = Contents(bench.out / image.ROOT, bench.images / "boot/grub.cfg", bench.authorized_keys)
        write_disk(bench.out / image.DISK, recipe.disk, contents, lock.epoch_s)
        return self._made(image.DISK)

    def starters(self) -> tuple[Made, Made]:
        """Put down the kernel and the imager's programs; see the port."""
        out = self.bench.out
        (out / image.KERNEL).write_bytes(content_of(self._tree, "boot/vmlinuz"))
        system = self._scratch / "system"
        write_folder(self._tree, system)
        modules = next((system / "usr/lib/modules").iterdir())
        write_programs(system, modules, out / image.IMAGER)
        return self._made(image.KERNEL), self._made(image.IMAGER)

    def record(self, description: bytes) -> Path:
        """Write the description last of all; see the port."""
        kept = self.bench.out / image.LOCK
        if kept != self.bench.lock:
            shutil.copy(self.bench.lock, kept)
        write_whole(self.bench.out / image.FILE, description, mode=_READABLE)
        return self.bench.out / image.FILE

    @cached_property
    def _packages(self) -> PackageCache:
        return PackageCache(self.bench.cache / "packages", self.bench.sources)

    @cached_property
    def _scratch(self) -> Path:
        return Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix=".making-", dir=self.bench.out)))

    def _made(self, name: str) -> Made:
        path = self.bench.out / name
        return Made(name, path.stat().st_size, sha256(path))
