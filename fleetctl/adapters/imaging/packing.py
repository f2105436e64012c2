"""Cuts a disk image into chunks: runs of what is not zero, packed, each named by its digest.

A packed image stays beside the disk and is used again until the disk is another.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from fleetctl.adapters.images.programs import run
from fleetctl.adapters.whole_file import write_whole
from fleetctl.core.images.disk import MIB, SECTOR
from fleetctl.core.imaging.image import CHUNK_MIB, Chunk, stub_of
from fleetctl.core.problems import InvalidInput, Problem

LEVEL = 10
GAP_MIB = 4
"""So few zeros do not end a run: a chunk of its own costs a machine more than they do."""
READABLE = 0o644
_ZEROS = bytes(MIB)
_INDEX = "chunks.json"
_PACKERS = 2


@dataclass(frozen=True, slots=True)
class Packed:
    """A disk that was cut: its first sector, its size in MiB, its chunks."""

    mbr: bytes
    size_mib: int
    chunks: tuple[Chunk, ...]


def packed(disk: Path, folder: Path, sha256: str = "") -> Packed:
    """Return the chunks of a disk image; cuts and packs it into `folder` if that was not done before.

    Args:
        disk: raw image, best sparse.
        folder: for the chunks; whatever else is in it is removed.
        sha256: that the disk has to have; empty if nobody knows.

    Raises:
        InvalidInput: if the disk is not what it should be.
        CouldNot: if it cannot be packed.
    """
    stat = disk.stat()
    mark: list[int | str] = [stat.st_size, stat.st_mtime_ns, sha256]
    known = _read_index(folder / _INDEX, mark)
    if known is not None:
        return known
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o755)
    fresh = _pack(disk, folder, sha256)
    rows = [asdict(chunk) for chunk in fresh.chunks]
    index = {"disk": mark, "mbr": fresh.mbr.hex(), "size_mib": fresh.size_mib, "chunks": rows}
    write_whole(folder / _INDEX, json.dumps(index).encode(), mode=READABLE)
    return fresh


def _pack(disk: Path, folder: Path, sha256: str) -> Packed:
    whole, runs = hashlib.sha256(), []
    with disk.open("rb") as file, ThreadPoolExecutor(_PACKERS) as pool:
        mbr = file.read(SECTOR)
        file.seek(0)
        for offset, content in _runs(_blocks(file.fileno(), whole)):
            unpacked = stub_of(mbr) + content[SECTOR:] if offset == 0 else content
            runs.append(pool.submit(_chunk, folder, offset, unpacked))
            if len(runs) > _PACKERS:  # no more of the disk in memory than is being packed
                runs[-_PACKERS - 1].result()
        chunks = tuple(run.result() for run in runs)
    if sha256 and whole.hexdigest() != sha256:
        raise InvalidInput([Problem("damaged-image", f"{disk} is not what was built", hint="build the image again")])
    return Packed(mbr, -(-disk.stat().st_size // MIB), chunks)


def _blocks(descriptor: int, whole: hashlib._Hash) -> Iterator[bytes]:
    """Yield a file MiB by MiB; holes are not read."""
    size, data = os.fstat(descriptor).st_size, 0
    for offset in range(0, size, MIB):
        if offset >= data:
            data = _next_data(descriptor, offset, size)
        length = min(MIB, size - offset)
        block = _ZEROS[:length] if data >= offset + length else os.pread(descriptor, length, offset)
        whole.update(block)
        yield block.ljust(MIB, b"\0")


def _next_data(descriptor: int, offset: int, size: int) -> int:
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError:  # nothing but a hole from here on
        return size


def _runs(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield what is not zero: offset in MiB, and at most a chunk's length of content."""
    start, run, zeros = 0, bytearray(), 0
    for number, block in enumerate(blocks):
        zeros = zeros + 1 if block == _ZEROS else 0
        if run and (zeros > GAP_MIB or len(run) >= CHUNK_MIB * MIB):
            yield start, _without_end(run)
            run = bytearray()
        if run or not zeros:
            start = start if run else number
            run += block
    if run:
        yield start, _without_end(run)


def _without_end(run: bytearray) -> bytes:
    """Return a run without the zeros at its end."""
    length = len(run)
    while run[length - MIB : length] == _ZEROS:
        length -= MIB
    return bytes(run[:length])


def _chunk(folder: Path, offset: int, content: bytes) -> Chunk:
    packed = run(["zstd", "-q", "-c", f"-{LEVEL}"], given=content)
    name = hashlib.sha256(packed).hexdigest()
    write_whole(folder / name, packed, mode=READABLE)
    return Chunk(name, len(packed), offset, len(content) // MIB)


def _read_index(file: Path, mark: list[int | str]) -> Packed | None:
    """Return what was packed before, if it was of this very disk and all of it is there."""
    try:
        index = json.loads(file.read_bytes())
        chunks = tuple(Chunk(**row) for row in index["chunks"])
        if index["disk"] != mark or any(_size(file.with_name(c.sha256)) != c.packed_bytes for c in chunks):
            return None
        return Packed(bytes.fromhex(index["mbr"]), int(index["size_mib"]), chunks)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1
