"""Commissioning a building with nobody there: Les Sables in the lab, every stage, with shortened burn-ins.

`fleetctl commission run --unattended` takes stand-ins that have just been hung to acceptance: discovered, configured by
a rollout (the first one reboots each unit), burned in, rooms proved by the sensors in them, registered with a CA of the
fleet. CPU is that of the one command with everything that it started (Ansible, SSH); the units' own is not in it. Each
heated room is a space of its own, which lives twenty times as fast as ours; a burn-in takes twenty seconds here.
`BENCH_DWELLINGS` takes only so many dwellings, for a machine that has other work.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, Line
from bench.measure import Command, once
from bench.programs import FLEETCTL, HOME

UNIT_AT_MOST_S = 1.5
SITE = "launaguet-les-sables"
DWELLINGS = 59
FASTER = "20"
BURN_IN_S = 400
"""In the time of rooms."""
PLATFORM = "compute: {platform: slurm, controller: slurm.heat.example:6817, secret: munge}"
POLICY = "  commissioning: {max_in_progress: 60, max_failed: 5, retries: 1}\n"
FEW = "In a part of a building few units come to a step together, for those of a dwelling take turns"


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield CPU and wall time a unit."""
    fleet = _fleet(folder / "les-sables")
    dwellings = _some(fleet, 2 if quick else int(os.environ.get("BENCH_DWELLINGS", DWELLINGS)))
    chosen = [f"dwelling={dwelling}" for dwelling in dwellings]
    os.environ["FLEETCTL_CA_KEYS"] = str(folder / "ca-keys")
    _declare_ca(fleet)
    _call(fleet, "lab", "up", "--rooms", "--time-factor", FASTER, *_each("--select", chosen))
    try:
        run: list[str | Path] = [
            FLEETCTL,
            "-i",
            fleet,
            "commission",
            "run",
            SITE,
            *chosen,
            "--unattended",
            "--shorten",
            FASTER,
        ]
        used = once(Command(run))
        units = _accepted(fleet, chosen)
    finally:
        _call(fleet, "lab", "down")
    detail = f"{units} units of {len(dwellings)} dwellings, all accepted; CPU of the command, {used.rss_mb:.0f} MB"
    yield Figure("a unit, from label to acceptance", used.cpu_s / units, "s", UNIT_AT_MOST_S, detail, FEW)
    yield Figure("the same in wall time", used.wall_s / 60, "min", detail="the units share this machine")


def _fleet(folder: Path) -> Path:
    """Copy the fleet, with a policy for commissioning, short burn-ins, and a sensor in every heated room; heat only."""
    shutil.copytree(HOME / "inventories" / "les-sables", folder, ignore=shutil.ignore_patterns(".fleetctl"))
    _edit(folder / "fleet.yaml", "policies:\n", f"policies:\n{POLICY}")
    _edit(folder / "fleet.yaml", PLATFORM, "compute: {platform: none}")
    modules = "    module_power_w: [200, 200, 200]\n"
    _edit(folder / "fleet.yaml", modules, f"{modules}    burn_in: {{seconds: {BURN_IN_S}}}\n")
    _edit(folder / f"sites/{SITE}.yaml", "sensors:\n", "sensors:\n" + "".join(_sensors(folder)))
    return folder


def _sensors(fleet: Path) -> Iterator[str]:
    for row in _units(fleet):
        if row["kind"] == "radiator" and row["room"] != "living":
            name = f"t-{row['dwelling'].lower()}-{row['room']}"
            yield f"  {name}: {{measures: temperature, dwelling: {row['dwelling']}, room: {row['room']}}}\n"


def _some(fleet: Path, count: int) -> list[str]:
    dwellings = [row["dwelling"] for row in _units(fleet) if row["dwelling"]]
    return list(dict.fromkeys(dwellings))[:count]


def _declare_ca(fleet: Path) -> None:
    made = json.loads(_call(fleet, "ca", "init"))
    _edit(fleet / "fleet.yaml", "policies:\n", f"authority: {{root_sha256: {made['root_sha256']}}}\n\npolicies:\n")


def _accepted(fleet: Path, chosen: list[str]) -> int:
    shown = json.loads(_call(fleet, "commission", "show", SITE, *chosen))
    assert shown["accepted"], "a figure of what failed would be worth nothing"
    return len(shown["units"])


def _units(fleet: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(_call(fleet, "inventory", "list", f"site={SITE}"))["units"]
    return rows


def _each(option: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (option, f"site={SITE},{value}")]


def _call(fleet: Path, *arguments: str) -> str:
    argv = [str(FLEETCTL), "-i", str(fleet), "-o", "json", *arguments]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{file} has no {old!r}"
    file.write_text(text.replace(old, new, 1))
