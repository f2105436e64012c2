"""Disks of units: files with a file system each, behind loop devices that go when nobody uses them any more.

A unit has three: `data`, and one for each slot. A slot holds, in `root`, what its release brings and what the running
system writes, over the base that all units share; that is what a bundle's image is, too.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetctl.lab.layout import Stand

DATA_BYTES = 256 << 20
SLOT_BYTES = 96 << 20
IMAGE_BYTES = 16 << 20
"""Size of the file system that a release comes as; RAUC lets it grow to its slot's."""

_MAKE = (
    "mkfs.ext4",
    "-q",
    "-F",
    "-b",
    "4096",
    "-m",
    "0",
    "-J",
    "size=4",
    "-E",
    "lazy_itable_init=1,lazy_journal_init=1",
)
_GET_FREE, _CONFIGURE = 0x4C82, 0x4C0A
_AUTOCLEAR = 4
_CONFIGURATION = "=II40x12xI176x64x"
"""`struct loop_config` of linux/loop.h: the file, the block size, the flags among what is left at zero."""
_SHUT_DOWN, _WITHOUT_LOG = 0x8004587D, 2
"""EXT4_IOC_SHUTDOWN of the kernel's ext4.h, and what makes it forget even its journal's unwritten part."""


@dataclass(frozen=True)
class Disk:
    """A loop device; it is there for as long as `descriptor` is open or the device is mounted."""

    device: Path
    descriptor: int


def make_all(folder: Path, stands: Sequence[Stand]) -> None:
    """Make the images of all units: an empty disk, and in both slots the system that the unit left the factory with."""
    folder.mkdir()
    make(empty := folder / "empty", DATA_BYTES)
    factory: dict[str, Path] = {}
    for version in {stand.settings.version for stand in stands}:
        factory[version] = folder / f"factory-{len(factory)}"
        make_slot(factory[version], SLOT_BYTES, {"etc/fleet/release": f"VERSION={version}\n"})
    for stand in stands:
        data, *slots = of(folder, stand)
        data.parent.mkdir()
        _copy(empty, data)
        for slot in slots:
            _copy(factory[stand.settings.version], slot)


def of(folder: Path, stand: Stand) -> tuple[Path, Path, Path]:
    """Return the images of a unit: of its data, and of its slots."""
    data, slot_a, slot_b = (folder / str(stand.number) / name for name in ("data", "A", "B"))
    return data, slot_a, slot_b


def make(image: Path, size: int, files: Mapping[str, str] | None = None) -> None:
    """Make a file, sparse, with an ext4 file system.

    Args:
        image: path of the file.
        size: in bytes.
        files: what it holds at first: text by path, without a leading slash.
    """
    with tempfile.TemporaryDirectory() as content:
        for name, text in (files or {}).items():
            file = Path(content) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            file.chmod(0o644)
        for folder, _, _ in os.walk(content):  # everybody on the unit sees them, whatever the umask is here
            Path(folder).chmod(0o755)
        with image.open("wb") as empty:
            empty.truncate(size)
        subprocess.run([*_MAKE, "-d", content, str(image)], check=True)


def make_slot(image: Path, size: int, files: Mapping[str, str]) -> None:
    """Make the image of a slot; `files` are what its release brings."""
    make(image, size, {f"root/{name}": text for name, text in files.items()})


def _copy(image: Path, target: Path) -> None:
    """Copy an image with its holes."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(target)], check=True)


def attach(image: Path) -> Disk:
    """Attach a file to a loop device that is free.

    Raises:
        OSError: as the kernel says.
    """
    with Path("/dev/loop-control").open("rb") as control, image.open("r+b") as file:
        while True:
            device = Path(f"/dev/loop{fcntl.ioctl(control, _GET_FREE)}")
            descriptor = os.open(device, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(descriptor, _CONFIGURE, struct.pack(_CONFIGURATION, file.fileno(), 0, _AUTOCLEAR))
            except OSError as error:
                os.close(descriptor)
                if error.errno == errno.EBUSY:  # somebody was faster
                    continue
                raise
            return Disk(device, descriptor)


def lose_writes(mount_points: Sequence[Path]) -> None:
    """Let mounted file systems forget what was not synced, as if their power went at this moment.

    Raises:
        OSError: as the kernel says.
    """
    for mount_point in mount_points:
        descriptor = os.open(mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUT_DOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(descriptor)
