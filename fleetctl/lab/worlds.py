"""The light levels of the lab as seen by the supervisor: where units keep their disks, how one is started, and cut.

A world is made inside the supervisor's own namespaces, so it vanishes with the supervisor. At the lowest level there
are none, and it is a folder.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fleetctl.lab import base, networks
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import PORT, Blueprint, Stand
from fleetctl.lab.unit import nic, processes, system
from fleetctl.lab.unit.settings import LIBRARY, PYTHON, release_text

_DISK = "48m"
_NEW = ("--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child")


class World(Protocol):
    """What differs between levels."""

    def prepare(self) -> None:
        """Make everything that units need before the first one starts."""
        ...

    def command(self, stand: Stand) -> list[str]:
        """Return the command that runs a unit from its start to its end."""
        ...

    def disk(self, stand: Stand, members: Sequence[int], /) -> Path:
        """Return the folder that shows a unit's storage, which outlives its boots.

        Args:
            stand: the unit.
            members: its processes; none while it is off.

        Raises:
            CouldNot: if it cannot be reached now.
        """
        ...

    def cut(self, members: Sequence[int]) -> None:
        """Take the power away from the processes of a unit, of which the first is its init."""
        ...

    def plug(self, stand: Stand, *, up: bool) -> None:
        """Let a unit's links come up or go down, where it has any."""
        ...

    def port_errors(self, stand: Stand) -> Path:
        """Return the file that holds what a unit's network port counts as errors."""
        ...


class Mounts:
    """Units with mounts and processes of their own, on this machine's loopback."""

    def __init__(self, blueprint: Blueprint, folder: LabFolder) -> None:
        self._blueprint, self._folder = blueprint, folder
        self._base = folder.world / "base"

    def prepare(self) -> None:
        """Mount the shared base and a bounded disk for each unit."""
        system.make_private()
        system.mount("lab", self._folder.world, "tmpfs", system.MS_NOSUID, "mode=700,size=64m")
        self._build_base()
        for stand in self._blueprint.stands:
            self._build_unit(stand)

    def _build_base(self) -> None:
        base.build(self._base, self._blueprint.users, self._folder.key.with_suffix(".pub").read_text())
        base.give_keyring(self._base / "skeleton", self._folder.keyring)
        (self._base / "usr").mkdir()
        os.chdir(self._folder.world)
        system.mount("usr", "base/usr", "overlay", system.MS_RDONLY, "lowerdir=base/extra:/usr,userxattr")

    def _build_unit(self, stand: Stand) -> None:
        disk = self.disk(stand)
        for mount_point in (disk, disk.with_name("root")):
            mount_point.mkdir(parents=True)
        system.mount("disk", disk, "tmpfs", system.MS_NOSUID, f"mode=755,size={_DISK}")
        lay_out_unit(stand, disk)

    def command(self, stand: Stand) -> list[str]:
        """Start the unit's init in fresh namespaces."""
        return [
            "unshare",
            *_NEW,
            *_init(self._base / f"extra{LIBRARY.removeprefix('/usr')}", self.disk(stand), self._base),
        ]

    def disk(self, stand: Stand, _: Sequence[int] = (), /) -> Path:
        """Return the mount point of the unit's disk."""
        return self._folder.world / "units" / str(stand.number) / "disk"

    def cut(self, members: Sequence[int]) -> None:
        """End the unit's init, and the kernel ends the rest with it."""
        processes.signal_all(members[:1], signal.SIGKILL)

    def plug(self, stand: Stand, *, up: bool) -> None:
        """Do nothing: there are no links."""

    def port_errors(self, stand: Stand) -> Path:
        """Return the counter that a unit with a network of its own is lent when it boots."""
        return self._folder.world / "units" / str(stand.number) / nic.FILE


class Namespaces(Mounts):
    """Units with networks of their own besides."""

    def prepare(self) -> None:
        """Make the networks too."""
        super().prepare()
        # `ip netns` keeps its names in /run; a private /run lets any user have some.
        system.mount("run", "/run", "tmpfs", system.MS_NOSUID, "mode=755,size=1m")
        networks.run(networks.plumbing(self._blueprint.stands))

    def command(self, stand: Stand) -> list[str]:
        """Start the unit's init in its network."""
        return ["nsenter", f"--net=/run/netns/{networks.unit_namespace(stand)}", *super().command(stand)]

    def plug(self, stand: Stand, *, up: bool) -> None:
        """Let the links come up or go down."""
        networks.run(networks.links(stand, up=up))


class Folders:
    """Units that are processes of this machine, each with a folder that stands for its root."""

    def __init__(self, blueprint: Blueprint, folder: LabFolder) -> None:
        self._blueprint, self._folder = blueprint, folder

    def prepare(self) -> None:
        """Lay out a folder for each unit."""
        if os.geteuid() == 0:  # what sshd insists on when root starts it
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        base.copy_library(self._library)
        for stand in self._blueprint.stands:
            disk = self.disk(stand)
            disk.mkdir(parents=True)
            lay_out_unit(stand, disk)
            base.build_folder(self._root(stand), self._library, self._folder.key.with_suffix(".pub"))
            base.give_keyring(self._root(stand), self._folder.keyring)
            (self._root(stand) / "data").symlink_to("../disk/data")
            (self._root(stand) / ".slots").symlink_to("../disk/slots")
            (disk / "data").mkdir()

    def command(self, stand: Stand) -> list[str]:
        """Start the unit's init, and tell it and all that it starts which folder is its root."""
        root = self._root(stand)
        return [
            "env",
            f"FLEET_ROOT={root}",
            f"PATH={base.folder_path(root)}",
            *_init(self._library, self.disk(stand), root),
        ]

    def disk(self, stand: Stand, _: Sequence[int] = (), /) -> Path:
        """Return the folder of the unit's storage."""
        return self._folder.world / "units" / str(stand.number) / "disk"

    def cut(self, members: Sequence[int]) -> None:
        """End every process of the unit, none of which has a namespace that ends with it.

        Its init is stopped first: it would start again what it sees end, and a program that has not yet asked to end
        with its parent would outlive it.
        """
        processes.signal_all(members[:1], signal.SIGSTOP)
        processes.end_family(members[0])
        processes.signal_all(members[:1], signal.SIGKILL)

    def plug(self, stand: Stand, *, up: bool) -> None:
        """Do nothing: there are no links."""

    def port_errors(self, stand: Stand) -> Path:
        """Return the counter where the unit's own programs look for it."""
        return nic.shown(self._root(stand), PORT)

    @property
    def _library(self) -> Path:
        return self._folder.world / "lib"

    def _root(self, stand: Stand) -> Path:
        return self.disk(stand).with_name("root")


def lay_out_unit(stand: Stand, disk: Path) -> None:
    """Give a unit its settings, and both slots the system that it left the factory with."""
    (disk.parent / "unit.json").write_text(stand.settings.to_json())
    for slot in ("A", "B"):
        release = disk / "slots" / slot / "tree/etc/fleet/release"
        release.parent.mkdir(parents=True)
        release.write_text(release_text(stand.settings, stand.settings.version))


def _init(library: Path, disk: Path, shared: Path) -> list[str]:
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from fleetctl.lab.unit.init import main; sys.exit(main())"
    return [PYTHON, "-IS", "-c", start, str(library), str(disk.parent), str(shared)]
