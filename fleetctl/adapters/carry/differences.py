"""Differences between the depot's bundles: what a machine that has some of them lacks of another one.

RAUC's bundles are compressed block by block. A bundle is taken into pieces where compressed data begins, so a block
that did not change is the same piece in both, wherever it stands.
"""

from __future__ import annotations

import hashlib
import mmap
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO

from fleetctl.adapters.carry.cargo import Cargo
from fleetctl.adapters.carry.depot import CheckedFiles
from fleetctl.core.releases.difference import FRAME, NEW, Piece, Run, difference, since

WORTH = 0.9
"""A difference that is larger than this part of what it stands for is not worth its making at the other end."""
KEPT = 16
"""Differences that are remembered, as runs: gateways ask for the same ones."""
COPY_BYTES = 1 << 20
DIGEST_BYTES = 16
# The first bytes of a frame of zstd, of xz, and of a zlib stream at any level. The last are short enough to be met by
# chance every 16 KiB, which takes other data into pieces as well.
BEGINNINGS = re.compile(rb"\x28\xb5\x2f\xfd|\xfd7zXZ\x00|\x78[\x01\x5e\x9c\xda]")


@dataclass(frozen=True)
class Difference:
    """A difference, written down.

    Attributes:
        file: that has it, for the length of the block that gave it.
        bases: SHA-256 of the bundles that it is to, in the order in which its frames number them.
    """

    file: Path
    bases: tuple[str, ...]


class Differences:
    """Makes differences. Safe between threads."""

    def __init__(self, files: CheckedFiles) -> None:
        """Take the depot's files, which are believed as far as their digests."""
        self._files, self._turn = files, Lock()
        self._remembered = lru_cache(KEPT)(_runs)

    @contextmanager
    def since(self, cargo: Cargo, there: Sequence[str], offset: int) -> Iterator[Difference | None]:
        """Give what a machine lacks of a bundle, for the length of a block; None if the bundle itself is as good.

        Args:
            cargo: the bundle, checked already, and the depot's other ones.
            there: SHA-256 of the bundles that the machine has.
            offset: how many bytes of the bundle it has.

        Raises:
            OSError: if the depot cannot be read, or a difference cannot be written.
        """
        bases = tuple(name for name in sorted(there) if self._is_kept(cargo, name))
        runs = tuple(since(self._made(cargo, bases), offset)) if bases else ()
        if not runs or sum(run.sent_bytes for run in runs) > WORTH * (cargo.step.bundle_bytes - offset):
            yield None
            return
        with tempfile.NamedTemporaryFile(prefix="fleetctl-difference-") as file:
            _write(file, runs, cargo.file)
            yield Difference(Path(file.name), bases)

    def _is_kept(self, cargo: Cargo, name: str) -> bool:
        return name in cargo.others and self._files.has(cargo.others[name], name)

    def _made(self, cargo: Cargo, bases: tuple[str, ...]) -> tuple[Run, ...]:
        with self._turn:  # many gateways have the same bundles
            return self._remembered(cargo.step.bundle, cargo.file, tuple((name, cargo.others[name]) for name in bases))


def _runs(_: str, wanted: Path, bases: tuple[tuple[str, Path], ...]) -> tuple[Run, ...]:
    """Return the runs that make a bundle. Names go with the files, for they say what is in them."""
    return difference(list(pieces(wanted)), [list(pieces(file)) for _, file in bases])


def pieces(file: Path) -> Iterator[Piece]:
    """Yield a bundle's pieces."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = 0
        for end in _ends(content):
            yield Piece(start, end - start, hashlib.blake2b(content[start:end], digest_size=DIGEST_BYTES).digest())
            start = end


def _ends(content: mmap.mmap) -> Iterator[int]:
    for found in BEGINNINGS.finditer(content):
        if found.start():
            yield found.start()
    yield len(content)


def _write(file: IO[bytes], runs: Iterable[Run], wanted: Path) -> None:
    with wanted.open("rb") as content:
        for run in runs:
            file.write(FRAME.pack(*run))
            if run.base == NEW:
                _copy(content, run, file)
    file.flush()


def _copy(content: IO[bytes], run: Run, file: IO[bytes]) -> None:
    content.seek(run.start)
    left = run.size
    while chunk := content.read(min(left, COPY_BYTES)):
        file.write(chunk)
        left -= len(chunk)
