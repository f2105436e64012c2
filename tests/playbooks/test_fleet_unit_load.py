"""A burn-in and a pattern of heat on a unit: detached, bounded, sampled, and over with whatever ends them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.builders.unit_root import PROGRAM, PYTHON, Document, UnitRoot

REQUEST = "/run/heat/request.json"
LOAD = Path(__file__).parents[2] / "images/common/usr/lib/fleet/load"
BURN_IN = ("--seconds", "1.2", "--every", "0.1")


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[UnitRoot]:
    made = UnitRoot.make(tmp_path)
    tell(made)
    yield made
    made.effect("stop-load")
    until(lambda: not loaders(made), "the process of the load is gone")


def tell(unit: UnitRoot, power_w: float = 640.0, **more: Any) -> None:
    """Write what a heat agent writes."""
    state = {"power_w": power_w, "commanded_w": 650.0, "setpoint_c": 20.0, "zone_temperature_c": 20.0, **more}
    unit.write("/run/heat/state.json", json.dumps(state))


def until(holds: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


def processes(unit: UnitRoot) -> list[int]:
    """Return the processes of this unit."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it is over
            if f"FLEET_ROOT={unit.root}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def loaders(unit: UnitRoot) -> list[int]:
    """Return the processes that hold a load of this unit."""
    return [pid for pid in processes(unit) if b"\0load\0" in of_process(pid, "cmdline")]


