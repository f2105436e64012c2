"""A folder of metadata files: what a fleet publishes, or what a machine trusts. Verifies nothing."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.problems import CouldNot

MAX_SIZE = 8 << 20
METADATA = "metadata"
"""Folder of what is published, beside the bundles."""
KEYS_VARIABLE = "FLEETCTL_RELEASE_KEYS"
"""Names the folder of this machine's keys."""
TRUSTED_ROOT = "root.json"
NEXT_ROOT = "root.next.json"
"""A root that its holders are still signing."""


@dataclass(frozen=True)
class MetadataFolder:
    """Metadata files by name.

    Attributes:
        path: of the folder; made when something is first written.
        mode: of the files.
    """

    path: Path
    mode: int = 0o644

    def read(self, name: str) -> bytes | None:
        """Return a file; None if there is none.

        Raises:
            CouldNot: if it cannot be read, or is larger than metadata can be.
        """
        try:
            with (self.path / name).open("rb") as file:
                content = file.read(MAX_SIZE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CouldNot(f"{self.path / name} cannot be read: {error.strerror}") from error
        if len(content) > MAX_SIZE:
            raise CouldNot(f"{self.path / name} is larger than metadata can be")
        return content

    def mark(self, name: str) -> str:
        """Return what changes whenever a file is written anew; empty if it is not there."""
        try:
            stat = (self.path / name).stat()
        except OSError:
            return ""
        return f"{stat.st_ino}:{stat.st_mtime_ns}:{stat.st_size}"

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all.

        Raises:
            CouldNot: if the file system refuses.
        """
        self._make()
        write_whole(self.path / name, content, mode=self.mode)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.path / name).unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let one process at a time compare and write what a name stands for.

        Raises:
            CouldNot: if the folder cannot be written.
        """
        self._make()
        descriptor = os.open(self.path / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make(self) -> None:
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True)
                self.path.chmod(0o755 if self.mode & 0o044 else 0o700)  # whatever the umask says
        except OSError as error:
            raise CouldNot(f"{self.path} cannot be made: {error.strerror}") from error


def root_name(number: int) -> str:
    """Return the name of a root by its version."""
    return f"{number}.root.json"


def numbered(role: str, number: int) -> str:
    """Return the name of a role's metadata by its version."""
    return f"{number}.{role}.json"


def is_kept(published: MetadataFolder, trust: MetadataFolder) -> bool:
    """Say whether anything was published, or trusted by this machine."""
    return trust.read(TRUSTED_ROOT) is not None or published.read(root_name(1)) is not None
