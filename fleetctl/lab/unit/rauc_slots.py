"""What the RAUC stand-in works on: the unit's slots, their status file, the boot loader's environment.

Every probe asks for the status, and a machine that plays hundreds of units pays for each module that this imports: what
only an install needs is imported there.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from fleetctl.lab.unit import slots
from fleetctl.lab.unit.place import root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from fleetctl.lab.unit.bundle import Manifest

_GROUP = "rootfs"
SLOW_FLASH = "data/lab/slow-flash"
"""Seconds that writing a slot takes; without it, what copying takes."""


class Refused(Exception):
    """Raised with RAUC's message when a request cannot be met."""


class System:
    """A unit as RAUC sees it."""

    def __init__(self, booted: str, folder: Path) -> None:
        """Take the boot name of the running slot, from the kernel's command line, and the root of the unit."""
        self.booted = booted
        self.folder = folder

    @classmethod
    def here(cls) -> System:
        """Return the system of the unit that this process runs on."""
        words = (root() / "proc/cmdline").read_text().split()
        booted = next((w.partition("=")[2] for w in words if w.startswith("rauc.slot=")), "A")
        return cls(booted, root())

    @property
    def compatible(self) -> str:
        """Return what bundles for this unit say that they are for."""
        return str(json.loads((self.folder / "run/lab/unit.json").read_text())["compatible"])

    @property
    def environment(self) -> slots.Environment:
        """Return what the boot loader remembers."""
        return slots.load(self.folder / "data/boot")

    @property
    def version(self) -> str:
        """Return the version of the running system."""
        lines = (self.folder / "etc/fleet/release").read_text().splitlines()
        return next((line.partition("=")[2] for line in lines if line.startswith("VERSION=")), "")

    def status_of(self, slot: str) -> dict[str, Any]:
        """Return what was installed into a slot; empty if nothing ever was."""
        found: dict[str, Any] = self._statuses().get(slots.NAMES[slot], {})
        return found

    def device(self, slot: str) -> Path:
        """Return the folder that stands for a slot's partition."""
        return self.folder / ".slots" / slot

    def mark(self, identifier: Sequence[str], act: Callable[[slots.Environment, str], slots.Environment]) -> str:
        """Change the boot loader's mind about a slot: `booted` (the default), `other`, or its name; returns which.

        Raises:
            Refused: if there is no such slot.
        """
        slot = self._identified(identifier[0] if identifier else "booted")
        wanted = act(self.environment, slot)
        if wanted != self.environment:  # a full disk is no reason that a good slot could not be called good
            slots.store(self.folder / "data/boot", wanted)
        if act is slots.mark_active:
            self._note(slot, "activated", {"timestamp": _now(), "count": self._count(slot, "activated") + 1})
        return slot

    def read_bundle(self, bundle: str) -> Manifest:
        """Return a bundle's manifest.

        Raises:
            Refused: if it is none, or the unit's keyring does not vouch for it.
        """
        from fleetctl.lab.unit import bundle as bundles
        from fleetctl.lab.unit import signature

        if not Path(bundle).is_file():
            raise Refused(f"No such file: {bundle}")
        try:
            signature.check(Path(bundle), self.folder / signature.KEYRING)
            return bundles.read(Path(bundle))
        except (bundles.BadBundle, signature.BadSignature) as error:
            raise Refused(str(error)) from error

    def install(self, bundle: str) -> Iterator[tuple[int, str]]:
        """Write a bundle into the slot that is not booted; yields the progress in percent and words.

        Raises:
            Refused: if the bundle is not for this unit or is damaged; the slot is then not bootable.
            OSError: if the slot cannot be written.
        """
        yield 0, "Installing"
        manifest = self.read_bundle(bundle)
        yield 20, "Checking bundle done."
        if manifest.compatible != self.compatible:
            raise Refused(
                f"Compatible mismatch: Expected '{self.compatible}' but bundle manifest has '{manifest.compatible}'"
            )
        target = slots.other(self.booted)
        slots.store(self.folder / "data/boot", slots.mark_bad(self.environment, target))
        yield 40, f"Copying image to {slots.NAMES[target]}"
        self._note(target, "status", "pending")
        for part in range(1, 10):
            time.sleep(self._slowness_s() / 10)
            yield 40 + 6 * part, f"Copying image to {slots.NAMES[target]}"
        self._write(target, bundle, manifest)
        self._record(target, manifest)
        yield 100, "Installing done."

    def _slowness_s(self) -> float:
        """Return how long this unit's flash takes for a slot; a file says so where it matters."""
        try:
            return float((self.folder / SLOW_FLASH).read_text())
        except FileNotFoundError:
            return 0.0

    def _write(self, slot: str, bundle: str, manifest: Manifest) -> None:
        import shutil

        from fleetctl.lab.unit import bundle as bundles
        from fleetctl.lab.unit.settings import on_unit, release_text

        device = self.device(slot)
        shutil.rmtree(device, ignore_errors=True)
        tree = device / "tree"
        (tree / "etc/fleet").mkdir(parents=True)
        try:
            bundles.unpack(Path(bundle), tree)
        except bundles.BadBundle as error:
            raise Refused(str(error)) from error
        (tree / "etc/fleet/release").write_text(release_text(on_unit(), manifest.version))

    def _record(self, slot: str, manifest: Manifest) -> None:
        about = {
            "compatible": manifest.compatible,
            "version": manifest.version,
            "description": manifest.description,
            "build": manifest.build,
        }
        self._note(slot, "bundle", {key: value for key, value in about.items() if value})
        self._note(slot, "checksum", {"sha256": manifest.sha256, "size": manifest.size})
        self._note(slot, "installed", {"timestamp": _now(), "count": self._count(slot, "installed") + 1})
        self._note(slot, "status", "ok")

    def _identified(self, identifier: str) -> str:
        if identifier == "booted":
            return self.booted
        if identifier == "other":
            return slots.other(self.booted)
        found = next((boot for boot, name in slots.NAMES.items() if name == identifier), None)
        if found is not None:
            return found
        if identifier.count(".") == 1:
            raise Refused(f"No slot with class {identifier.partition('.')[0]} and name {identifier} found")
        raise Refused(f"Invalid slot name format: '{identifier}'")

    def _count(self, slot: str, what: str) -> int:
        return int(self.status_of(slot).get(what, {}).get("count", 0))

    def _note(self, slot: str, key: str, value: object) -> None:
        statuses = self._statuses()
        statuses.setdefault(slots.NAMES[slot], {})[key] = value
        slots.replace_file(self.folder / "data/rauc/status.json", json.dumps(statuses))

    def _statuses(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "data/rauc/status.json").read_text())
        except FileNotFoundError:
            return {}
        return found


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
