from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleetctl.lab.unit.pulse import REQUEST, Pulse


@pytest.fixture
def pulse(tmp_path: Path) -> Pulse:
    (tmp_path / "run/heat").mkdir(parents=True)
    return Pulse(tmp_path)


def ask(folder: Path, text: str = '{"id": "a:1", "pulse": {"seconds": 600, "max_rise_k": 0.5}}') -> None:
    (folder / REQUEST).write_text(text)


def test_without_a_request_the_agent_commands_what_it_did(pulse: Pulse) -> None:
    assert pulse.command_w(100.0, 650.0, 20.0, 0.0) == 100.0
    assert pulse.told(0.0, 1e9) == {}


def test_a_pulse_gives_all_the_heat_and_tells_when_it_ends(pulse: Pulse, tmp_path: Path) -> None:
    ask(tmp_path)
    assert pulse.command_w(0.0, 650.0, 20.0, 1000.0) == 650.0
    assert pulse.told(1000.0, 1e9) == {"pulse_until_s": 1e9 + 600}
    assert not (tmp_path / REQUEST).exists()


@pytest.mark.parametrize(("temperature", "now", "expected"), [(20.4, 1599.0, 650.0), (20.4, 1600.0, 0.0)])
def test_a_pulse_ends_with_its_time(
    pulse: Pulse, tmp_path: Path, temperature: float, now: float, expected: float
) -> None:
    ask(tmp_path)
    pulse.command_w(0.0, 650.0, 20.0, 1000.0)
    assert pulse.command_w(0.0, 650.0, temperature, now) == expected


def test_a_pulse_ends_with_its_warmth_and_does_not_come_back(pulse: Pulse, tmp_path: Path) -> None:
    ask(tmp_path)
    pulse.command_w(0.0, 650.0, 20.0, 0.0)
    assert pulse.command_w(0.0, 650.0, 20.5, 10.0) == 0.0
    assert pulse.command_w(0.0, 650.0, 20.2, 20.0) == 0.0
    assert pulse.told(20.0, 1e9) == {}


def test_a_newer_request_takes_the_place_of_an_older(pulse: Pulse, tmp_path: Path) -> None:
    ask(tmp_path)
    pulse.command_w(0.0, 650.0, 20.0, 0.0)
    ask(tmp_path, json.dumps({"pulse": {"seconds": 5, "max_rise_k": 1}}))
    assert pulse.command_w(0.0, 650.0, 20.0, 1.0) == 650.0
    assert pulse.command_w(0.0, 650.0, 20.0, 6.0) == 0.0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pulse": 7}', '{"pulse": {"seconds": "long", "max_rise_k": 1}}'])
def test_a_request_that_is_none_is_forgotten(pulse: Pulse, tmp_path: Path, text: str) -> None:
    ask(tmp_path, text)
    assert pulse.command_w(10.0, 650.0, 20.0, 0.0) == 10.0
    assert not (tmp_path / REQUEST).exists()
