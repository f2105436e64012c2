"""Build a unit's root file system in fresh namespaces and move into it.

The lowest layer is shared by all units and read-only; over it lies the slot that boots, over that the slot's writable
layer. `/data` is outside the slots. All of a unit's own storage is one bounded file system, so that its disk can fill.
"""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from fleetctl.lab.unit import nic, system
from fleetctl.lab.unit.settings import Settings

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def enter(settings: Settings, folder: Path, base: Path, slot: str) -> None:
    """Make the unit's file system the root of this process.

    Args:
        settings: of the unit.
        folder: holds the unit's storage in `disk` and the mount point `root`.
        base: holds the shared lower layer `skeleton` and the read-only `usr`.
        slot: boot name of the slot that starts.
    """
    system.make_private()
    socket.sethostname(settings.host_name)
    root = folder / "root"
    _mount_slot(root, folder / "disk", base, slot)
    furnish(root, slot)
    if settings.networked:
        nic.lend(folder, root, settings.interfaces[0][0])
    system.enter_root(root)


def furnish(root: Path, slot: str) -> None:
    """Mount what is on no disk: what the kernel shows, devices, run-time files; give the boot its identity."""
    _mount_kernel(root)
    _mount_devices(root / "dev")
    for path, mode, size in (("run", "755", "16m"), ("tmp", "1777", "32m")):
        system.mount("tmpfs", root / path, "tmpfs", system.MS_NOSUID | system.MS_NODEV, f"mode={mode},size={size}")
    _identify_boot(root, slot)


def new_boot_id() -> str:
    """Return a fresh boot id, in the form of the kernel's."""
    return f"{uuid.uuid4()}\n"


def _mount_slot(root: Path, disk: Path, base: Path, slot: str) -> None:
    layer = disk / "slots" / slot
    for name in ("tree", "upper", "work"):
        (layer / name).mkdir(parents=True, exist_ok=True)
    # Relative paths, because a colon or a comma in a path would end an option.
    os.chdir(base.parent)
    here = {n: os.path.relpath(layer / n) for n in ("tree", "upper", "work")}
    lower = f"{here['tree']}:{os.path.relpath(base / 'skeleton')}"
    options = f"lowerdir={lower},upperdir={here['upper']},workdir={here['work']},userxattr"
    system.mount("overlay", root, "overlay", 0, options)
    system.bind(base / "usr", root / "usr")
    for name in ("data", "slots"):
        (disk / name).mkdir(exist_ok=True)
    system.bind(disk / "data", root / "data")
    system.bind(disk / "slots", root / ".slots")


def _mount_kernel(root: Path) -> None:
    system.mount("proc", root / "proc", "proc", system.MS_NOSUID | system.MS_NODEV)
    try:
        system.mount("sysfs", root / "sys", "sysfs", system.MS_RDONLY)
    except OSError:  # not ours to mount without a network namespace of our own
        system.bind("/sys", root / "sys", recursive=True)


def _mount_devices(dev: Path) -> None:
    system.mount("tmpfs", dev, "tmpfs", system.MS_NOSUID, "mode=755,size=256k")
    for name in _DEVICES:
        (dev / name).touch()
        system.bind(Path("/dev") / name, dev / name)
    for name in ("pts", "shm"):
        (dev / name).mkdir()
    system.mount("devpts", dev / "pts", "devpts", options="newinstance,ptmxmode=0666,mode=620")
    system.mount("tmpfs", dev / "shm", "tmpfs", system.MS_NOSUID | system.MS_NODEV, "mode=1777,size=16m")
    for link, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        (dev / link).symlink_to(target)


def _identify_boot(root: Path, slot: str) -> None:
    for name, text, over in (
        ("boot_id", new_boot_id(), "proc/sys/kernel/random/boot_id"),
        ("cmdline", f"quiet rauc.slot={slot}\n", "proc/cmdline"),
    ):
        file = root / "run/lab" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        system.bind(file, root / over)
