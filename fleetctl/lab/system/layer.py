"""What a lab lays over the base for all of its units: accounts, keys, their own programs and services."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from fleetctl.lab import base as light
from fleetctl.lab.system.unit.boot import LAYERS
from fleetctl.lab.unit import system
from fleetctl.lab.unit.settings import LIBRARY

_FILES = Path(__file__).with_name("files")
_FOLDERS = ("data", "etc/fleet", "etc/ssh/sshd_config.d", "etc/systemd/system", "root/.ssh", "run")
_UNITS = "etc/systemd/system"
_LOAD = "usr/lib/fleet/load"
_LITTLE = "LOAD_CPUS=1\nLOAD_PERCENT=5\n"
_WANTED = {
    "multi-user.target.wants": ("systemd-networkd.service", "lab-ready.service", "fleet-good.service"),
    "sysinit.target.wants": ("fleet-boot.service",),
}
_MASKED = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"),
    *("console-getty.service", "getty@tty1.service", "e2scrub_reap.service", "systemd-pstore.service"),
    *("modprobe@.service", "systemd-modules-load.service", "systemd-sysusers.service", "systemd-update-utmp.service"),
    *("dev-hugepages.mount", "dev-mqueue.mount", "sys-fs-fuse-connections.mount"),
    *("sys-kernel-debug.mount", "sys-kernel-tracing.mount"),
)
"""What has no use without a console and a kernel of one's own."""


def build(base: Path, debian: Path, users: Sequence[str], authorized_key: str) -> None:
    """Build the layer, and show the base beside it.

    Args:
        base: folder that is not there yet.
        debian: folder of the base.
        users: names that log in as root, besides root.
        authorized_key: public key that every unit knows.
    """
    layer, shown = (base / name for name in LAYERS)
    shown.mkdir(parents=True)
    system.bind(debian, shown)
    for name in _FOLDERS:
        (layer / name).mkdir(parents=True, exist_ok=True)
    for file in (f for f in _FILES.rglob("*") if f.is_file()):
        target = layer / file.relative_to(_FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)  # with the modes of now: those of a checkout are its owner's business
    light.copy_library(layer / LIBRARY[1:], ("unit", "system/unit"))
    light.install_programs(layer / "usr", LIBRARY, _programs())
    light.link_leases(layer)
    _install_load(layer)
    _arrange_services(layer / _UNITS)
    _let_in(layer, debian, users, authorized_key)


def _install_load(layer: Path) -> None:
    """Let units compute under load as images do, but little: many of them share this machine."""
    if (program := light.shipped(f"images/common/{_LOAD}")) is not None:
        light.write_program(layer / _LOAD, program.read_text())
        (layer / "etc/default").mkdir(parents=True)
        (layer / "etc/default/fleet-load").write_text(_LITTLE)


def _programs() -> dict[str, str]:
    return {
        **light.hooks(),
        "lib/fleet/hooks/network": "system.unit.network_hook",
        "lib/fleet/hooks/compute": "system.unit.compute_hook",
        "lib/fleet/boot-loader": "system.unit.boot_loader",
        "lib/fleet/heat": "system.unit.heat",
        "lib/fleet/hub": "system.unit.hub",
        "lib/fleet/compute": "unit.compute",
        "lib/fleet/tell": "system.unit.tell",
    }


def _arrange_services(units: Path) -> None:
    """Say which services a system starts, and which of Debian's it does without."""
    for target, services in _WANTED.items():
        (units / target).mkdir()
        for service in services:
            (units / target / service).symlink_to(f"/lib/systemd/system/{service}")
    for service in _MASKED:
        (units / service).symlink_to("/dev/null")
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")


def _let_in(layer: Path, debian: Path, users: Sequence[str], authorized_key: str) -> None:
    for name, rest in (("passwd", "x:0:0::/root:/bin/sh"), ("shadow", "*:19000:0:99999:7:::")):
        added = "".join(f"{user}:{rest}\n" for user in users)
        light.write_private(layer / "etc" / name, (debian / "etc" / name).read_text() + added)
    (layer / "etc/passwd").chmod(0o644)
    (layer / "etc/ssh/sshd_config").write_text(light.SSHD.format(root=""))
    light.write_private(layer / "root/.ssh/authorized_keys", authorized_key)
    for folder in ("root", "root/.ssh"):
        (layer / folder).chmod(0o700)
