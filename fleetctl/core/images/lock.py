"""The lock of an image: every package that it is made of, with its digest, and the time that its files carry.

Two builds from one lock are the same to the last byte, wherever the packages come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from fleetctl.core.digest import digest_of
from fleetctl.core.problems import InvalidInput, Problem

SCHEMA = "fleetctl/image-lock/v1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:_-]*_[A-Za-z0-9]+\.deb")


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A Debian package.

    Attributes:
        name, version, architecture: as the package itself says.
        size_bytes: of its file.
        sha256: of its file, in hexadecimal.
        role: `system` if it is installed, `kernel` if only its kernel and modules are taken.
    """

    name: str
    version: str
    architecture: str
    size_bytes: int
    sha256: str
    role: str = "system"

    @property
    def file(self) -> str:
        """Return the name of its file in a cache; an epoch's colon is written as Debian's archive does."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


@dataclass(frozen=True, slots=True)
class Lock:
    """What an image is made of.

    Attributes:
        suite: of Debian.
        architecture: of the image.
        epoch_s: Unix time that files and file systems carry.
        packages: sorted by name.
    """

    suite: str
    architecture: str
    epoch_s: int
    packages: tuple[Package, ...]

    @property
    def system(self) -> tuple[Package, ...]:
        """Return the packages that are installed."""
        return tuple(package for package in self.packages if package.role == "system")

    @property
    def kernel(self) -> Package:
        """Return the package that the kernel is taken from."""
        return next(package for package in self.packages if package.role == "kernel")

    @property
    def digest(self) -> str:
        """Return what tells this lock from any other."""
        return digest_of(to_document(self))

    def lacks(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return which of the wanted packages it does not hold."""
        known = {package.name for package in self.packages}
        return tuple(name for name in names if name not in known)


def to_document(lock: Lock) -> dict[str, Any]:
    """Return a lock as plain data."""
    head = {"schema": SCHEMA, "suite": lock.suite, "architecture": lock.architecture, "epoch_s": lock.epoch_s}
    return {**head, "packages": [asdict(package) for package in lock.packages]}


def to_text(lock: Lock) -> str:
    """Return a lock as its file holds it: JSON, a package a line, so that a difference reads as one."""
    document = to_document(lock)
    rows = ",\n".join(f"  {json.dumps(row)}" for row in document.pop("packages"))
    head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in document.items())
    return f'{{{head}"packages": [\n{rows}\n]}}\n'


def parse(text: str, file: str) -> Lock:
    """Read a lock.

    Raises:
        InvalidInput: if it is none, or not sound.
    """
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        packages = tuple(sorted(Package(**row) for row in document["packages"]))
        lock = Lock(str(document["suite"]), str(document["architecture"]), int(document["epoch_s"]), packages)
        _check(lock)
    except (ValueError, KeyError, TypeError) as error:
        hint = "remove it, and the next build writes a new one"
        raise InvalidInput([Problem("bad-lock", f"it is not the lock of an image: {error}", file, hint=hint)]) from None
    return lock


def _check(lock: Lock) -> None:
    """Refuse what could name another file than a package's, or none."""
    for package in lock.packages:
        if not _SHA256.fullmatch(package.sha256) or not _FILE.fullmatch(package.file.replace("%3a", ":")):
            raise ValueError(f"'{package.name}' has no sound name, version or digest")
    names = [package.name for package in lock.packages]
    if len(set(names)) != len(names):
        raise ValueError("a package is in it twice")
    if sum(package.role == "kernel" for package in lock.packages) != 1:
        raise ValueError("it has not one kernel")
