"""Where things are on a unit's disk: boot loader, partitions, and the master boot record as bytes.

`boot` holds GRUB's configuration and what it remembers, `A` and `B` are the slots, `data` outlives both. The disk is
told by its signature, whatever the kernel calls it, so that one image fits virtual disks, SATA and NVMe.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MIB = 1 << 20
SECTOR = 512
SIGNATURE = 0xF1EE7C71
"""Of the disk, in the master boot record; the kernel derives PARTUUIDs from it."""
BOOT_CODE = 440
"""Bytes of the master boot record that are code; the table and the signature come after."""
TO_THE_NEXT_DEVICE = b"\xcd\x18\xf4"
"""`int 18h; hlt`: the firmware goes on to its next boot device, so a disk that is not complete leads to the network."""
CORE_OFFSET = SECTOR
"""Where GRUB's core image begins: right after the record, in the gap before the first partition."""
_LINUX, _ACTIVE = 0x83, 0x80


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition.

    Attributes:
        name: `boot`, `A`, `B` or `data`; also the label of its file system.
        number: from 1, as the kernel counts.
        start, size: in bytes.
    """

    name: str
    number: int
    start: int
    size: int

    @property
    def device(self) -> str:
        """Return the path that leads to it on a unit."""
        return f"/dev/disk/by-partuuid/{SIGNATURE:08x}-{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Disk:
    """Sizes of the partitions, in MiB; what is left of a larger disk stays free."""

    boot_mib: int = 16
    slot_mib: int = 640
    data_mib: int = 640

    @property
    def partitions(self) -> tuple[Partition, Partition, Partition, Partition]:
        """Return boot, A, B and data, one after the other from the first MiB on."""
        boot = Partition("boot", 1, MIB, self.boot_mib * MIB)
        a = Partition("A", 2, boot.start + boot.size, self.slot_mib * MIB)
        b = Partition("B", 3, a.start + a.size, self.slot_mib * MIB)
        return boot, a, b, Partition("data", 4, b.start + b.size, self.data_mib * MIB)

    @property
    def size(self) -> int:
        """Return the bytes that a disk must have at least."""
        last = self.partitions[-1]
        return last.start + last.size + MIB

    def record(self, code: bytes) -> bytes:
        """Return the master boot record with some boot code: 512 bytes."""
        head = code[:BOOT_CODE].ljust(BOOT_CODE, b"\0") + SIGNATURE.to_bytes(4, "little") + b"\0\0"
        return head + b"".join(_entries(self.partitions)) + b"\x55\xaa"


def _entries(partitions: tuple[Partition, ...]) -> Iterator[bytes]:
    """Yield the entries of the table; cylinders and heads are the marks that mean "see the sectors"."""
    for partition in partitions:
        flag = _ACTIVE if partition.number == 1 else 0
        sectors = (partition.start // SECTOR).to_bytes(4, "little") + (partition.size // SECTOR).to_bytes(4, "little")
        yield bytes([flag]) + b"\xfe\xff\xff" + bytes([_LINUX]) + b"\xfe\xff\xff" + sectors
