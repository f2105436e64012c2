"""Keeps blobs for sites in `.fleetctl/cache/`: one file for each site and purpose, safe to delete at any time.

A file is a line with the key and a checksum, then the blob. It is written to a temporary file and renamed, so a reader
sees the old one or the new one; what is damaged is treated as missing. There is no lock: two processes that compute the
same blob write the same bytes.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from pathlib import Path

_FORMAT = b"fleetctl-cache-1"


class FolderCache:
    """Fills the `SiteCache` port from a folder, which is made when the first blob is kept."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the cache."""
        self._folder = folder

    def get(self, site: str, purpose: str, key: str) -> bytes | None:
        """Return the blob for `key`, or None if there is none, or it is damaged."""
        try:
            head, _, blob = self._file(site, purpose).read_bytes().partition(b"\n")
        except OSError:
            return None
        return blob if head == _head(key, blob) else None

    def put(self, site: str, purpose: str, key: str, blob: bytes) -> None:
        """Keep a blob; on a read-only or full disk nothing is kept."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._file(site, purpose), _head(key, blob) + b"\n" + blob)

    def _file(self, site: str, purpose: str) -> Path:
        return self._folder / f"{site}.{purpose}"

    def _write(self, file: Path, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as new:
                new.write(content)
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _head(key: str, blob: bytes) -> bytes:
    return b"%s %s %08x %d" % (_FORMAT, key.encode(), zlib.crc32(blob), len(blob))


class NoCache:
    """Keeps nothing: every load is a cold one."""

    def get(self, site: str, purpose: str, key: str) -> bytes | None:  # noqa: ARG002 - the port's signature
        """Return None."""
        return None

    def put(self, site: str, purpose: str, key: str, blob: bytes) -> None:
        """Do nothing."""
