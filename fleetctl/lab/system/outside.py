"""What a lab of the second tier has outside of its namespaces: base and disks, cgroups, a limit of the kernel's."""

from __future__ import annotations

from pathlib import Path

from fleetctl.lab.folder import LabFolder, Record
from fleetctl.lab.layout import Blueprint
from fleetctl.lab.outside import GONE_S, Say
from fleetctl.lab.system import base, cgroups, disks
from fleetctl.lab.system.slurm import platform

_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES_PER_UNIT = 9
_INSTANCES_OF_OTHERS = 64


class System:
    """Fills `Outside`. Loop devices are not here: the kernel detaches them when the last user has let go of them."""

    def prepare(self, folder: LabFolder, record: Record, blueprint: Blueprint, say: Say) -> None:
        """Find or build the base, make disks and the cgroup for those of the units, raise what systemd needs."""
        folder.base.symlink_to(base.ensure(say, base.SLURM if blueprint.nodes else ()))
        if blueprint.nodes:
            platform.prepare(folder, record, len(blueprint.nodes))
        disks.make_all(folder.disks, blueprint.stands)
        cgroups.of(record).mkdir()
        usual, needed = int(_INSTANCES.read_text()), len(blueprint.stands) * _INSTANCES_PER_UNIT + _INSTANCES_OF_OTHERS
        if usual < needed:
            folder.usual_limit.write_text(str(usual))
            _INSTANCES.write_text(str(needed))

    def remove(self, folder: LabFolder, record: Record) -> None:
        """Remove the cgroups, and put the limit back that was raised."""
        cgroups.remove(cgroups.of(record), within_s=GONE_S)
        if folder.usual_limit.exists():
            _INSTANCES.write_text(folder.usual_limit.read_text())
