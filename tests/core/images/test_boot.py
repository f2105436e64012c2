"""What boots: modules in order, the first RAM file system, and what the boot loader remembers."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from fleetctl.core.images import cpio, grub
from fleetctl.core.images.modules import needed

DEPENDENCIES = """\
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/lib/crc16.ko:
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko:
kernel/drivers/md/dm-verity.ko: kernel/lib/crc16.ko
"""


def test_modules_come_after_what_they_need_and_once() -> None:
    found = needed(DEPENDENCIES, ["ext4", "dm_verity", "virtio"], "kernel/drivers/virtio/virtio.ko\n")
    names = [path.rpartition("/")[2] for path in found]
    assert names == ["jbd2.ko", "mbcache.ko", "crc16.ko", "ext4.ko", "dm-verity.ko"]


def test_a_module_that_the_kernel_has_not_is_named() -> None:
    with pytest.raises(ValueError, match="no module 'nvme'"):
        needed(DEPENDENCIES, ["nvme"], "")


def members(archive: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Read an archive by its definition (cpio(5), the new ASCII format)."""
    at = 0
    while True:
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        size, length = fields[6], fields[11]
        name = archive[at + 110 : at + 109 + length].decode()
        start = at + -(-(110 + length) // 4) * 4
        if name == "TRAILER!!!":
            return
        yield name, fields[1], archive[start : start + size]
        at = start + -(-size // 4) * 4


def test_the_kernel_finds_in_the_archive_what_was_put_there() -> None:
    given = [cpio.folder("bin"), cpio.file("bin/busybox", b"12345", 0o755), cpio.file("init", b"#!")]
    found = list(members(cpio.archive(given)))
    assert [(name, content) for name, _, content in found] == [("bin", b""), ("bin/busybox", b"12345"), ("init", b"#!")]
    assert [stat.filemode(mode) for _, mode, _ in found] == ["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"]


def test_a_fresh_unit_has_one_good_slot() -> None:
    block = grub.environment()
    assert len(block) == 1024
    assert b"\nA_OK=1\nA_TRY=0\nB_OK=0\n" in block


def test_more_than_the_block_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="full"):
        grub.environment({"ORDER": "A" * 1024})
