"""Staging: a bundle on its way through a gateway, sixty units of one building, and the cost of a whole update.

The lines are shaped by the kernel (TBF) between the controller and the lab's gateway. A copy ends when its digest was
checked; `scp` and `rsync` check none, and copy the same file over the same line, in turns with fleetctl's. What the
building's line allows is the bundle's size through the line's rate. An update's CPU is that of `fleetctl apply` with
everything that it starts, from the plan to the last proof of heat; the units' is not in it.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Line, number
from bench.lab import lab, up, write_sample
from bench.measure import Command, once
from bench.programs import FLEETCTL
from bench.staged import Building, Bundle, building
from fleetctl.cli.frame import Frame
from fleetctl.cli.lab_frame import lab_folder
from fleetctl.lab import lab as stand_ins
from fleetctl.lab.faults import Detail

COPY_AT_MOST, SITE_AT_MOST, UPDATE_AT_MOST_S = 1.1, 1.3, 1.5
MB = 1_000_000
ONE_MACHINE = (
    "What comes after the copy is CPU: a step for each unit, and all units fetch and check the bundle on the cores that"
    " the controller, the gateway and other work have"
)


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        copy_mb, copy_kbit: the bundle that is copied beside other tools, and the line that it goes over.
        turns: of all three tools.
        units: of the building that is staged.
        site_mb, site_kbit: the building's bundle and line.
        updated: units that are updated whole.
    """

    copy_mb: int = 32
    copy_kbit: int = 40_000
    turns: int = 3
    units: int = 60
    site_mb: int = 24
    site_kbit: int = 4_000
    updated: int = 40


QUICK = Sizes(copy_mb=2, copy_kbit=20_000, turns=1, units=3, site_mb=1, site_kbit=4_000, updated=2)


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield ratios and the cost of an update."""
    sizes = QUICK if quick else Sizes()
    with lab(folder / "building", 1 + sizes.units, sites=1) as fleet, building(fleet) as of:
        yield from _beside_peers(fleet, of, sizes)
        yield from _a_building(fleet, of, sizes)
    yield _an_update(folder / "updated", sizes.updated)


def _beside_peers(fleet: Path, of: Building, sizes: Sizes) -> Iterator[Line]:
    ours_s: list[float] = []
    peers_s: dict[str, list[float]] = {"scp": [], "rsync": []}
    with _line(fleet, of, sizes.copy_kbit):
        for turn in range(sizes.turns):
            bundle = _bundle(fleet / f"copy-{turn}", sizes.copy_mb)
            ours_s.append(of.copy(bundle))
            of.run("rm -r /data/fleet/bundles")
            for name, command in _peers(of, bundle.file).items():
                peers_s[name].append(once(command).wall_s)
                of.run("rm /data/copy")
    for name, theirs_s in peers_s.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(ours_s, theirs_s, strict=True))
        seconds = f"{number(statistics.median(ours_s))} s and {number(statistics.median(theirs_s))} s of wall time"
        detail = f"{seconds}; {sizes.copy_mb} MB at {sizes.copy_kbit // 1000} Mbit/s"
        yield Figure(f"one copy to a gateway / {name}", ratio, "times", COPY_AT_MOST, detail)


def _peers(of: Building, file: Path) -> Mapping[str, Command]:
    config = of.masters.config([of.gateway])
    target = f"{of.gateway.target.alias}:/data/copy"
    return {
        "scp": Command(["scp", "-q", "-F", config, file, target]),
        "rsync": Command(["rsync", "-e", f"ssh -F {config}", file, target]),
    }


def _a_building(fleet: Path, of: Building, sizes: Sizes) -> Iterator[Line]:
    bundle, size = _bundle(fleet / "release", sizes.site_mb), sizes.site_mb * MB
    allowed_s = size * 8 / (sizes.site_kbit * 1000)
    with _line(fleet, of, sizes.site_kbit):
        before = of.received_bytes()
        begun_s, took_s = of.stage(bundle)
        copies = (of.received_bytes() - before) / size
    said = f"all units fetched after {number(begun_s)} s and had it after {number(took_s)} s"
    detail = f"{said}; {sizes.site_mb} MB at {sizes.site_kbit / 1000:g} Mbit/s are {number(allowed_s)} s"
    what = f"{sizes.units} units of one building"
    yield Figure(f"{what} / what its line allows", took_s / allowed_s, "times", SITE_AT_MOST, detail, ONE_MACHINE)
    detail = "all that the gateway got over its uplink, SSH and steps included, through the bundle's size"
    yield Figure(f"{what}, copies over the uplink", copies, "times", SITE_AT_MOST, detail)


@contextmanager
def _line(fleet: Path, of: Building, kbit: int) -> Iterator[None]:
    """Limit the building's uplink for the length of a block."""
    folder, gateway = lab_folder(Frame(inventory=fleet)), of.gateway.target.unit
    stand_ins.fault(folder, gateway, "slow", Detail(kbit=kbit))
    try:
        yield
    finally:
        stand_ins.fault(folder, gateway, "fast")


def _bundle(file: Path, size_mb: int) -> Bundle:
    file.write_bytes(random.Random(file.name).randbytes(size_mb * MB))
    return Bundle(file)


def _an_update(folder: Path, units: int) -> Line:
    """Update all units of a fleet by the command line; the config goes with the release."""
    write_sample(folder, 1 + units, sites=1)
    text = (folder / "fleet.yaml").read_text()
    policy = f"{{max_in_progress: {units}, max_failed: 0, staging: {{max_in_progress: {units}}}}}"
    (folder / "fleet.yaml").write_text(text.replace("policies:\n", f"policies:\n  bench: {policy}\n"))
    _run(folder, "release", "keys", "init")
    _release(folder, "gw-1-1.0.0", "gw-1")
    _release(folder, "qh-1-1.0.0", "qh-1")
    with up(folder):
        _release(folder, "qh-1-1.1.0", "qh-1")
        apply: list[str | Path] = [FLEETCTL, "apply", "kind=radiator", "--yes", "--policy", "bench"]
        used = once(Command(apply, folder, _keys(folder)))
    detail = f"CPU of the controller; release and config of {units} units in {number(used.wall_s)} s"
    return Figure("a whole update, a unit", used.cpu_s / units, "s", UPDATE_AT_MOST_S, detail)


def _release(folder: Path, version: str, model: str) -> None:
    _run(folder, "lab", "bundle", version, "--model", model)
    _run(folder, "release", "add", f"{version}.raucb")
    _run(folder, "release", "promote", f"{model}-stable", version)


def _run(folder: Path, *words: str) -> None:
    once(Command([FLEETCTL, *words], folder, _keys(folder)))


def _keys(folder: Path) -> Mapping[str, str]:
    return {"FLEETCTL_RELEASE_KEYS": str(folder.with_name("keys"))}
