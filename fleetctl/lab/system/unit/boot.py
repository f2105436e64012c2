"""The boot loader of a unit of the second tier: choose a slot, mount it, become the systemd that is in it.

    boot FOLDER BASE HARDWARE DATA A B

FOLDER has the unit's settings and mount points, BASE the layers that lie below each slot, HARDWARE is the socket of the
lab for this unit, and the rest are its block devices. It runs as the first process of fresh namespaces. A slot that
cannot be mounted, or holds a system that is made to panic, has used up one of its attempts.
"""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleetctl.lab.system.unit import hardware, system_files
from fleetctl.lab.unit import init, nic, system
from fleetctl.lab.unit import root as file_system
from fleetctl.lab.unit.settings import PATH, Settings, from_json

LAYERS = ("layer", "debian")
"""What lies below a slot, the upper one first."""
_SYSTEMD = "/lib/systemd/systemd"
_LOOP, _CONTROL = 7, (10, 237)
"""Numbers of the kernel's: of loop devices, and of what attaches them."""
_LOOPS = 1024
_FORGOTTEN_S = 10.0
_COMMIT = "commit=30"
"""After so many seconds ext4 syncs by itself: later than usual, so that what a cut loses is seen to be lost."""


def main() -> int:
    """Boot; a failure is printed on the console and has a code that no signal has."""
    folder, base, socket_of_lab, data, *slots = map(Path, sys.argv[1:])
    try:
        boot(Machine(folder, base, socket_of_lab, data, dict(zip("AB", slots, strict=True))))
    except Exception:
        traceback.print_exc()
    return init.FAILED


@dataclass(frozen=True)
class Machine:
    """What there is to boot from; see the module."""

    folder: Path
    base: Path
    hardware: Path
    data: Path
    slots: Mapping[str, Path]

    @property
    def root(self) -> Path:
        """Return the mount point of the unit's root."""
        return self.folder / "root"


def boot(machine: Machine) -> None:
    """Boot a machine; returns only with an exception."""
    settings = from_json((machine.folder / "unit.json").read_text())
    tell = init.Notice(init.inherited("LAB_NOTIFY"))
    system.make_private()
    socket.sethostname(settings.host_name)
    _mount_disk(machine.data, machine.folder / "data")
    slot = init.choose_slot(machine.folder / "data/boot")
    _mount_root(machine, slot)
    _show_devices(machine)
    nic.lend(machine.folder, machine.root, settings.interfaces[0][0])
    system.enter_root(machine.root)
    Path("/run/lab/unit.json").write_text(settings.to_json())
    tell("booted", slot=slot, boot_id=Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    init.refuse_to_start_if_broken()
    _start(settings)


def _start(settings: Settings) -> None:
    os.environ.clear()
    os.environ.update(PATH=PATH)
    init.prepare(settings)
    system_files.write(settings)
    os.execve(_SYSTEMD, [_SYSTEMD], {"container": "fleetctl-lab"})  # noqa: S606 - it takes over


def _mount_disk(device: Path, target: Path) -> None:
    """Mount a disk anew: the mount of the last boot, which may have lost its power, has to be forgotten first."""
    mounted = Path("/sys/fs/ext4") / device.name
    deadline = time.monotonic() + _FORGOTTEN_S
    while mounted.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    system.mount(device, target, "ext4", system.MS_NOSUID, _COMMIT)


def _mount_root(machine: Machine, slot: str) -> None:
    try:
        _mount_disk(machine.slots[slot], machine.folder / "slot")
    except OSError as error:
        print(f"slot {slot} cannot be mounted: {error.strerror}", file=sys.stderr)
        system.reboot()
    for name in ("root", "work"):
        (machine.folder / "slot" / name).mkdir(exist_ok=True)
    # Relative paths, because a colon or a comma in a path would end an option.
    os.chdir(machine.base.parent)
    lower = ":".join(os.path.relpath(machine.base / name) for name in LAYERS)
    here = os.path.relpath(machine.folder / "slot")
    options = f"lowerdir={lower},upperdir={here}/root,workdir={here}/work"
    # By its source RAUC finds the slot that is the root.
    system.mount(f"/dev/slot{slot}", machine.root, "overlay", 0, options)
    system.mount(machine.data, machine.root / "data", "ext4", system.MS_NOSUID, _COMMIT)
    file_system.furnish(machine.root, slot)
    _protect(machine.root)


def _protect(root: Path) -> None:
    """Show the unit its own cgroups, and keep it from changing the kernel's settings but those of its network."""
    system.mount("cgroup2", root / "sys/fs/cgroup", "cgroup2", system.MS_NOSUID | system.MS_NODEV)
    settings = root / "proc/sys"
    system.bind(settings / "net", settings / "net")  # a mount of its own, so it stays writable
    for part in filter(Path.exists, (settings, root / "proc/sysrq-trigger")):
        system.bind(part, part, recursive=True)
        system.mount("none", part, flags=system.MS_REMOUNT | system.MS_BIND | system.MS_RDONLY)


def _show_devices(machine: Machine) -> None:
    """Show the slots, and every loop device, for RAUC attaches bundles to any that is free."""
    dev, lab = machine.root / "dev", machine.root / "run/lab"
    os.mknod(dev / "loop-control", 0o600 | stat.S_IFCHR, os.makedev(*_CONTROL))
    for number in range(_LOOPS):
        os.mknod(dev / f"loop{number}", 0o600 | stat.S_IFBLK, os.makedev(_LOOP, number))
    for slot, device in machine.slots.items():
        (dev / f"slot{slot}").symlink_to(device.name)
    _show(Path("/dev/null"), dev / "console")
    _show(machine.hardware, lab / hardware.SOCKET.name)
    (lab / "slot").mkdir()
    system.bind(machine.folder / "slot", lab / "slot")


def _show(source: Path, target: Path) -> None:
    target.touch()
    system.bind(source, target)
