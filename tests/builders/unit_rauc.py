"""RAUC and two slots for a stand-in unit that is just a folder: the lab's own `rauc`, boot loader rules and bundles."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import fleetctl
from fleetctl.lab.unit import bundle as stand_in
from fleetctl.lab.unit import slots
from fleetctl.lab.unit.settings import Settings, release_text
from tests.builders.unit_root import PYTHON, Document, UnitRoot

COMPATIBLE = "heat-qh"
_RAUC = """\
#!{python}
import sys
sys.path.insert(0, {source!r})
from fleetctl.lab.unit.rauc import main
sys.exit(main())
"""


def settings(kind: str = "radiator") -> Settings:
    """Return what the stand-in is."""
    return Settings(
        name="site/unit",
        host_name="unit",
        kind=kind,
        model="qh-1",
        serial="QR-1",
        compatible=COMPATIBLE,
        version="1.2.0",
        isolated=False,
        networked=False,
        listen="127.0.0.1",
        port=22,
    )


def with_rauc(unit: UnitRoot, kind: str = "radiator") -> UnitRoot:
    """Give a unit RAUC, two slots of which the first is booted and good, and a `reboot` that only notes that it ran."""
    unit.write("/usr/bin/rauc", _RAUC.format(python=" ".join(PYTHON), source=str(Path(fleetctl.__file__).parents[1])))
    unit.write("/usr/sbin/reboot", '#!/bin/sh\necho reboot >> "$FLEET_ROOT/reboots"\n')
    for program in ("/usr/bin/rauc", "/usr/sbin/reboot"):
        unit.path(program).chmod(0o755)
    for slot in slots.NAMES:
        unit.write(f"/.slots/{slot}/tree/etc/fleet/release", release_text(settings(kind), "1.2.0"))
    boot(unit, kind)
    slots.store(unit.path("/data/boot"), slots.Environment())
    return unit


def boot(unit: UnitRoot, kind: str = "radiator") -> str:
    """Let the boot loader choose a slot and boot it; returns its name."""
    folder = unit.path("/data/boot")
    slot, env = slots.start(slots.load(folder))
    slots.store(folder, env)
    unit.write("/etc/fleet/release", unit.read(f"/.slots/{slot}/tree/etc/fleet/release"))
    unit.write("/run/lab/unit.json", json.dumps(asdict(settings(kind))))
    unit.path("/run/fleet/install-percent").unlink(missing_ok=True)
    unit.reboot(slot=slot)
    return slot


def a_bundle(folder: Path, version: str = "1.3.0", *, compatible: str = COMPATIBLE, size: int = 300_000) -> Path:
    """Build a bundle of the stand-in's format, of roughly a size in bytes."""
    path = folder / f"{version}.raucb"
    stand_in.write(path, compatible, version, {"etc/fill": "x" * size})
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def put(unit: UnitRoot, bundle: Path) -> str:
    """Put a bundle on the unit as if it had been brought there; returns its digest."""
    target = unit.path(f"/data/fleet/bundles/{digest(bundle)}.raucb")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(bundle.read_bytes())
    return digest(bundle)


def stage(
    unit: UnitRoot, bundle: Path, *arguments: str, url: str = "", stdin: bytes = b"", again: bool = False
) -> Document:
    """Ask for a bundle."""
    where = ("--url", url) if url else ()
    about = ("--bundle", digest(bundle), "--size", str(bundle.stat().st_size))
    return unit.effect("stage", *about, *where, *arguments, stdin=stdin, again=again)


def install(unit: UnitRoot, sha256: str, version: str = "1.3.0", *, again: bool = False) -> Document:
    """Ask for a bundle to be installed."""
    return unit.effect("install", "--bundle", sha256, "--release", version, again=again)


def update(unit: UnitRoot, what: str) -> Document:
    """Return what the status says of `staged` or `installed`."""
    told: Document = unit.status()["update"][what] or {}
    return told


def until(unit: UnitRoot, what: str, is_so: Callable[[Document], object], within_s: float = 60.0) -> Document:
    """Poll until the status says something of `staged` or `installed`; returns that."""
    deadline = time.monotonic() + within_s
    while not is_so(told := update(unit, what)):
        assert time.monotonic() < deadline, f"{what} came no further than {told}"
        time.sleep(0.02)
    return told


def installed(unit: UnitRoot, bundle: Path, version: str = "1.3.0") -> None:
    """Install a bundle to the end, staged before or not."""
    sha256 = digest(bundle)
    if update(unit, "staged").get("sha256") != sha256:
        put(unit, bundle)
        assert stage(unit, bundle)["ending"] == "ok"
    assert install(unit, sha256, version)["ending"] == "ok"
    assert until(unit, "installed", lambda told: told["done"] or told["failure"])["done"]
