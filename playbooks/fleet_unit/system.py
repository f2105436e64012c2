"""The system that runs here: what it says that it is, its slot, its boot, and whether it has to boot again."""

from __future__ import annotations

from fleet_unit.files import read_text
from fleet_unit.paths import REBOOT_NEEDED, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fleet_unit.kinds import Document


def booted_slot() -> str:
    """Return the slot that was booted, as RAUC finds it: from the kernel's command line."""
    for word in read_text(ROOT + "/proc/cmdline").split():
        key, _, value = word.partition("=")
        if key == "rauc.slot" and value.isalnum():
            return value
    return "A"


def boot_id() -> str:
    """Return the identity of this boot."""
    return read_text(ROOT + "/proc/sys/kernel/random/boot_id").strip()


def reboot_needed() -> bool:
    """Say whether an applied file waits for a reboot: the mark names the boot in which it was made."""
    mark = read_text(REBOOT_NEEDED)
    return bool(mark) and mark == boot_id()


def release() -> Document:
    """Return what the unit says that it is."""
    pairs = (line.partition("=") for line in read_text(ROOT + "/etc/fleet/release").splitlines())
    known = {key.strip().lower(): value.strip().strip("\"'") for key, _, value in pairs}
    return {key: known.get(key, "") for key in ("serial", "model", "kind", "version")}
