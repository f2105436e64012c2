"""The texts that make a root file system a unit's: what it is, its partitions, and RAUC's two configurations."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.core.images.disk import Disk
from fleetctl.core.inventory.fleet import Kind

BOOT_FOLDER = "/boot/loader"
"""Where the boot partition is mounted on a unit."""
KEYRING = "/etc/rauc/keyring.pem"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an image says that it is.

    Attributes:
        model: of the hardware, as the fleet calls it; a machine that was told another one reports that.
        compatible: RAUC installs bundles with this very string alone.
    """

    kind: Kind
    model: str
    compatible: str
    version: str


def release(identity: Identity) -> str:
    """Return `/usr/lib/fleet/release`: `/etc/fleet/release` but for the serial, which is the machine's."""
    known = {"VERSION": identity.version, "MODEL": identity.model, "KIND": identity.kind.value}
    return "".join(f"{key}={value}\n" for key, value in {**known, "COMPATIBLE": identity.compatible}.items())


def file_systems(disk: Disk) -> str:
    """Return `/etc/fstab`. The boot loader's partition is written synchronously: a cut must find it whole."""
    boot, _, _, data = disk.partitions
    return (
        f"{boot.device} {BOOT_FOLDER} ext4 sync,noatime 0 0\n"
        f"{data.device} /data ext4 noatime,x-systemd.growfs,nofail 0 0\n"
    )


def rauc_system(identity: Identity, disk: Disk) -> str:
    """Return RAUC's `system.conf`; an installed slot is not activated: a blackout would boot it outside every gate."""
    _, a, b, _ = disk.partitions
    slots = (
        f"\n[slot.rootfs.{index}]\ndevice={slot.device}\ntype=ext4\nbootname={slot.name}\nresize=true\n"
        for index, slot in enumerate((a, b))
    )
    return (
        f"[system]\ncompatible={identity.compatible}\nbootloader=grub\n"
        f"grubenv={BOOT_FOLDER}/grub/grubenv\nstatusfile=/data/rauc/status.raucs\n"
        "bundle-formats=plain verity\nactivate-installed=false\n"
        f"\n[keyring]\npath={KEYRING}\n{''.join(slots)}"
    )


def bundle_manifest(identity: Identity, form: str, image: str) -> str:
    """Return the manifest of a bundle of `plain` or `verity` form with one image."""
    return (
        f"[update]\ncompatible={identity.compatible}\nversion={identity.version}\n"
        f"\n[bundle]\nformat={form}\n\n[image.rootfs]\nfilename={image}\n"
    )
