"""Five of a building's units break at once in mid-rollout: caps hold, the healthy are updated, the rest is listed.

What is held against the rollout is the lab's own record, not fleetctl's.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fleetctl.lab import lab
from fleetctl.lab.faults import Detail
from fleetctl.lab.observed import Observed
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance, pytest.mark.evening]

POLICY = """policies:
  storm:
    max_in_progress: 8
    max_failed: 9
    retries: 0
    step_timeout_s: 30
    unit_timeout_s: 100
    reboot_timeout_s: 40
    heat_timeout_s: 50
    gate_wait_s: 60
    unreachable: fail
    defer_for_s: 20
    defer_every_s: 5
    max_unavailable: {dwelling: 1, site: 4}
"""
BREAKS = {"cut": "on", "hang": "unhang", "unplug": "plug", "fill-disk": "free-disk", "slow": "fast"}
"""Each fault with what mends it."""
UNDER_WAY = {"draining", "configuring", "rebooting", "verifying"}


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A storey of a building with its gateway, nothing configured yet."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("storm") / "demo")
    cli.edit("fleet.yaml", ("policies:\n", POLICY))
    cli("lab", "up", "--select", "dwelling=A10*")
    try:
        yield cli
    finally:
        cli("lab", "down", code=None)


def observed(cli: Cli) -> Observed:
    return lab.observe(cli.folder / ".fleetctl/lab")


def until_succeeded(process: subprocess.Popen[str], count: int) -> None:
    """Read the events of a running rollout until so many units have succeeded."""
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        count -= line.startswith("{") and json.loads(line).get("what") == "unit-succeeded"
        if not count:
            return
    raise AssertionError("".join(seen))


def shown(cli: Cli) -> Mapping[str, Any]:
    return {row["unit"]: row for row in cli.json("rollout", "show", "last")["units"]}


def dwelling(unit: str) -> str:
    return unit.rpartition("-")[0]


def broken(cli: Cli) -> Mapping[str, str]:
    """Break five units at once, some of them under way, the others in dwellings of their own; returns each fault."""
    rows = [row for row in shown(cli).values() if not row["unit"].endswith("/gw-a")]
    busy = [row["unit"] for row in rows if row["phase"] in UNDER_WAY][:2]
    waiting = [row["unit"] for row in rows if row["phase"] == "pending"]
    apart = {dwelling(unit): unit for unit in waiting if dwelling(unit) not in map(dwelling, busy)}
    chosen = dict.fromkeys([*busy, *apart.values(), *waiting])
    victims = dict(zip([*chosen][: len(BREAKS)], BREAKS, strict=True))
    for unit, fault in victims.items():
        lab.fault(cli.folder / ".fleetctl/lab", unit, fault, Detail())
    return victims


def test_a_storm_in_mid_rollout_breaks_no_cap_and_leaves_nobody_behind(building: Cli) -> None:
    process = building.start("-o", "json", "apply", "--yes", "--policy", "storm")
    try:
        until_succeeded(process, 4)
        victims = broken(building)
        out, _ = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 1, out
    assert_caps_held(observed(building))
    ended = assert_listed(building, victims)
    mend(building, victims)
    building("rollout", "retry", "last")
    assert {row["phase"] for row in shown(building).values()} == {"succeeded"}, ended
    assert_caps_held(observed(building))
    assert [unit for unit in ended if is_drained(building, unit)] == []


def assert_caps_held(found: Observed) -> None:
    taken = found.taken_at_once
    assert {dwelling: peak.names for dwelling, peak in taken.dwellings.items() if peak.units > 1} == {}
    assert {site: peak.names for site, peak in taken.sites.items() if peak.units > 4} == {}
    assert all(zone.lowest_c >= 18.0 for zone in found.zones.values()), found.zones


def assert_listed(cli: Cli, victims: Mapping[str, str]) -> Mapping[str, Any]:
    """Hold that the healthy are done, those beside a broken one perhaps not, and that everybody else has a reason."""
    rows = shown(cli)
    dwellings = {dwelling(unit) for unit, fault in victims.items() if fault != "slow"}
    for unit, row in rows.items():
        beside = dwelling(unit) in dwellings
        assert row["phase"] == "succeeded" or (beside and row["phase"] in {"failed", "deferred"}), row
        assert row["phase"] == "succeeded" or row["reason"], row
        if row["phase"] == "succeeded" and unit not in victims:
            assert not is_drained(cli, unit)
    not_done = {unit for unit, row in rows.items() if row["phase"] != "succeeded"}
    assert not_done & {unit for unit, fault in victims.items() if fault in {"unplug", "fill-disk"}}
    return rows


def is_drained(cli: Cli, unit: str) -> bool:
    status = json.loads(cli("unit", "ssh", unit, "--", "fleet-unit status").out)
    return bool((status["compute"] or {}).get("drained"))


def mend(cli: Cli, victims: Mapping[str, str]) -> None:
    for unit, fault in victims.items():
        lab.fault(cli.folder / ".fleetctl/lab", unit, BREAKS[fault], Detail())
    deadline = time.monotonic() + 60
    while cli("probe", *victims, code=None).code:
        assert time.monotonic() < deadline, "the mended units do not answer"
