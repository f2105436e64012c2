"""What units of a lab have besides where they are nodes of its platform: the key of munge, settings of services."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fleetctl.lab.system.slurm import keys

_FILES = Path(__file__).with_name("files")
_MASKED = ("slurmctld.service", "slurmrestd.service")
"""What Debian starts wherever the packages are."""


def add_to(layer: Path, debian: Path, platform: Path) -> None:
    """Add it to the layer that all units of a lab share.

    Args:
        layer: of the lab.
        debian: folder of the base below it.
        platform: folder of the keys.
    """
    for file in (f for f in _FILES.rglob("*") if f.is_file()):
        target = layer / file.relative_to(_FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for service in _MASKED:
        (layer / "etc/systemd/system" / service).symlink_to("/dev/null")
    munge = (debian / "etc/munge").stat()
    (layer / "etc/munge").mkdir(0o755)
    key = layer / "etc/munge" / keys.MUNGE
    shutil.copyfile(platform / keys.MUNGE, key)
    key.chmod(0o400)
    for path in (key.parent, key):
        os.chown(path, munge.st_uid, munge.st_gid)
