"""The base of an image: a lock's packages, installed by mmdebstrap from the cache alone, and the lock's kernel.

Both are tar files, named by the digest of what they were made from, so a second build of the same finds them ready.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.images.packages import PackageCache
from fleetctl.adapters.images.programs import run
from fleetctl.core.digest import digest_of
from fleetctl.core.images.lock import Lock, Package
from fleetctl.core.images.modules import needed
from fleetctl.core.images.recipe import Recipe
from fleetctl.core.problems import CouldNot

LOGIN = "fleet"
"""Who logs in over SSH; becomes root by sudo without a password."""
_OPTIONS = ('APT::Sandbox::User "root"', 'Acquire::Languages "none"', 'APT::Install-Recommends "false"')
_MERGED = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Comes with mmdebstrap: /bin, /lib and /sbin are links into /usr before the first package is unpacked."""
_UNREAD = ("doc", "man", "locale", "info", "i18n", "lintian")
_SET_UP = f'chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 {LOGIN}'
_FORM = 3
"""Raised when the same lock would give another base."""


@dataclass(frozen=True)
class Bootstrap:
    """Makes bases and kernels out of a cache of packages, and keeps them in a folder."""

    cache: PackageCache
    folder: Path

    def base(self, recipe: Recipe, lock: Lock) -> Path:
        """Return a tar file of the lock's packages as mmdebstrap installs them.

        Raises:
            CouldNot: if mmdebstrap fails.
        """
        made_from = [_FORM, _SET_UP, lock.epoch_s, [package.sha256 for package in lock.system], recipe.packages]
        return self._kept(f"base-{digest_of(made_from)[:24]}.tar", lambda draft: self._bootstrap(recipe, lock, draft))

    def kernel(self, recipe: Recipe, lock: Lock) -> Path:
        """Return a tar file of the lock's kernel with the modules that a recipe names, and their dependencies.

        Raises:
            CouldNot: if a module is not there.
        """
        made_from = [_FORM, lock.epoch_s, lock.kernel.sha256, recipe.boot_modules, recipe.modules]
        return self._kept(f"kernel-{digest_of(made_from)[:24]}.tar", lambda draft: self._kernel(recipe, lock, draft))

    def _kept(self, name: str, make: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".new-", dir=self.folder) as scratch:
                draft = Path(scratch) / name
                make(draft)
                draft.replace(path)
        return path

    def _bootstrap(self, recipe: Recipe, lock: Lock, draft: Path) -> None:
        archive = draft.parent / "archive"
        archive.mkdir()
        (archive / "Packages").write_text("\n".join(self._stanza(package) for package in lock.system))
        (archive / "Release").write_text(f"Suite: {recipe.suite}\nCodename: {recipe.suite}\n")
        for package in lock.system:
            os.link(self.cache.path(package), archive / package.file)
        words = [
            "mmdebstrap",
            "--quiet",
            "--variant=apt",
            f"--hook-dir={_MERGED}",
            f"--architectures={recipe.architecture}",
        ]
        words += [f"--include={','.join(recipe.packages)}", f"--customize-hook={_SET_UP}"]
        words += [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNREAD]
        words += [f"--aptopt={option}" for option in _OPTIONS]
        source = f"deb [trusted=yes] copy://{archive} ./"
        run([*words, recipe.suite, str(draft), source], extra={"SOURCE_DATE_EPOCH": str(lock.epoch_s)})

    def _stanza(self, package: Package) -> str:
        """Return a package's entry in an archive's index: what the package says, and what the lock vouches for."""
        said = run(["dpkg-deb", "--field", self.cache.path(package)]).decode().strip()
        return f"{said}\nFilename: ./{package.file}\nSize: {package.size_bytes}\nSHA256: {package.sha256}\n"

    def _kernel(self, recipe: Recipe, lock: Lock, draft: Path) -> None:
        tree = draft.parent / "kernel"
        run(["dpkg-deb", "--extract", self.cache.path(lock.kernel), tree])
        release = next(path.name for path in (tree / "lib/modules").iterdir())
        modules = tree / "lib/modules" / release
        run(["depmod", "-b", tree, release])
        wanted = (*recipe.boot_modules, *recipe.modules)
        keep = set(_needed(modules, wanted))
        for path in modules.rglob("*.ko"):
            if str(path.relative_to(modules)) not in keep:
                path.unlink()
        run(["depmod", "-b", tree, release])
        with tarfile.open(draft, "w", format=tarfile.GNU_FORMAT) as tar:
            add_file(tar, "boot/vmlinuz", (tree / f"boot/vmlinuz-{release}").read_bytes(), lock.epoch_s)
            order = "".join(f"{path}\n" for path in _needed(modules, recipe.boot_modules))
            add_file(tar, "boot/modules", order.encode(), lock.epoch_s)
            for path in sorted(path for path in modules.rglob("*") if path.is_file()):
                name = f"usr/lib/modules/{release}/{path.relative_to(modules)}"
                add_file(tar, name, path.read_bytes(), lock.epoch_s)


def add_file(tar: tarfile.TarFile, name: str, content: bytes, epoch_s: int, mode: int = 0o644) -> None:
    """Add a file of root's."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), epoch_s, mode
    tar.addfile(info, io.BytesIO(content))


def _needed(modules: Path, wanted: Sequence[str]) -> tuple[str, ...]:
    texts = [(modules / name).read_text() for name in ("modules.dep", "modules.builtin")]
    try:
        return needed(texts[0], wanted, texts[1])
    except ValueError as error:
        raise CouldNot(f"{modules.name}: {error}", hint="correct 'modules' in images/recipes.yaml") from None
