"""Jobs and heat on stand-ins: a drain keeps new jobs off and heat on, a reboot loses jobs, a pulse adds heat."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab import lab
from fleetctl.lab.layout import Level
from tests.builders.lab_fleets import lab_fleet
from tests.builders.labs import Lab, a_lab, wait_until

pytestmark = pytest.mark.lab

RADIATOR, BOILER, GATEWAY = "site-1/rad-1", "site-1/boiler-1", "site-1/gw"
PULSE = '{"id": "r1:1", "pulse": {"seconds": 600, "max_rise_k": 0.5}}'
OURS = "--reason 'fleetctl r1'"


@pytest.fixture(scope="module", params=[Level.NAMESPACES, Level.PROCESSES])
def here(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with a_lab(lab_fleet(), tmp_path_factory.mktemp("jobs") / "lab", request.param) as made:
        yield made


STEPS = itertools.count(1)


def effect(here: Lab, unit: str, command: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        here.ask(unit, f"fleet-unit {command} --epoch 1 --attempt r1:{unit}:1 --step {next(STEPS)}")
    )
    return document


def status(here: Lab, unit: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(here.ask(unit, "fleet-unit status"))
    return document


def hand_in(here: Lab, unit: str, seconds: float = 600.0) -> str:
    return lab.job(here.path, unit, seconds)[0]


def fate(here: Lab, unit: str, job: str) -> str:
    return lab.job(here.path, unit)[1][job]


def running(here: Lab, unit: str, seconds: float = 600.0) -> str:
    job = hand_in(here, unit, seconds)
    wait_until(lambda: fate(here, unit, job) == "running", f"{job} runs")
    return job


def test_a_job_runs_on_its_unit_until_it_is_done(here: Lab) -> None:
    job = hand_in(here, RADIATOR, 0.2)
    wait_until(lambda: fate(here, RADIATOR, job) == "done", f"{job} is done")
    wait_until(lambda: status(here, RADIATOR)["compute"]["jobs"] == 0, "no job runs")


def test_a_drained_unit_takes_no_job_and_goes_on_heating(here: Lab) -> None:
    job = running(here, RADIATOR)
    before_w = status(here, RADIATOR)["heat"]["commanded_w"]
    assert effect(here, RADIATOR, f"drain {OURS}")["ending"] == "ok"
    wait_until(lambda: status(here, RADIATOR)["compute"]["drained"], "the daemon obeys")
    waiting = hand_in(here, RADIATOR)
    assert status(here, RADIATOR)["compute"] == {"drained": True, "reason": "fleetctl r1", "by_us": True, "jobs": 1}
    assert status(here, RADIATOR)["heat"]["commanded_w"] >= 0.9 * before_w > 0
    ended = effect(here, RADIATOR, f"drain {OURS} --cancel-jobs")
    assert ended["message"] == f"drained; 1 jobs lost: {job}"
    assert fate(here, RADIATOR, job) == "cancelled"
    assert fate(here, RADIATOR, waiting) == "waiting"
    assert effect(here, RADIATOR, f"undrain {OURS}")["message"] == "takes jobs again"
    wait_until(lambda: fate(here, RADIATOR, waiting) == "running", f"{waiting} runs")


def test_a_job_that_runs_when_its_unit_reboots_is_lost_and_a_drain_stands(here: Lab) -> None:
    job = running(here, BOILER)
    effect(here, BOILER, f"drain {OURS}")
    here.reboot(BOILER)
    wait_until(lambda: fate(here, BOILER, job) == "lost", f"{job} is lost")
    wait_until(lambda: bool(status(here, BOILER)["compute"]["drained"]), "the daemon obeys again")
    assert status(here, BOILER)["compute"]["jobs"] == 0
    effect(here, BOILER, f"undrain {OURS}")


def test_a_pulse_that_is_asked_for_is_heat_at_once(here: Lab) -> None:
    here.ask(RADIATOR, "mkdir -p ${FLEET_ROOT}/data/heat; echo 16 > ${FLEET_ROOT}/data/heat/setpoint")
    wait_until(lambda: bool(status(here, RADIATOR)["heat"]["commanded_w"] < 100.0), "little is wanted")
    here.ask(RADIATOR, f"echo '{PULSE}' > ${{FLEET_ROOT}}/run/heat/request.json")
    wait_until(lambda: "pulse_left_s" in status(here, RADIATOR)["heat"], "the pulse runs")
    heat = status(here, RADIATOR)["heat"]
    assert 0.0 < heat["pulse_left_s"] <= 600.0
    assert heat["commanded_w"] == 650.0
    assert here.ask(RADIATOR, "ls ${FLEET_ROOT}/run/heat/request.json 2>/dev/null || echo taken") == "taken"


def test_a_gateway_takes_no_jobs(here: Lab) -> None:
    with pytest.raises(CouldNot, match="gateway"):
        hand_in(here, GATEWAY)
    assert status(here, GATEWAY)["compute"] is None


def test_a_unit_that_is_not_there_has_no_jobs(here: Lab) -> None:
    with pytest.raises(CouldNot, match="no unit"):
        hand_in(here, "site-1/rad-99")
