"""The boot record, read back by its definition: what firmware, kernel and boot loader will find there."""

from __future__ import annotations

import struct

from fleetctl.core.images.disk import BOOT_CODE, MIB, SIGNATURE, TO_THE_NEXT_DEVICE, Disk

DISK = Disk(boot_mib=16, slot_mib=640, data_mib=320)


def table(record: bytes) -> list[tuple[int, int, int, int]]:
    """Return flag, type, first sector and sectors of each partition."""
    entries = (record[446 + 16 * number : 462 + 16 * number] for number in range(4))
    return [(e[0], e[4], *struct.unpack("<II", e[8:])) for e in entries]


def test_the_table_says_where_the_partitions_are() -> None:
    found = table(DISK.record(b""))
    assert [(start * 512, size * 512) for _, _, start, size in found] == [(p.start, p.size) for p in DISK.partitions]
    assert [(flag, kind) for flag, kind, _, _ in found] == [(0x80, 0x83)] + [(0, 0x83)] * 3


def test_partitions_follow_each_other_and_the_disk_holds_them() -> None:
    ends = [partition.start + partition.size for partition in DISK.partitions]
    assert [partition.start for partition in DISK.partitions] == [MIB, *ends[:-1]]
    assert DISK.size >= ends[-1]


def test_boot_code_does_not_reach_into_the_table() -> None:
    record = DISK.record(b"\xaa" * 512)
    assert len(record) == 512
    assert record[BOOT_CODE : BOOT_CODE + 4] == SIGNATURE.to_bytes(4, "little")
    assert record[446:] == DISK.record(b"")[446:]
    assert record.endswith(b"\x55\xaa")


def test_a_disk_that_is_not_complete_leads_on_to_the_network() -> None:
    assert DISK.record(TO_THE_NEXT_DEVICE).startswith(b"\xcd\x18")


def test_partitions_are_found_by_the_disks_signature() -> None:
    assert [p.device.rpartition("/")[2] for p in DISK.partitions] == [f"f1ee7c71-0{n}" for n in (1, 2, 3, 4)]
