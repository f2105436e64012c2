"""A controller that is killed or stopped over a cold building: rooms stay warm all the same, nothing is done twice.

The lab's rooms cool sixty times as fast as real ones. What is held against the rollout is the lab's own record, not
fleetctl's.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from fleetctl.lab import lab
from fleetctl.lab.observed import Observed
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SITE = "launaguet-les-sables"
UNITS = [f"{SITE}/{id}" for id in ("a101-1", "a101-2", "a102-1")]
FACTOR = 60.0
CONTRACT_S = 600.0
"""A unit that is left alone heats after ten minutes at the latest; here they are the model's, so 10 s on the clock."""
POLICY = """policies:
  crash:
    max_in_progress: 3
    max_failed: 3
    step_timeout_s: 60
    unit_timeout_s: 300
    reboot_timeout_s: 60
    heat_timeout_s: 90
    soak_samples: 1
    soak_every_s: 2
    max_unavailable: {dwelling: 1, site: 2}
"""


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """Two dwellings that cool fast at 0 °C outdoors, their units configured."""
    cli = Cli.of_example("demo", tmp_path_factory.mktemp("crash") / "demo")
    cli.edit("fleet.yaml", ("policies:\n", POLICY))
    cli("lab", "up", "--select", "dwelling=A10[12]", "--time-factor", f"{FACTOR:g}", "--outdoor-c", "0")
    try:
        cli("apply", *UNITS, "--yes", "--policy", "crash")
        yield cli
    finally:
        cli("lab", "down", code=None)


def observed(cli: Cli) -> Observed:
    return lab.observe(cli.folder / ".fleetctl/lab")


def until(is_so: Callable[[], bool], what: str, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"it did not come about that {what}"


def until_event(process: subprocess.Popen[str], what: str) -> None:
    """Read the JSON lines of a running rollout up to the first event of a kind."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("{") and json.loads(line).get("what") == what:
            return
    raise AssertionError(f"no event {what} in:\n{''.join(seen)}")


def all_heat(cli: Cli) -> bool:
    """Say whether every unit is up, and gave heat for the last minute of the model's time."""
    before = observed(cli)
    while (after := observed(cli)).model_s < before.model_s + 60.0:
        time.sleep(0.1)
    return all(
        account.up and account.without_heat_s == before.units[name].without_heat_s
        for name, account in after.units.items()
    )


def interrupted(cli: Cli, event: str, sent: signal.Signals) -> subprocess.Popen[str]:
    """Start a rollout that reboots every unit, and stop its controller at the first event of a kind."""
    cli.override("boot.conf.j2", append=f"# {uuid.uuid4()}\n")
    process = cli.start("-o", "json", "apply", *UNITS, "--yes", "--policy", "crash")
    until_event(process, event)
    process.send_signal(sent)
    return process


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        ("attempt-started", signal.SIGKILL),
        ("unit-drains", signal.SIGKILL),
        ("unit-reboots", signal.SIGKILL),
        ("unit-releases", signal.SIGSTOP),
        ("unit-releases", signal.SIGKILL),
        ("unit-soaks", signal.SIGKILL),
    ],
)
def test_without_its_controller_every_unit_heats_and_the_next_one_ends_the_rollout(
    building: Cli, event: str, sent: signal.Signals
) -> None:
    before = observed(building)
    process = interrupted(building, event, sent)
    try:
        until(lambda: all_heat(building), "every unit heats by itself", CONTRACT_S / FACTOR + 20)
        building("rollout", "resume", "last")
    finally:
        process.kill()
        process.communicate()
    after = observed(building)
    downs = {name: after.units[name].downs - before.units[name].downs for name in UNITS}
    assert downs == dict.fromkeys(UNITS, 1)
    assert_kept(after)
    assert_done_once(building)


def assert_kept(found: Observed) -> None:
    """Hold the lab's own count against the caps of the policy, and its rooms against their floor."""
    taken = found.taken_at_once
    assert {dwelling: peak.names for dwelling, peak in taken.dwellings.items() if peak.units > 1} == {}
    assert {site: peak.names for site, peak in taken.sites.items() if peak.units > 2} == {}
    assert all(zone.lowest_c >= 18.0 for zone in found.zones.values()), found.zones


def assert_done_once(cli: Cli) -> None:
    """Hold the journals of the units themselves against it: every step ended well once, and nobody stays drained."""
    shown = cli.json("rollout", "show", "last")
    assert {row["phase"] for row in shown["units"]} == {"succeeded"}
    for name in UNITS:
        told = cli("unit", "ssh", name, "--", "cat /data/fleet/journal; echo; fleet-unit status").out
        journal, _, status = told.partition("\n\n")
        lines = [json.loads(line) for line in journal.splitlines()]
        mine = [line for line in lines if shown["id"] in str(line.get("attempt")) and line.get("ending") == "ok"]
        assert set(Counter((line["attempt"], line["step"]) for line in mine).values()) == {1}, lines
        assert not json.loads(status)["compute"]["drained"], status
