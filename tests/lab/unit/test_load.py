"""A load on purpose, as the heat agent holds it: for as long as somebody asks, and no longer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab.unit.pulse import REQUEST, Pulse


@pytest.fixture
def pulse(tmp_path: Path) -> Pulse:
    (tmp_path / "run/heat").mkdir(parents=True)
    return Pulse(tmp_path)


def ask(folder: Path, **load: Any) -> None:
    (folder / REQUEST).write_text(
        json.dumps({"id": "a:1", "load": {"watts": None, "seconds": 10, "limit_c": 23, **load}})
    )


@pytest.mark.parametrize(("watts", "power_w"), [(None, 650.0), (0.0, 0.0), (300.0, 300.0), (9000.0, 650.0)])
def test_a_load_takes_the_place_of_the_setpoint(
    pulse: Pulse, tmp_path: Path, watts: float | None, power_w: float
) -> None:
    ask(tmp_path, watts=watts)
    assert pulse.command_w(400.0, 650.0, 20.0, 0.0) == power_w
    assert pulse.holds_load
    assert pulse.told(0.0, 1e9) == {"load_until_s": 1e9 + 10}


def test_nobody_asks_again_and_the_setpoint_is_back(pulse: Pulse, tmp_path: Path) -> None:
    ask(tmp_path, watts=0.0)
    assert pulse.command_w(400.0, 650.0, 20.0, 0.0) == 0.0
    assert pulse.command_w(400.0, 650.0, 20.0, 10.0) == 400.0
    assert not pulse.holds_load


def test_a_load_of_no_seconds_ends_the_one_before(pulse: Pulse, tmp_path: Path) -> None:
    ask(tmp_path)
    pulse.command_w(400.0, 650.0, 20.0, 0.0)
    ask(tmp_path, seconds=0)
    assert pulse.command_w(400.0, 650.0, 20.0, 1.0) == 400.0


@pytest.mark.parametrize(("limit_c", "power_w"), [(23, 400.0), (23.5, 650.0), (None, 650.0)])
def test_a_load_ends_where_it_is_too_warm(pulse: Pulse, tmp_path: Path, limit_c: float | None, power_w: float) -> None:
    ask(tmp_path, limit_c=limit_c)
    assert pulse.command_w(400.0, 650.0, 23.2, 0.0) == power_w


@pytest.mark.parametrize("load", ["7", "{}", '{"watts": "all", "seconds": 1, "limit_c": 1}'])
def test_a_load_that_is_none_is_forgotten(pulse: Pulse, tmp_path: Path, load: str) -> None:
    (tmp_path / REQUEST).write_text(f'{{"load": {load}}}')
    assert pulse.command_w(10.0, 650.0, 20.0, 0.0) == 10.0
    assert not (tmp_path / REQUEST).exists()
