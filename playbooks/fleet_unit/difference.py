"""A bundle that comes as the difference to others that are here: what is new in it, and where here the rest stands.

Frames follow each other: a byte for the number of a bundle in the order of `--bases`, counted from 1, or 0 for what is
new; eight bytes for where in that bundle a run of bytes begins, and eight for its length, big-endian. The bytes of a
new run follow its frame. What comes of it is believed by the digest of the whole bundle alone, like what comes in full.
"""

from __future__ import annotations

import os
import struct
from contextlib import ExitStack

from fleet_unit.bundles import complete
from fleet_unit.endings import Refused
from fleet_unit.partial import CHUNK_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FRAME = struct.Struct(">BQQ")


def rebuilt(pieces: Iterator[bytes], bases: list[str]) -> Iterator[bytes]:
    """Yield the bytes of a bundle, as far as its difference goes.

    Args:
        pieces: of the difference, as they come in; they may end anywhere.
        bases: SHA-256 of the bundles that its frames number.

    Raises:
        Refused: if one of them is not here, or a frame names what it has not.
    """
    coming = Coming(pieces)
    with ExitStack() as opened:
        files = [_opened(opened, sha256) for sha256 in bases]
        while len(head := b"".join(coming.upto(FRAME.size))) == FRAME.size:
            number, start, length = FRAME.unpack(head)
            if number > len(files):
                raise Refused(f"the difference names bundle {number} of {len(files)}")
            yield from _copied(files[number - 1], start, length) if number else coming.upto(length)


def _opened(opened: ExitStack, sha256: str) -> int:
    try:
        fd = os.open(complete(sha256), os.O_RDONLY)
    except OSError:
        raise Refused(f"bundle {sha256[:12]}, which the difference is to, is not here") from None
    opened.callback(os.close, fd)
    return fd


def _copied(fd: int, start: int, length: int) -> Iterator[bytes]:
    while length > 0:
        chunk = os.pread(fd, min(length, CHUNK_BYTES), start)
        if not chunk:
            raise Refused("the difference names a place behind the end of a bundle")
        yield chunk
        start, length = start + len(chunk), length - len(chunk)


class Coming:
    """Bytes as they come in, whatever the pieces that they come in."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0

    def upto(self, count: int) -> Iterator[bytes]:
        """Yield the next bytes; fewer than `count` if no more come."""
        while count > 0:
            if self._at == len(self._piece):
                self._piece, self._at = next(self._pieces, b""), 0
            taken = self._piece[self._at : self._at + count]
            if not taken:
                return
            self._at += len(taken)
            count -= len(taken)
            yield taken
