"""A bundle while it comes in: what is there of it stays for the next try, and becomes a bundle when its digest fits."""

from __future__ import annotations

import hashlib
import os

from fleet_unit.bundles import into_place, is_there, partial
from fleet_unit.endings import Ended
from fleet_unit.files import remove
from fleet_unit.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document

SYNC_BYTES = 8 << 20
"""A power cut loses no more than this of what had come in."""
CHUNK_BYTES = 1 << 18


class Partial:
    """The file of a bundle that is not complete yet, held by one process.

    Args:
        bundle: `sha256` and `size_bytes`.
        timeout_s: how long another process that brings it is waited for.
    """

    def __init__(self, bundle: Document, timeout_s: float) -> None:
        self.sha256, self.size_bytes = bundle["sha256"], bundle["size_bytes"]
        self.path = partial(self.sha256)
        self.lock = Lock(self.path, busy="another process brings this bundle", timeout_s=timeout_s)
        self.fd = -1
        self.received = 0
        self.digest, self.hashed, self.synced = hashlib.sha256(), 0, 0

    def __enter__(self) -> Partial:
        self.lock.__enter__()
        try:
            self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            self.lock.release()
            raise
        self.received = self.synced = os.fstat(self.fd).st_size
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.fd)
        self.lock.release()

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end.

        Raises:
            Ended: if they are more than the bundle has, or cannot be written.
        """
        if self.received + len(chunk) > self.size_bytes:
            self.discard()
            raise Ended(f"there is more of it than {self.size_bytes} bytes: it is not this bundle")
        try:
            _write(self.fd, chunk, self.received)
        except OSError as error:
            raise Ended(f"it cannot be written: {error.strerror}") from error
        if self.hashed == self.received:
            self.digest.update(chunk)
            self.hashed += len(chunk)
        self.received += len(chunk)
        if self.received - self.synced >= SYNC_BYTES:
            self.sync()

    def sync(self) -> None:
        """Make what is there last."""
        os.fsync(self.fd)
        self.synced = self.received

    def finish(self) -> None:
        """Make it a bundle.

        Raises:
            Ended: if its digest is another; what had come in is gone then, because nobody knows what is wrong in it.
        """
        while chunk := os.pread(self.fd, CHUNK_BYTES, self.hashed):  # what an earlier process had brought
            self.digest.update(chunk)
            self.hashed += len(chunk)
        found = self.digest.hexdigest()
        if found != self.sha256:
            self.discard()
            raise Ended(f"its digest is {found[:12]}, not {self.sha256[:12]}: it was thrown away")
        self.sync()
        into_place(self.sha256)

    def discard(self) -> None:
        """Begin anew with nothing."""
        os.ftruncate(self.fd, 0)
        self.received = self.synced = self.hashed = 0
        self.digest = hashlib.sha256()


def was_completed(bundle: Document) -> bool:
    """Say whether a bundle is there, and tidy up the empty file that waiting for its lock may have left."""
    if is_there(bundle):
        remove(partial(bundle["sha256"]))
        return True
    return False


def _write(fd: int, chunk: bytes, at: int) -> None:
    view = memoryview(chunk)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written
