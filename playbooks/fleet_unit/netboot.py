"""The effect `netboot`: the next start comes from the network, where the machine is imaged anew."""

from __future__ import annotations

import os

from fleet_unit.endings import Refused
from fleet_unit.files import read_text
from fleet_unit.paths import ROOT
from fleet_unit.reboot import activate_reboot, refuse_reboot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.journal import Journal, Step

SECTOR = 512
CODE_BYTES = 440
TO_THE_NEXT_DEVICE = b"\xcd\x18\xf4"  # int 18h; hlt: the firmware goes on to its next boot device
BLOCKS = ROOT + "/sys/block"
EFI = ROOT + "/sys/firmware/efi"


def netboot(step: Step, journal: Journal) -> str:
    """Take the boot code off the disk that this unit boots from, and reboot. What is on the disk stays until then."""
    refuse_reboot("")
    if os.path.isdir(EFI):
        raise Refused("this unit boots by UEFI: choose the network in its firmware")
    disk = boot_disk()
    with open(disk, "r+b", buffering=0) as device:
        sector = device.read(SECTOR)
        device.seek(0)
        device.write(TO_THE_NEXT_DEVICE.ljust(CODE_BYTES, b"\0") + sector[CODE_BYTES:])
        os.fsync(device.fileno())
    return f"{disk} leads to the network; {activate_reboot('')(step, journal)}"


def boot_disk() -> str:
    """Return the one disk with the signature that the kernel's command line names: no other is ever written.

    Raises:
        Refused: if nothing names it, or it is not there, or there are two.
    """
    words = (word.partition("=") for word in read_text(ROOT + "/proc/cmdline").split())
    named = next((value for key, _, value in words if key == "fleet.disk"), "")
    if len(named) != 8:
        raise Refused("this unit does not say which disk it boots from")
    found = [disk for disk in _disks() if _signature(disk) == named]
    if len(found) != 1:
        raise Refused(f"{len(found) or 'no'} disks have the signature {named}")
    return found[0]


def _disks() -> Iterator[str]:
    for name in sorted(os.listdir(BLOCKS)) if os.path.isdir(BLOCKS) else ():
        yield f"{ROOT}/dev/{name}"


def _signature(disk: str) -> str:
    """Return a disk's signature as the kernel writes it; empty if it has no master boot record."""
    try:
        with open(disk, "rb", buffering=0) as device:
            sector = device.read(SECTOR)
    except OSError:
        return ""  # a card reader without a card
    whole = len(sector) == SECTOR and sector[-2:] == b"\x55\xaa"
    return f"{int.from_bytes(sector[CODE_BYTES:444], 'little'):08x}" if whole else ""
