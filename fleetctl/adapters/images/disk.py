"""A whole disk in a sparse file: boot loader, partitions, slot A filled, slot B empty, the data partition."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.images.file_systems import write_ext4
from fleetctl.adapters.images.programs import run
from fleetctl.core.images import grub
from fleetctl.core.images.disk import CORE_OFFSET, MIB, Disk
from fleetctl.core.images.tree import Node, What, file, laid_over
from fleetctl.core.problems import CouldNot

LOADER = Path("/usr/lib/grub/i386-pc")
_MODULES = "biosdisk part_msdos ext2 normal configfile linux loadenv echo test reboot serial terminal minicmd true"
_CHUNK = MIB


@dataclass(frozen=True)
class Contents:
    """What goes onto a disk.

    Attributes:
        root: file system of slot A.
        config: GRUB's configuration.
        authorized_keys: who may log in; empty if that comes later.
    """

    root: Path
    config: Path
    authorized_keys: bytes = b""


def write_disk(path: Path, disk: Disk, contents: Contents, epoch_s: int) -> None:
    """Write a disk that boots from slot A.

    Raises:
        CouldNot: if something does not fit, or GRUB is not installed on this machine.
    """
    boot, a, _, data = disk.partitions
    if contents.root.stat().st_size > a.size:
        raise CouldNot(
            f"the root file system does not fit into a slot of {disk.slot_mib} MiB", hint="make slots larger"
        )
    core, code = _loader(path.parent)
    if CORE_OFFSET + len(core) > boot.start:
        raise CouldNot("GRUB's core image does not fit before the first partition")
    parts = [path.with_name(f"{path.name}.{name}") for name in ("boot", "data")]
    trees = [
        laid_over({}, tree, epoch_s) for tree in (_boot_tree(contents.config), _data_tree(contents.authorized_keys))
    ]
    write_ext4(parts[0], trees[0], "boot", epoch_s, boot.size)
    write_ext4(parts[1], trees[1], "data", epoch_s, data.size)
    path.unlink(missing_ok=True)
    with path.open("wb") as target:
        target.truncate(disk.size)
        target.write(disk.record(code))
        target.seek(CORE_OFFSET)
        target.write(core)
        for source, start in ((parts[0], boot.start), (contents.root, a.start), (parts[1], data.start)):
            _copy(source, target.fileno(), start)
    for part in parts:
        part.unlink()


def _loader(folder: Path) -> tuple[bytes, bytes]:
    """Return GRUB's core image and its boot code."""
    if not LOADER.is_dir():
        raise CouldNot(f"{LOADER} is not here", hint="sudo apt-get install --no-install-recommends grub-pc-bin")
    core = folder / ".core.img"
    options = ["-O", "i386-pc", "-d", str(LOADER), "-p", "(hd0,msdos1)/grub", "-o", str(core)]
    run(["grub-mkimage", *options, *_MODULES.split()])
    content = core.read_bytes()
    core.unlink()
    return content, (LOADER / "boot.img").read_bytes()


def _boot_tree(config: Path) -> dict[str, Node]:
    return {
        "grub/grub.cfg": file(config),
        "grub/grubenv": file(grub.environment()),
    }


def _data_tree(authorized_keys: bytes) -> dict[str, Node]:
    given = {"identity/authorized_keys": file(authorized_keys)} if authorized_keys else {}
    return {"identity": Node(What.FOLDER, 0o755), **given}


def _copy(source: Path, target: int, start: int) -> None:
    """Copy what is not zero: the rest of the file is a hole."""
    zero = bytes(_CHUNK)
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if chunk != zero[: len(chunk)]:
                os.pwrite(target, chunk, start)
            start += len(chunk)
