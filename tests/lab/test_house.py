"""The physical side of a lab: agents that come and go over real sockets, on a clock that the test turns."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleetctl.lab.climate import Climate
from fleetctl.lab.house import LEASE_S, House
from fleetctl.lab.observed import observed
from fleetctl.lab.recorder import Recorder
from fleetctl.lab.spaces import Heating, SensorPoint, Spaces, ZoneSpace

ONE, TWO, HUB = "s/one", "s/two", "s/gw"
BEGAN = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Trial:
    """A house with one room and two radiators."""

    now_s: float = 0.0
    file: io.StringIO = field(default_factory=io.StringIO)
    wires: dict[str, tuple[socket.socket, socket.socket]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        heatings = tuple(Heating(unit, "s", 650.0, "s/A1", 0.5, dwelling="s/A1") for unit in (ONE, TWO))
        spaces = Spaces((ZoneSpace("s/A1", 40.0, 9900.0, 20.0),), (), heatings, (SensorPoint("t-a1", "s/A1", HUB),))
        self.climate = Climate(spaces, outdoor_c=-5.0, time_factor=60.0)
        recorder = Recorder(self.climate, self.file, lambda: BEGAN + timedelta(seconds=self.now_s))
        self.house = House(self.climate, recorder, lambda: self.now_s)
        for unit in (ONE, TWO, HUB):
            self.wires[unit] = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            for end in self.wires[unit]:
                end.setblocking(False)

    def says(self, unit: str, message: bytes) -> dict[str, Any] | None:
        """Let a unit's agent say something; returns what it is answered."""
        labs, agents = self.wires[unit]
        agents.send(message)
        self.house.hear(unit, labs)
        try:
            answer: dict[str, Any] = json.loads(agents.recv(1024))
        except BlockingIOError:
            return None
        return answer

    def asks(self, unit: str, watts: float | None) -> dict[str, Any] | None:
        """Let a unit's agent ask for a power."""
        return self.says(unit, json.dumps({"commanded_w": watts}).encode())

    def later(self, seconds: float) -> None:
        """Turn the clock."""
        self.now_s += seconds
        self.house.tick()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return what was recorded."""
        return [json.loads(line) for line in self.file.getvalue().splitlines()]

    @property
    def whys(self) -> list[str]:
        return [line["why"] for line in self.lines]


@pytest.fixture
def trial() -> Iterator[Trial]:
    made = Trial()
    yield made
    for ends in made.wires.values():
        for end in ends:
            end.close()


@pytest.fixture
def begun(trial: Trial) -> Trial:
    """Return a house whose units both heat."""
    for unit in (ONE, TWO):
        trial.asks(unit, 500.0)
    return trial


def test_time_begins_when_every_heater_is_commanded_for_the_first_time(trial: Trial) -> None:
    assert trial.asks(ONE, 500.0) is not None
    trial.later(10.0)
    assert (trial.climate.has_begun, trial.lines) == (False, [])
    trial.asks(TWO, None)
    assert not trial.climate.has_begun
    trial.asks(TWO, 500.0)
    assert (trial.climate.has_begun, trial.climate.model_s, trial.whys) == (True, 0.0, ["begin"])


def test_who_only_reads_is_answered_and_heats_nothing(trial: Trial) -> None:
    answer = trial.asks(ONE, None)
    assert answer is not None
    assert (answer["zone_c"], answer["power_w"]) == (20.0, 0.0)
    assert not trial.climate.heaters[ONE].is_up


def test_a_unit_that_goes_down_takes_its_heat_with_it_and_its_neighbour_goes_on(begun: Trial) -> None:
    begun.later(10.0)
    begun.house.lost(ONE, "reboot")
    warm = begun.climate.zones_c()["s/A1"]
    begun.later(10.0)
    assert warm == pytest.approx(20.0)
    assert begun.climate.zones_c()["s/A1"] < 19.8
    assert begun.house.heat(ONE) == {
        "up": False,
        "power_w": 0.0,
        "commanded_w": None,
        "space": "s/A1",
        "temperature_c": round(begun.climate.zones_c()["s/A1"], 2),
    }
    assert (begun.climate.heaters[TWO].power_w, begun.whys[1:]) == (500.0, ["down s/one", "tick"])


def test_every_change_is_recorded_at_its_time_between_ticks(begun: Trial) -> None:
    begun.now_s = 0.25
    begun.house.lost(ONE, "reboot")
    begun.now_s = 0.5
    begun.house.lost(TWO, "power cut")
    begun.now_s = 0.75
    begun.asks(ONE, 500.0)
    assert [(line["why"], line["model_s"]) for line in begun.lines[1:]] == [
        ("down s/one", 15.0),
        ("down s/two", 30.0),
        ("up s/one", 45.0),
    ]
    found = observed(begun.lines)
    assert found.down_at_once.fleet.names == (ONE, TWO)
    assert found.taken_at_once.fleet.names == (ONE,)


def test_a_command_that_jumps_counts_from_its_moment_and_a_small_step_from_the_next_tick(begun: Trial) -> None:
    begun.now_s = 0.5
    begun.asks(ONE, 510.0)
    assert begun.climate.model_s == 0.0
    begun.asks(ONE, 650.0)
    assert begun.climate.model_s == 30.0


def test_a_steady_house_says_little(begun: Trial) -> None:
    for _ in range(10):
        begun.asks(ONE, 500.0)
        begun.asks(TWO, 500.0)
        begun.later(1.0)
    assert begun.whys == ["begin", *["tick"] * 5]
    assert all("units" not in line and "zones" not in line for line in begun.lines[1:])


def test_an_agent_that_says_nothing_any_more_heats_nothing(begun: Trial) -> None:
    begun.later(LEASE_S - 1.0)
    begun.asks(TWO, 500.0)
    begun.later(2.0)
    assert not begun.climate.heaters[ONE].is_up
    assert begun.climate.heaters[TWO].is_up
    assert [line["units"][ONE]["because"] for line in begun.lines if line["why"] == "down s/one"] == ["no command"]


def test_what_a_unit_said_before_it_was_stopped_is_not_taken_afterwards(begun: Trial) -> None:
    heater = begun.climate.heaters[ONE]
    heater.stopped = True
    heater.release("hang")
    begun.asks(ONE, 500.0)
    assert not heater.is_up
    begun.house.lost(ONE, "power cut")
    begun.asks(ONE, 500.0)
    assert heater.is_up


@pytest.mark.parametrize("message", [b"rubbish", b"{}", b"[1]"])
def test_rubbish_from_a_unit_changes_nothing(begun: Trial, message: bytes) -> None:
    assert begun.says(ONE, message) is None
    assert begun.climate.heaters[ONE].commanded_w == 500.0


def test_an_agent_that_is_gone_before_it_is_answered_is_no_failure(begun: Trial) -> None:
    labs, agents = begun.wires[ONE]
    agents.send(b'{"commanded_w": 400.0}')
    agents.close()
    begun.house.hear(ONE, labs)
    begun.house.hear(ONE, labs)


def test_the_weather_changes_from_now_on(begun: Trial) -> None:
    begun.later(10.0)
    begun.house.set_outdoor(2.0)
    assert begun.climate.model_s == 600.0
    assert begun.house.weather() == {"outdoor_c": 2.0, "time_factor": 60.0, "model_s": 600.0, "has_begun": True}
    assert (begun.lines[-1]["why"], begun.lines[-1]["outdoor_c"]) == ("weather", 2.0)


def test_a_gateway_that_goes_down_takes_no_heat_away(begun: Trial) -> None:
    begun.house.lost("s/gw", "reboot")
    assert begun.house.heat("s/gw") is None
    assert begun.whys == ["begin"]


def test_a_lab_of_gateways_alone_waits_for_no_heat() -> None:
    climate, file = Climate(Spaces(), outdoor_c=5.0), io.StringIO()
    House(climate, Recorder(climate, file, lambda: BEGAN), lambda: 0.0)
    assert climate.has_begun
    assert json.loads(file.getvalue())["why"] == "begin"


def test_a_gateways_hub_hears_the_sensors_of_rooms_and_how_soon_to_ask_again(begun: Trial) -> None:
    told = begun.says(HUB, b"sensors")
    assert told == {"every_s": 0.25, "temperatures_c": {"t-a1": 20.0}}
    begun.asks(ONE, 0.0)
    begun.later(15.0)
    again = begun.says(HUB, b"sensors")
    assert again is not None
    assert again["temperatures_c"]["t-a1"] != 20.0
