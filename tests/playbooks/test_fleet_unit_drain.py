"""`fleet-unit drain` and `undrain`: no new job, heat kept, and a person's drain is nobody else's."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from tests.builders.unit_root import UnitRoot

DRAIN = "/data/fleet/drain.json"
CANCEL = "/run/fleet/cancel-jobs.json"
A_PERSONS = "maria: fan is loud"


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.compute("job-1", "job-2")
    return made


def persons_drain(unit: UnitRoot) -> None:
    unit.write(DRAIN, json.dumps({"reason": A_PERSONS, "since": 1.0}))


def test_a_drain_stands_with_its_reason_and_answers_how_many_jobs_run(unit: UnitRoot) -> None:
    outcome = unit.drain()
    assert (outcome["ending"], outcome["message"]) == ("ok", "drained, 2 jobs run")
    assert json.loads(unit.read(DRAIN))["reason"] == "fleetctl r1"
    assert unit.status()["compute"] == {"drained": False, "reason": "fleetctl r1", "by_us": True, "jobs": 2}


def test_a_unit_is_drained_when_its_daemon_has_taken_notice(unit: UnitRoot) -> None:
    unit.drain()
    unit.compute("job-1", drain="fleetctl r1")
    assert unit.status()["compute"] == {"drained": True, "reason": "fleetctl r1", "by_us": True, "jobs": 1}


def test_a_daemon_that_does_not_run_takes_no_job(unit: UnitRoot) -> None:
    unit.drain()
    minutes_ago = time.time() - 120
    os.utime(unit.path("/run/fleet/compute.json"), (minutes_ago, minutes_ago))
    assert unit.status()["compute"]["drained"]
    assert unit.status()["compute"]["jobs"] == 2


def test_a_unit_without_a_compute_daemon_has_no_compute(tmp_path: Path) -> None:
    gateway = UnitRoot.make(tmp_path, kind="gateway")
    assert gateway.status()["compute"] is None
    assert gateway.drain("--cancel-jobs")["ending"] == "ok"
    assert gateway.undrain()["ending"] == "ok"
    assert gateway.status()["compute"] is None


def test_draining_twice_keeps_the_first_time(unit: UnitRoot) -> None:
    unit.drain()
    first = unit.read(DRAIN)
    assert unit.drain()["message"] == "drained, 2 jobs run"
    assert unit.read(DRAIN) == first


def test_a_drain_leaves_heat_alone(unit: UnitRoot) -> None:
    before = unit.read("/run/heat/state.json")
    unit.drain()
    assert unit.read("/run/heat/state.json") == before
    assert [p.name for p in unit.path("/run/heat").iterdir()] == ["state.json"]


def test_a_persons_drain_is_neither_overwritten_nor_undone(unit: UnitRoot) -> None:
    persons_drain(unit)
    before = unit.read(DRAIN)
    drained = unit.drain()
    assert (drained["ending"], drained["message"]) == ("ok", f"drained by others: {A_PERSONS}, 2 jobs run")
    assert not unit.status()["compute"]["by_us"]
    undrained = unit.undrain()
    assert (undrained["ending"], undrained["message"]) == ("ok", f"left drained by others: {A_PERSONS}")
    assert unit.read(DRAIN) == before


def test_jobs_under_a_persons_drain_are_that_persons(unit: UnitRoot) -> None:
    persons_drain(unit)
    outcome = unit.drain("--cancel-jobs")
    assert (outcome["ending"], outcome["message"]) == ("ok", f"drained by others: {A_PERSONS}, 2 jobs run")
    assert not unit.path(CANCEL).exists(), "nobody asked the daemon to end them"


def test_another_rollouts_drain_is_not_ours(unit: UnitRoot) -> None:
    unit.drain(reason="fleetctl r0")
    assert "left drained by others: fleetctl r0" in unit.undrain()["message"]


def test_a_drain_that_says_nothing_is_somebodys(unit: UnitRoot) -> None:
    unit.write(DRAIN, "")
    unit.undrain()
    assert unit.path(DRAIN).exists()
    assert unit.status()["compute"]["reason"] == "no reason given"


def test_an_undrained_unit_takes_jobs_again_and_may_be_undrained_again(unit: UnitRoot) -> None:
    unit.drain()
    assert unit.undrain()["message"] == "takes jobs again"
    assert not unit.path(DRAIN).exists()
    assert unit.undrain()["message"] == "was not drained"


def test_a_drain_outlives_a_reboot(unit: UnitRoot) -> None:
    unit.drain()
    unit.path("/run/fleet/compute.json").unlink()
    unit.reboot()
    assert unit.status()["compute"] == {"drained": True, "reason": "fleetctl r1", "by_us": True, "jobs": 0}


def test_a_controller_that_was_taken_over_drains_nothing(unit: UnitRoot) -> None:
    unit.epoch = 5
    unit.undrain()
    unit.epoch = 4
    assert unit.drain()["ending"] == "refused"
    assert not unit.path(DRAIN).exists()


def daemon_ends_jobs(unit: UnitRoot) -> threading.Thread:
    """Be the daemon: end the jobs when that is asked for, and say which were lost."""

    def end() -> None:
        deadline = time.monotonic() + 60
        while not unit.path(CANCEL).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        asked = json.loads(unit.read(CANCEL))["id"]
        unit.compute(drain="fleetctl r1", cancelled=asked, lost=["job-1", "job-2"])

    thread = threading.Thread(target=end)
    thread.start()
    return thread


def test_cancelled_jobs_are_reported_lost(unit: UnitRoot) -> None:
    unit.drain()
    daemon = daemon_ends_jobs(unit)
    outcome = unit.drain("--cancel-jobs")
    daemon.join()
    assert (outcome["ending"], outcome["message"]) == ("ok", "drained; 2 jobs lost: job-1, job-2")
    assert not unit.path(CANCEL).exists()
    assert unit.status()["compute"]["jobs"] == 0


def test_a_cancel_that_was_cut_reports_what_its_first_try_lost(unit: UnitRoot) -> None:
    unit.step += 1
    unit.compute(drain="fleetctl r1", cancelled=f"{unit.attempt}:{unit.step}", lost=["job-9"])
    assert unit.drain("--cancel-jobs", again=True)["message"] == "drained; 1 jobs lost: job-9"


def test_nothing_is_asked_of_the_daemon_where_no_job_runs(unit: UnitRoot) -> None:
    unit.compute(drain="fleetctl r1")
    assert unit.drain("--cancel-jobs")["message"] == "drained, 0 jobs run"
    assert not unit.path(CANCEL).exists()


def test_a_drain_needs_a_reason(unit: UnitRoot) -> None:
    assert unit.run("drain", *unit.step_options()).returncode == 2
    assert unit.run("drain", *unit.step_options(), "--reason").returncode == 2