def of_process(pid: int, file: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""


def ended(unit: UnitRoot) -> Document:
    until(lambda: unit.status()["load"]["state"] != "running", "the load ends")
    load: Document = unit.status()["load"]
    return load


def asked(unit: UnitRoot) -> Document:
    """Return what the heat agent was asked for last."""
    until(unit.path(REQUEST).exists, "a request")
    document: Document = json.loads(unit.read(REQUEST))["load"]
    return document


def test_a_unit_that_was_given_no_load_says_so(unit: UnitRoot) -> None:
    assert unit.status()["load"] is None
    assert unit.call("samples") == {"schema": "fleetctl/unit-samples/v1", "load": None, "samples": []}


def test_a_burn_in_answers_at_once_goes_on_and_tells_its_samples(unit: UnitRoot) -> None:
    outcome = unit.effect("burn-in", *BURN_IN)
    assert (outcome["ending"], outcome["message"]) == ("ok", "a burn-in of 1.2 s begins")
    load = unit.status()["load"]
    assert (load["id"], load["kind"], load["state"]) == (f"{unit.attempt}:{unit.step}", "burn-in", "running")
    until(lambda: unit.path(REQUEST).exists(), "the heat agent is asked")
    assert ended(unit)["state"] == "done"
    document = unit.call("samples")
    taken = document["samples"]
    assert 4 <= len(taken) == document["load"]["samples"] <= 15
    assert taken[0]["power_w"] == 640.0
    assert taken[-1]["at"] - taken[0]["at"] >= 1.1  # from when it really began, however busy this machine is
    assert taken[0]["at"] == pytest.approx(document["load"]["began_at"], abs=0.2)
    assert asked(unit)["seconds"] == 0.0


def test_the_heat_agent_is_asked_for_no_longer_than_it_takes(unit: UnitRoot) -> None:
    unit.effect("burn-in", *BURN_IN)
    wanted = asked(unit)
    assert wanted["watts"] is None
    assert 0.0 < wanted["seconds"] <= 1.2


def test_a_pattern_asks_for_all_and_for_nothing_in_turn(unit: UnitRoot) -> None:
    unit.effect("heat-pattern", "--pattern", "101", "--chip-seconds", "2", "--every", "0.2")
    turns: list[Any] = []

    def look() -> bool:
        wanted = asked(unit)
        if wanted["seconds"] and (not turns or turns[-1] != wanted["watts"]):
            turns.append(wanted["watts"])
        return bool(not wanted["seconds"] and turns)

    until(look, "the pattern ends")
    assert turns == [None, 0.0, None]
    assert ended(unit)["state"] == "done"


def test_a_pattern_begins_when_all_others_do_and_is_sampled_before(unit: UnitRoot) -> None:
    begins = time.time() + 300.0
    unit.effect(
        "heat-pattern", "--pattern", "11", "--chip-seconds", "60", "--every", "0.2", "--begin-at", f"{begins:.3f}"
    )
    until(lambda: unit.status()["load"]["samples"] > 1, "samples")
    load = unit.status()["load"]
    assert load["began_at"] == pytest.approx(begins, abs=0.01)
    assert load["ends_at"] == pytest.approx(begins + 120.0, abs=0.01)
    assert unit.call("samples")["samples"][-1]["at"] < begins
    assert not unit.path(REQUEST).exists(), "nobody is asked to heat yet"


def test_a_repeated_step_begins_nothing_and_another_load_waits(unit: UnitRoot) -> None:
    first = unit.effect("burn-in", "--seconds", "60")
    again = unit.effect("burn-in", "--seconds", "60", again=True)
    assert (again["message"], again["repeated"]) == (first["message"], True)
    until(lambda: len(loaders(unit)) == 1, "one process")
    other = unit.effect("heat-pattern", "--pattern", "1", "--chip-seconds", "1")
    assert (other["ending"], other["message"]) == ("refused", "another load runs; stop it first, or wait")


def test_a_load_is_stopped_and_the_agent_told(unit: UnitRoot) -> None:
    unit.effect("burn-in", "--seconds", "60")
    until(lambda: unit.path(REQUEST).exists(), "the heat agent is asked")
    assert unit.effect("stop-load")["message"] == "the load is stopped"
    assert asked(unit)["seconds"] == 0.0
    assert ended(unit)["because"] == "it was stopped"
    assert unit.effect("stop-load")["message"] == "no load runs"


def test_a_load_that_is_stopped_in_the_moment_in_which_it_begins_does_not_begin(unit: UnitRoot) -> None:
    """Its process is about to note when it began, and must not write over the stop."""
    now = time.time()
    times = {"began_at": now - 5.0, "ends_at": now + 60.0, "every_s": 0.1, "since_s": time.monotonic()}
    load = {"id": "a:1", "kind": "burn-in", "pattern": "1", "chip_s": 65.0, "limit_c": None, **times}
    given = {**load, "boot_id": unit.read("/proc/sys/kernel/random/boot_id").strip(), "state": "running", "because": ""}
    unit.write("/data/fleet/load.json", json.dumps(given))
    unit.write("/run/fleet/load-lock", "")
    with unit.path("/run/fleet/load-lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as whoever stops it does
        process = subprocess.Popen([*PYTHON, str(PROGRAM), "load", "a:1"], env=unit.environment())
        until(lambda: unit.path("/run/fleet/load-samples").exists(), "its process has begun")
        assert json.loads(unit.read("/data/fleet/load.json")) == given
        unit.write("/data/fleet/load.json", json.dumps({**given, "state": "interrupted", "because": "it was stopped"}))
    assert process.wait(60.0) == 0
    load = unit.status()["load"]
    assert (load["state"], load["because"], load["began_at"]) == ("interrupted", "it was stopped", given["began_at"])
    assert not unit.path(REQUEST).exists(), "nobody was asked to heat"


def test_what_a_silent_heat_agent_told_last_is_no_sample_of_a_pattern(unit: UnitRoot) -> None:
    unit.effect("heat-pattern", "--pattern", "10", "--chip-seconds", "120", "--every", "0.1")
    until(lambda: unit.status()["load"]["samples"] > 1, "samples")
    old = time.time() - 40.0
    os.utime(unit.path("/run/heat/state.json"), (old, old))
    asks_again(unit)
    silent = unit.status()["load"]["samples"]
    asks_again(unit)
    assert unit.status()["load"]["samples"] == silent
    tell(unit)
    until(lambda: unit.status()["load"]["samples"] > silent, "samples again")
    assert unit.status()["load"]["state"] == "running", "it heats on as the pattern wants it"


def asks_again(unit: UnitRoot) -> None:
    """Wait until the heat agent is asked anew, as every other second: there was time for twenty samples."""
    before = unit.path(REQUEST).stat().st_ino
    until(lambda: unit.path(REQUEST).stat().st_ino != before, "it is asked anew")


def test_a_process_that_is_killed_leaves_an_interrupted_load(unit: UnitRoot) -> None:
    unit.effect("burn-in", "--seconds", "60")
    until(lambda: loaders(unit), "the process")
    until(lambda: unit.path(REQUEST).exists(), "the heat agent is asked")
    for pid in loaders(unit):
        os.kill(pid, signal.SIGKILL)
    wanted = json.loads(unit.read("/data/fleet/load.json"))
    unit.write("/data/fleet/load.json", json.dumps({**wanted, "since_s": wanted["since_s"] - 60.0}))
    load = ended(unit)
    assert (load["state"], load["because"]) == ("interrupted", "its process ended")
    assert asked(unit)["seconds"] <= 10.0  # what the agent holds of it, it holds no longer


def test_a_boot_in_the_middle_interrupts_it(unit: UnitRoot) -> None:
    unit.effect("burn-in", "--seconds", "60")
    until(lambda: unit.status()["load"]["samples"], "a sample")
    for pid in loaders(unit):
        os.kill(pid, signal.SIGKILL)
    unit.reboot()
    load = unit.status()["load"]
    assert (load["state"], load["because"], load["samples"]) == ("interrupted", "the unit booted meanwhile", 0)


def test_a_burn_in_ends_where_it_becomes_too_warm(unit: UnitRoot) -> None:
    tell(unit, zone_temperature_c=23.2)
    unit.effect("burn-in", "--seconds", "60", "--every", "0.1", "--limit-c", "23")
    assert ended(unit)["because"] == "it is 23.2 °C, and 23 °C is the limit"


def test_a_burn_in_with_a_limit_ends_where_nobody_can_tell_how_warm_it_is(unit: UnitRoot) -> None:
    tell(unit, zone_temperature_c=None)
    unit.effect("burn-in", "--seconds", "60", "--every", "0.1", "--limit-c", "23")
    assert ended(unit)["because"] == "it does not tell how warm it is, and 23 °C is the limit"


def test_a_burn_in_ends_if_the_heat_agent_is_silent(unit: UnitRoot) -> None:
    old = time.time() - 100
    os.utime(unit.path("/run/heat/state.json"), (old, old))
    unit.effect("burn-in", "--seconds", "60", "--every", "0.1")
    assert ended(unit)["because"] == "the heat agent does not write its state"


def test_the_images_own_program_computes_and_ends_with_the_load(unit: UnitRoot) -> None:
    log, pid = unit.path("/load.log"), unit.path("/load.pid")
    script = f'#!/bin/sh\necho "$1" >> {log}\necho $$ > {pid}\nexec sleep 60\n'
    unit.write("/usr/lib/fleet/load", script, 0o755)
    unit.effect("burn-in", "--seconds", "60", "--every", "0.1")
    until(lambda: pid.exists() and pid.read_text().strip(), "the program runs")
    assert log.read_text() == "60\n"
    unit.effect("stop-load")
    until(lambda: not Path(f"/proc/{pid.read_text().strip()}").exists(), "the program is gone")


@pytest.mark.skipif(shutil.which("stress-ng") is None, reason="stress-ng is not installed")
@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_the_program_of_our_images_computes_and_ends_with_whoever_asked_for_it(unit: UnitRoot, ending: str) -> None:
    unit.write("/usr/lib/fleet/load", LOAD.read_text(), 0o755)
    unit.write("/etc/default/fleet-load", "LOAD_CPUS=1\nLOAD_PERCENT=1\n")
    unit.effect("burn-in", "--seconds", "600", "--every", "1")
    until(lambda: loaders(unit), "its process")
    (loader,) = loaders(unit)
    until(lambda: of_process(loader, f"task/{loader}/children").split(), "it starts its program")
    (program,) = map(int, of_process(loader, f"task/{loader}/children").split())
    until(lambda: "stress-ng-cpu" in names_in_group(program), "it computes")
    if ending == "stopped":
        unit.effect("stop-load")
    else:
        os.kill(loader, signal.SIGKILL)
    until(lambda: not names_in_group(program), "nothing computes any more")


def names_in_group(leader: int) -> list[str]:
    """Return the names of the processes that a program started, itself among them."""
    told = [of_process(int(process.name), "stat") for process in Path("/proc").glob("[0-9]*")]
    rows = [(stat.partition(b"(")[2].rpartition(b")")[0], stat.rpartition(b")")[2].split()) for stat in told if stat]
    return [name.decode() for name, row in rows if int(row[2]) == leader and row[0] != b"Z"]


def test_counters_of_the_kernel_are_sampled(unit: UnitRoot) -> None:
    for name, count in (
        ("eth0/statistics/rx_errors", 3),
        ("eth0/statistics/tx_errors", 4),
        ("lo/statistics/rx_errors", 9),
    ):
        unit.write(f"/sys/class/net/{name}", f"{count}\n")
    for cpu in (0, 1):
        unit.write(f"/sys/devices/system/cpu/cpu{cpu}/thermal_throttle/core_throttle_count", "5\n")
    tell(unit, heatsink_c=51.5, throttles=2)
    unit.effect("burn-in", "--seconds", "0.2", "--every", "0.1")
    ended(unit)
    taken = unit.call("samples")["samples"][0]
    assert (taken["nic_errors"], taken["throttles"], taken["heatsink_c"]) == (7, 12, 51.5)


@pytest.mark.parametrize(
    ("command", "options", "says"),
    [
        ("burn-in", ("--seconds", "86400"), "--seconds is '86400', not a number up to 14400"),
        ("burn-in", ("--seconds", "nan"), "not a number"),
        ("burn-in", ("--seconds", "60", "--limit-c", "warm"), "--limit-c is 'warm'"),
        ("burn-in", ("--seconds", "60", "--begin-at", "9999999999"), "600 s at most"),
        ("heat-pattern", ("--pattern", "012", "--chip-seconds", "1"), "--pattern is not of 0 and 1"),
        ("heat-pattern", ("--pattern", "01" * 100, "--chip-seconds", "1"), "128 at most"),
        ("heat-pattern", ("--pattern", "01", "--chip-seconds", "9000"), "not a number up to 7200"),
    ],
)
def test_a_load_without_bounds_is_refused(unit: UnitRoot, command: str, options: tuple[str, ...], says: str) -> None:
    outcome = unit.effect(command, *options)
    assert outcome["ending"] == "refused"
    assert says in outcome["message"]
    assert unit.status()["load"] is None


def test_a_gateway_heats_nothing(tmp_path: Path) -> None:
    gateway = UnitRoot.make(tmp_path, kind="gateway")
    assert gateway.effect("burn-in", "--seconds", "60")["message"] == "a gateway heats nothing"


def test_a_gateway_prints_what_the_sensors_of_rooms_told(tmp_path: Path) -> None:
    gateway = UnitRoot.make(tmp_path, kind="gateway")
    assert gateway.call("sensors")["readings"] == []
    lines = [{"at": at, "temperatures_c": {"t-a101": 20.0 + at}} for at in (1.0, 2.0)]
    gateway.write("/run/heat/sensors.jsonl.1", json.dumps(lines[0]) + "\n")
    gateway.write("/run/heat/sensors.jsonl", json.dumps(lines[1]) + '\n{"at": 3.0, "temp')
    assert gateway.call("sensors")["readings"] == lines
    assert gateway.call("sensors", "--since", "2.0")["readings"] == lines[1:]
    assert gateway.run("sensors", "--since", "lunch").returncode == 2


def test_a_gateway_of_a_large_building_tells_in_pages(tmp_path: Path) -> None:
    """500 sensors in ninety minutes: more than one answer holds."""
    gateway = UnitRoot.make(tmp_path)
    told = {f"t-a{number}-living": 20.0 for number in range(500)}
    lines = [{"at": float(at), "temperatures_c": told} for at in range(0, 5400, 60)]
    gateway.write("/run/heat/sensors.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    read: list[object] = []
    more = True
    while more:
        page = gateway.call("sensors", "--since", "60", "--skip", str(len(read)))
        assert 0 < len(json.dumps(page)) < 600_000
        read += page["readings"]
        more = page["more"]
    assert read == lines[1:]
