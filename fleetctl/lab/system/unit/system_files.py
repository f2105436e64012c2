"""Files that differ between units of the second tier, written at each boot: what this machine is, what it starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fleetctl.lab.unit.init import cache_address
from fleetctl.lab.unit.settings import Settings, release_text
from fleetctl.lab.unit.signature import KEYRING

CACHE_PORT = 8480
TUNNEL = "plat0"
"""As in `fleetctl.lab.layout`, which units do not have."""
_WANTED = "run/systemd/system/multi-user.target.wants"
_SERVICES = {"gateway": ("fleet-cache", "fleet-hub")}
_HEATING = ("fleet-heat",)
_COMPUTES = "fleet-compute"
"""Stands in for a platform's daemon where the lab has no platform."""
_RAUC = """\
[system]
compatible={compatible}
bootloader=custom
bundle-formats=plain
statusfile=/data/rauc/status.raucs
activate-installed=false

[handlers]
bootloader-custom-backend=/usr/lib/fleet/boot-loader

[keyring]
path=/{keyring}

[slot.rootfs.0]
device=/dev/slotA
type=ext4
bootname=A
resize=true

[slot.rootfs.1]
device=/dev/slotB
type=ext4
bootname=B
resize=true
"""
_SSHD = "-o Port={port} -o ListenAddress={listen} -o UsePAM=no -o PermitRootLogin=prohibit-password"
"""Wins over every file: a unit's login may be root under another name, which `PermitRootLogin no` would lock out."""


def write(settings: Settings, root: Path = Path("/")) -> None:
    """Write them."""
    for name, text in _files(settings, root):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not (file.exists() and file.read_text() == text):
            file.write_text(text)
    (root / "data/rauc").mkdir(exist_ok=True)
    wanted = root / _WANTED
    wanted.mkdir(parents=True, exist_ok=True)
    heating = _HEATING if settings.node else (*_HEATING, _COMPUTES)
    for service in _SERVICES.get(settings.kind, heating):
        (wanted / f"{service}.service").symlink_to(f"/lib/systemd/system/{service}.service")


def network(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield networkd's files: what a DHCP server would give, for interfaces that no other file is for.

    A gateway's uplink is an exception: it is the building's, and the lab is the building. So is the way to a platform.
    """
    for name, address in settings.interfaces:
        is_uplink = bool(settings.peer) and name == settings.interfaces[-1][0]
        rank = "00" if is_uplink or name == TUNNEL else "99"
        route = f"\n[Route]\nDestination={settings.peer}/32\nScope=link\n" if is_uplink else ""
        text = f"[Match]\nName={name}\n\n[Network]\nAddress={address}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        yield f"{rank}-lab-{name}.network", text + route


def _files(settings: Settings, root: Path) -> Iterator[tuple[str, str]]:
    yield "etc/fleet/release", release_text(settings, _version(root / "etc/fleet/release"))
    yield "etc/rauc/system.conf", _RAUC.format(compatible=settings.compatible, keyring=KEYRING)
    yield "etc/default/ssh", f'SSHD_OPTS="{_SSHD.format(port=settings.port, listen=settings.listen)}"\n'
    environment = f"LAB_SSH_PORT={settings.port}\nLAB_CACHE={cache_address(settings)}:{CACHE_PORT}\n"
    yield "run/lab/environment", environment
    if settings.node:
        yield "run/lab/slurmd.env", settings.node
    yield from ((f"run/systemd/network/{name}", text) for name, text in network(settings))


def _version(release: Path) -> str:
    """Return the version that a slot's system says that it is; the rest of what stands there is the machine's."""
    lines = release.read_text().splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("VERSION=")), "")
