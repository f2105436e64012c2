"""A disk becomes chunks: all of it, nothing twice, zeros not at all, and the first sector never with its boot code."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from fleetctl.adapters.imaging.packing import GAP_MIB, Packed, packed
from fleetctl.core.images.disk import BOOT_CODE, MIB, TO_THE_NEXT_DEVICE, Disk
from fleetctl.core.imaging.image import CHUNK_MIB
from fleetctl.core.problems import InvalidInput

RECORD = Disk(8, 8, 8).record(b"a boot loader")


def disk(folder: Path, size_mib: int, *written: int, record: bytes = RECORD) -> Path:
    """Return a sparse disk with its record, and a MiB of content at each of the places."""
    file = folder / "disk.img"
    with file.open("wb") as opened:
        opened.truncate(size_mib * MIB)
        opened.write(record)
        for place in written:
            opened.seek(place * MIB)
            opened.write(bytes([place % 250 + 1]) * MIB)
    return file


def put_together(of: Packed, folder: Path) -> bytes:
    whole = bytearray(of.size_mib * MIB)
    for chunk in of.chunks:
        content = (folder / chunk.sha256).read_bytes()
        assert hashlib.sha256(content).hexdigest() == chunk.sha256
        assert len(content) == chunk.packed_bytes
        unpacked = subprocess.run(["zstd", "-qdc"], input=content, capture_output=True, check=True).stdout
        assert len(unpacked) == chunk.length_mib * MIB
        start = chunk.offset_mib * MIB
        assert not any(whole[start : start + len(unpacked)])
        whole[start : start + len(unpacked)] = unpacked
    return bytes(whole)


@pytest.mark.parametrize(
    ("size", "written", "chunks"),
    [
        (4, (), [(0, 1)]),
        (64, (1, 2, 20, 21), [(0, 3), (20, 2)]),
        (64, (GAP_MIB, 40), [(0, GAP_MIB + 1), (40, 1)]),
        (64, (GAP_MIB + 1, 63), [(0, GAP_MIB + 2), (63, 1)]),
        (80, tuple(range(70)), [(0, CHUNK_MIB), (CHUNK_MIB, CHUNK_MIB), (2 * CHUNK_MIB, 70 - 2 * CHUNK_MIB)]),
    ],
)
def test_chunks_are_the_disk_without_its_zeros(
    tmp_path: Path, size: int, written: tuple[int, ...], chunks: list[tuple[int, int]]
) -> None:
    file = disk(tmp_path, size, *(place for place in written if place))
    of = packed(file, tmp_path / "chunks")
    assert [(chunk.offset_mib, chunk.length_mib) for chunk in of.chunks] == chunks
    assert of.mbr == RECORD
    whole = put_together(of, tmp_path / "chunks")
    assert whole[:BOOT_CODE].rstrip(b"\0") == TO_THE_NEXT_DEVICE
    assert whole[BOOT_CODE:] == file.read_bytes()[BOOT_CODE:]


def test_what_was_packed_is_used_again_until_the_disk_or_a_chunk_is_another(tmp_path: Path) -> None:
    file, chunks = disk(tmp_path, 16, 8), tmp_path / "chunks"
    first = packed(file, chunks)
    marks = {each: each.stat().st_mtime_ns for each in chunks.iterdir()}
    assert packed(file, chunks) == first
    assert {each: each.stat().st_mtime_ns for each in chunks.iterdir()} == marks
    (chunks / first.chunks[0].sha256).write_bytes(b"cut")
    assert packed(file, chunks) == first
    assert len((chunks / first.chunks[0].sha256).read_bytes()) == first.chunks[0].packed_bytes
    disk(tmp_path, 16, 9)
    assert packed(file, chunks).chunks != first.chunks
    assert len(list(chunks.iterdir())) == 3, "chunks of the disk before are gone"


def test_a_disk_that_is_not_what_was_built_is_refused(tmp_path: Path) -> None:
    file = disk(tmp_path, 4, 2)
    right = hashlib.sha256(file.read_bytes()).hexdigest()
    packed(file, tmp_path / "chunks", right)
    with pytest.raises(InvalidInput, match="not what was built"):
        packed(file, tmp_path / "other", "0" * 64)
