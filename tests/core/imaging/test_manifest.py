"""The manifest as lines, and the image that it is of."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from fleetctl.core.images.disk import TO_THE_NEXT_DEVICE, Disk
from fleetctl.core.imaging.image import SCHEMA, Chunk, Image, described, partition_offset, stub_of
from fleetctl.core.imaging.ipxe import boot_from_disk, boot_imager, refuse
from fleetctl.core.imaging.manifest import manifest
from fleetctl.core.inventory.fleet import Kind
from tests.builders.imaging import MODEL, OFFER, machine, unit

DISK = Disk(boot_mib=8, slot_mib=16, data_mib=8)
RECORD = DISK.record(b"a boot loader")
CHUNKS = (Chunk("b" * 64, 20, 12, 4), Chunk("a" * 64, 10, 0, 3))
IMAGE = Image(OFFER.release, "radiator", MODEL.compatible, ("/dev/vda",), RECORD, 20, 4096, CHUNKS)
DOCUMENT: dict[str, Any] = {
    "schema": SCHEMA,
    "version": "1",
    "kind": "radiator",
    "compatible": "c",
    "devices": ["/dev/vda"],
    "disk": {"file": "disk.img"},
    "kernel": "vmlinuz",
    "imager": "imager.cpio.gz",
    "data_partition": 4,
}


def test_pieces_cover_the_disk_in_order_with_zeros_between() -> None:
    lines = manifest(unit(1), IMAGE, machine(1, "b007-0001"), "t", "key\n").decode().splitlines()
    pieces = [line for line in lines if line.startswith(("chunk=", "zero="))]
    assert pieces == [f"chunk=0 3 10 {'a' * 64}", "zero=3 9", f"chunk=12 4 20 {'b' * 64}", "zero=16 4"]
    values = dict(line.split("=", 1) for line in lines)
    assert (values["unit"], values["boot"], values["token"]) == ("home/r1", "b007-0001", "t")
    assert b64decode(values["mbr"]) == RECORD
    assert b64decode(values["stub"]) == stub_of(RECORD)
    assert b64decode(values["authorized"]) == b"key\n"
    assert lines[-1] == "end=1"


def test_the_stub_keeps_the_partition_table_and_leads_to_the_next_device() -> None:
    stub = stub_of(RECORD)
    assert stub[:3] == TO_THE_NEXT_DEVICE
    assert not any(stub[3:440])
    assert stub[440:] == RECORD[440:]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_partitions_are_where_the_table_says(number: int) -> None:
    assert partition_offset(RECORD, number) == DISK.partitions[number - 1].start


@pytest.mark.parametrize(
    ("sector", "number", "fault"),
    [
        (bytes(512), 4, "not a master boot record"),
        (RECORD[:100], 4, "not a master boot record"),
        (RECORD, 5, "not a primary partition"),
        (RECORD[:494] + bytes(16) + RECORD[510:], 4, "has no partition 4"),
    ],
)
def test_a_sector_without_that_partition_is_told(sector: bytes, number: int, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        partition_offset(sector, number)


def test_an_image_is_for_units_of_its_kind_release_and_compatible_string() -> None:
    assert IMAGE.fits(unit(1), MODEL.compatible)
    assert not IMAGE.fits(unit(1), "another")
    boiler = Image("x", Kind.BOILER.value, MODEL.compatible, (), RECORD, 20, 0, ())
    assert not boiler.fits(unit(1), MODEL.compatible)


@pytest.mark.parametrize("lacks", [key for key in DOCUMENT if key != "schema"])
def test_a_description_that_lacks_something_says_what(lacks: str) -> None:
    assert described(DOCUMENT).disk == "disk.img"
    with pytest.raises(ValueError, match=lacks):
        described({key: value for key, value in DOCUMENT.items() if key != lacks})


def test_another_schema_is_told() -> None:
    with pytest.raises(ValueError, match="fleetctl/image/v9"):
        described({**DOCUMENT, "schema": "fleetctl/image/v9"})


def test_what_a_machine_says_cannot_become_commands_of_ipxe() -> None:
    hostile = "${x} && shell\nshell"
    for script in (boot_from_disk(hostile), refuse(hostile), boot_imager("http://h", "1", hostile, "m")):
        assert "shell" not in [line.split()[0] for line in script.splitlines() if line]
        assert "$" not in script
        assert "&" not in script
