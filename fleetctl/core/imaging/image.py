"""An image as it is served: the pieces of one disk, each with its digest, and what the machine boots to write them.

The disk of an image begins with a master boot record. While it is written its boot code is a stub that hands over to
the next boot device, the network; the real one comes last, so whatever is cut, the next power-on images again.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetctl.core.images.disk import BOOT_CODE, SECTOR, TO_THE_NEXT_DEVICE
from fleetctl.core.inventory.fleet import Unit

SCHEMA = "fleetctl/image/v1"
CHUNK_MIB = 32
"""Most that a chunk unpacks to: the imager holds one in memory."""
_TABLE, _ENTRY = 446, 16


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of the disk that is not all zeros.

    Attributes:
        sha256: of the packed chunk, which is also its name.
        packed_bytes: its size as it is fetched.
        offset_mib, length_mib: where it goes.
    """

    sha256: str
    packed_bytes: int
    offset_mib: int
    length_mib: int


@dataclass(frozen=True, slots=True)
class Image:
    """One disk image, cut into chunks.

    Attributes:
        version: the release that is in its first slot.
        devices: where the disk may be on a machine; the first that is there is taken.
        mbr: the real first sector.
        size_mib: of the disk that it needs.
        data_offset: where the data partition begins, in bytes.
        bundle: digest of the RAUC bundle that was packed of the same system; empty if none was.
    """

    version: str
    kind: str
    compatible: str
    devices: tuple[str, ...]
    mbr: bytes
    size_mib: int
    data_offset: int
    chunks: tuple[Chunk, ...]
    bundle: str = ""

    @property
    def packed_bytes(self) -> int:
        """Return how much a machine fetches."""
        return sum(chunk.packed_bytes for chunk in self.chunks)

    def fits(self, unit: Unit, compatible: str) -> bool:
        """Say whether it is the image for a unit, whose model has this compatible string."""
        return (self.kind, self.version, self.compatible) == (unit.kind.value, unit.release, compatible)


@dataclass(frozen=True, slots=True)
class Described:
    """What `image.json` says beside the disk.

    Attributes:
        disk, kernel, imager: names of files in the image's folder.
        data_partition: number of the partition that becomes `/data`, from 1.
    """

    version: str
    kind: str
    compatible: str
    devices: tuple[str, ...]
    disk: str
    kernel: str
    imager: str
    data_partition: int
    bundle: str


def described(document: Mapping[str, Any]) -> Described:
    """Read `image.json`.

    Raises:
        ValueError: if it is not of schema `fleetctl/image/v1`, or something is missing; says what.
    """
    if document.get("schema") != SCHEMA:
        raise ValueError(f"expected a document of schema {SCHEMA}, got {document.get('schema')!r}")
    try:
        return Described(
            version=str(document["version"]),
            kind=str(document["kind"]),
            compatible=str(document["compatible"]),
            devices=tuple(map(str, document["devices"])),
            disk=str(document["disk"]["file"]),
            kernel=str(document["kernel"]),
            imager=str(document["imager"]),
            data_partition=int(document["data_partition"]),
            bundle=str(document.get("bundle_sha256", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"it lacks {error}") from None


def stub_of(mbr: bytes) -> bytes:
    """Return a first sector with the same partition table, whose boot code goes on to the network."""
    return TO_THE_NEXT_DEVICE.ljust(BOOT_CODE, b"\0") + mbr[BOOT_CODE:]


def partition_offset(mbr: bytes, number: int) -> int:
    """Return where a primary partition begins, in bytes.

    Raises:
        ValueError: if the sector is no master boot record, or has no such partition.
    """
    if len(mbr) != SECTOR or mbr[-2:] != b"\x55\xaa":
        raise ValueError("its first sector is not a master boot record")
    if number not in range(1, 5):
        raise ValueError(f"{number} is not a primary partition")
    start, sectors = struct.unpack_from("<II", mbr, _TABLE + _ENTRY * (number - 1) + 8)
    if not sectors:
        raise ValueError(f"its partition table has no partition {number}")
    return int(start) * SECTOR
