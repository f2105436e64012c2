"""Where things are in a bundle's file: the payload, the signature in CMS, and the signature's size in eight bytes.

The payload is a squashfs image, in the verity form with a hash tree after it; the lab's stand-in has a tar in its
place.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CHUNK = 1 << 20
TRAILER = 8
MAX_SIGNATURE = 1 << 20
SQUASHFS = b"hsqs"
_USED_AT, _USED_SIZE = 40, 8
"""Where squashfs's superblock says how many bytes the file system has."""
MANIFEST = "manifest.raucm"
MAX_MANIFEST = 1 << 20


class BadLayout(ValueError):
    """Raised when a file is not laid out as a bundle; `code` is the problem's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Layout:
    """A bundle's parts.

    Attributes:
        path: of the file.
        payload_size: bytes before the signature.
        signature: in CMS.
    """

    path: Path
    payload_size: int
    signature: bytes

    @cached_property
    def is_squashfs(self) -> bool:
        """Say whether the payload is what RAUC's bundles have."""
        with self.path.open("rb") as file:
            return file.read(len(SQUASHFS)) == SQUASHFS

    def payload(self, size: int | None = None, chunk: int = CHUNK) -> Iterator[bytes]:
        """Yield the payload, or its first bytes, in chunks."""
        rest = self.payload_size if size is None else size
        with self.path.open("rb") as file:
            while rest > 0 and (part := file.read(min(chunk, rest))):
                rest -= len(part)
                yield part


def read(path: Path) -> Layout:
    """Find a bundle's parts.

    Raises:
        BadLayout: if it is unsigned or cut off.
        OSError: if it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        _check_squashfs(file.read(_USED_AT + _USED_SIZE), size)
        file.seek(max(size - TRAILER, 0))
        length = int.from_bytes(file.read(TRAILER), "big")
        if not 0 < length <= min(MAX_SIGNATURE, size - TRAILER):
            raise BadLayout("unsigned-bundle", "it has no signature at its end: it is not signed, or cut off")
        file.seek(size - TRAILER - length)
        return Layout(path, size - TRAILER - length, file.read(length))


def manifest_of_tar(path: Path) -> str:
    """Return the manifest of a stand-in bundle.

    Raises:
        BadLayout: if it has none.
    """
    try:
        with tarfile.open(path, mode="r:") as tar:
            member = tar.getmember(MANIFEST)
            file = tar.extractfile(member)
            if file is None or member.size > MAX_MANIFEST:
                raise BadLayout("bad-bundle", f"its {MANIFEST} is not a small file")
            return file.read().decode()
    except (tarfile.TarError, KeyError, UnicodeDecodeError) as error:
        raise BadLayout("bad-bundle", f"it is neither a bundle of RAUC nor a stand-in: {error}") from error


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_squashfs(head: bytes, size: int) -> None:
    used = int.from_bytes(head[_USED_AT:], "little") if head.startswith(SQUASHFS) else 0
    if used > size:
        raise BadLayout("truncated-bundle", f"its file system has {used} bytes, the file {size}: it is cut off")
