"""The second tier as seen by the supervisor: a disk with two slots for each unit, a cgroup, and systemd as its init."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from fleetctl.core.problems import CouldNot
from fleetctl.lab import base, networks, worlds
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.layout import Blueprint, Stand
from fleetctl.lab.system import cgroups, disks, layer
from fleetctl.lab.system.slurm import nodes, platform
from fleetctl.lab.system.unit.boot import LAYERS
from fleetctl.lab.unit.settings import LIBRARY, PYTHON

_NEW = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
_JOIN = 'echo 0 > "$0" && exec "$@"'
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from fleetctl.lab.system.unit.boot import main; sys.exit(main())"
)


class System(worlds.Namespaces):
    """Fills `World`."""

    def __init__(self, blueprint: Blueprint, folder: LabFolder) -> None:
        super().__init__(blueprint, folder)
        self._record = folder.known_record()
        self._disks: dict[int, tuple[disks.Disk, ...]] = {}
        self._platform = platform.Leader(folder, self._record) if blueprint.nodes else None

    def prepare(self) -> None:
        """Begin to lead the platform too, if the lab has one."""
        super().prepare()
        if self._platform is not None:
            self._platform.start(self._base / LAYERS[1])

    def command(self, stand: Stand) -> list[str]:
        """Start the unit's boot loader in its network, its cgroup and fresh namespaces, with its clock at zero."""
        clocks = (("--boottime", time.CLOCK_BOOTTIME), ("--monotonic", time.CLOCK_MONOTONIC))
        return [
            *("nsenter", f"--net=/run/netns/{networks.unit_namespace(stand)}"),
            *("sh", "-c", _JOIN, str(self._cgroup(stand) / "cgroup.procs")),
            *("unshare", *_NEW, "--time", *(f"{option}=-{int(time.clock_gettime(c))}" for option, c in clocks)),
            *(PYTHON, "-IS", "-c", _BOOT, str(self._base / LAYERS[0]) + LIBRARY),
            *map(str, (self._unit(stand), self._base, self._record.hardware(stand.number))),
            *(str(disk.device) for disk in self._disks[stand.number]),
        ]

    def disk(self, stand: Stand, members: Sequence[int] = (), /) -> Path:
        """Return the root of the running unit.

        Raises:
            CouldNot: if it does not run: only the unit itself mounts its disk, or a cut would lose nothing.
        """
        root = Path(f"/proc/{members[0]}/root") if members else None
        if root is None or not (root / "run/lab/unit.json").exists():
            raise CouldNot(
                f"{stand.unit} is off, or still boots", hint="at this tier a disk is reached while its unit runs"
            )
        return root

    def cut(self, members: Sequence[int]) -> None:
        """Let the unit's disks forget what was not synced, and end its init."""
        root = Path(f"/proc/{members[0]}/root")
        disks.lose_writes([path for path in (root / "data", root / "run/lab/slot") if path.is_mount()])
        super().cut(members)

    def _build_base(self) -> None:
        key = self._folder.key.with_suffix(".pub").read_text()
        layer.build(self._base, self._folder.base.resolve(), self._blueprint.users, key)
        base.give_keyring(self._base / LAYERS[0], self._folder.keyring)
        if self._platform is not None:
            nodes.add_to(self._base / LAYERS[0], self._folder.base.resolve(), self._folder.platform)

    def _build_unit(self, stand: Stand) -> None:
        unit = self._unit(stand)
        for mount_point in ("data", "slot", "root"):
            (unit / mount_point).mkdir(parents=True)
        (unit / "unit.json").write_text(stand.settings.to_json())
        self._cgroup(stand).mkdir()
        images = disks.of(self._folder.disks, stand)
        self._disks[stand.number] = tuple(disks.attach(image) for image in images)

    def _unit(self, stand: Stand) -> Path:
        return self._folder.world / "units" / str(stand.number)

    def _cgroup(self, stand: Stand) -> Path:
        return cgroups.of(self._record) / str(stand.number)
