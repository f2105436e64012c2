"""Components: what is flashed apart from the system, such as a controller's firmware or the boot loader.

Each has a program of its own in /usr/lib/fleet/components: `NAME version` prints what runs, `NAME compatible` for which
hardware it is, `NAME flash BUNDLE` writes a bundle that RAUC believes and ends when it is written, or changes nothing.
"""

from __future__ import annotations

import os

from fleet_unit.bundles import complete
from fleet_unit.endings import Ended, Refused
from fleet_unit.files import dump, replace_file
from fleet_unit.journal import Journal, Step
from fleet_unit.paths import COMPONENTS, COMPONENTS_TOLD
from fleet_unit.programs import run
from fleet_unit.rauc import refuse_foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document

ASK_TIMEOUT_S = 10.0
FLASH_TIMEOUT_S = 900.0


def flash(name: str, sha256: str, version: str) -> Callable[[Step, Journal], str]:
    """Return the effect that lets a component be of a version; it waits until that is so."""

    def effect(_: Step, __: Journal) -> str:
        if name not in names():
            raise Refused(f"this unit has no component {name}: {', '.join(names()) or 'it has none'}")
        if _ask(name, "version") == version:
            return f"{name} {version} runs already"
        refuse_foreign(sha256, version, _ask(name, "compatible"), f"this {name}")
        code, said = run([f"{COMPONENTS}/{name}", "flash", complete(sha256)], FLASH_TIMEOUT_S)
        tell()
        found = _ask(name, "version")
        if code != 0 or found != version:
            raise Ended(f"{name} is {found or 'of no known version'}: {said[-300:] or 'its flasher said nothing'}")
        return f"{name} {version} is flashed"

    return effect


def names() -> list[str]:
    """Return the names of the unit's components."""
    return sorted(os.listdir(COMPONENTS)) if os.path.isdir(COMPONENTS) else []


def tell() -> None:
    """Write down which version each component has, so that no probe need ask them. Done at boot and after a flash."""
    found: Document = {name: _ask(name, "version") for name in names()}
    if found:
        os.makedirs(os.path.dirname(COMPONENTS_TOLD), 0o755, exist_ok=True)
        replace_file(COMPONENTS_TOLD, dump(found), 0o644)


def _ask(name: str, what: str) -> str:
    code, said = run([f"{COMPONENTS}/{name}", what], ASK_TIMEOUT_S, errors=False)
    return said.strip() if code == 0 else ""
