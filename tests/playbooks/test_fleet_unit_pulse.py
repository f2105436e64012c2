"""The heat pulse: asked for when all else is well, bounded, and seen in the status while it runs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from fleetctl.core.config import ConfigFile
from tests.builders.unit_root import UnitRoot, config

FILE = ConfigFile("/etc/a.conf", "1\n")
REQUEST = "/run/heat/request.json"
PULSE = ("--pulse-seconds", "600", "--pulse-rise-k", "0.5")


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    made = UnitRoot.make(tmp_path)
    made.configure(FILE)
    return made


def test_a_unit_that_is_well_asks_its_agent_and_answers_at_once(unit: UnitRoot) -> None:
    outcome = unit.verify(config(FILE).digest, *PULSE)
    assert outcome["ending"] == "ok"
    assert "a heat pulse of 600 s and 0.5 K at most is asked for" in outcome["message"]
    asked = json.loads(unit.read(REQUEST))
    assert asked == {"id": f"{unit.attempt}:{unit.step}", "pulse": {"seconds": 600.0, "max_rise_k": 0.5}}


def test_no_pulse_is_asked_for_unless_one_is_wanted(unit: UnitRoot) -> None:
    assert unit.verify(config(FILE).digest)["ending"] == "ok"
    assert not unit.path(REQUEST).exists()


def test_a_unit_that_is_not_well_gets_no_pulse(unit: UnitRoot) -> None:
    unit.write("/etc/a.conf", "2\n")
    assert unit.verify(config(FILE).digest, *PULSE)["ending"] == "failed"
    assert not unit.path(REQUEST).exists()


def test_a_gateway_heats_nothing(tmp_path: Path) -> None:
    gateway = UnitRoot.make(tmp_path, kind="gateway")
    gateway.configure(FILE)
    assert gateway.verify(config(FILE).digest, *PULSE)["ending"] == "ok"
    assert not gateway.path(REQUEST).exists()


@pytest.mark.parametrize(
    "pulse",
    [
        ("--pulse-seconds", "86400", "--pulse-rise-k", "0.5"),
        ("--pulse-seconds", "600", "--pulse-rise-k", "20"),
        ("--pulse-seconds", "-1", "--pulse-rise-k", "0.5"),
        ("--pulse-seconds", "nan", "--pulse-rise-k", "0.5"),
        ("--pulse-seconds", "long", "--pulse-rise-k", "0.5"),
    ],
)
def test_a_pulse_without_bounds_is_refused(unit: UnitRoot, pulse: tuple[str, ...]) -> None:
    outcome = unit.verify(config(FILE).digest, *pulse)
    assert outcome["ending"] == "refused"
    assert "not a number up to" in outcome["message"]
    assert not unit.path(REQUEST).exists()


def test_the_status_tells_how_long_a_pulse_may_last(unit: UnitRoot) -> None:
    assert "pulse_left_s" not in unit.status()["heat"]
    state = json.loads(unit.read("/run/heat/state.json"))
    unit.write("/run/heat/state.json", json.dumps({**state, "pulse_until_s": time.time() + 100.0}))
    assert 0.0 < unit.status()["heat"]["pulse_left_s"] <= 100.0
    unit.write("/run/heat/state.json", json.dumps({**state, "pulse_until_s": time.time() - 1.0}))
    assert unit.status()["heat"]["pulse_left_s"] == 0.0
