"""What units under load are judged by, put together from what everybody measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from fleetctl.core.commissioning.load import Load, LoadKind, LoadState, Run, Sample
from fleetctl.core.commissioning.trials import SENSORS_SCHEMA, Trial, readings_from
from fleetctl.core.heat.premises import premises_of
from fleetctl.core.inventory.fleet import Sensor, Site
from tests.builders.fleets import a_building, a_fleet

BEGAN, SECONDS = 1000.0, 1800.0
UNITS = ("les-sables/a101-1", "les-sables/a101-2")


def site(**sensors: tuple[str, str]) -> Site:
    declared = {id: Sensor(id, "temperature", room, dwelling) for id, (dwelling, room) in sensors.items()}
    return replace(a_building(radiators=3), sensors=declared)


def run(before_w: float = 250.0, power_w: float = 650.0, room_c: float = 20.0, began: float = BEGAN) -> Run:
    load = Load("c-1:1", LoadKind.BURN_IN, LoadState.DONE, "", began, began + SECONDS, 61)
    powers = [before_w, *[power_w] * 60]
    times = [began + number * SECONDS / 60 for number in range(61)]
    return Run(load, [Sample(at, watts, 650.0, room_c) for at, watts in zip(times, powers, strict=True)])


def trial(
    runs: Mapping[str, Run], of: Site, readings: Mapping[str, Sequence[tuple[float, float]]] | None = None
) -> Trial:
    return Trial(of, premises_of(a_fleet(of), of.id), runs, readings or {})


def test_more_rise_is_expected_of_a_room_when_its_neighbours_burn_in_as_well() -> None:
    alone = trial({UNITS[0]: run()}, site()).expected(UNITS[0]).rise_k
    both = trial(dict.fromkeys(UNITS, run()), site()).expected(UNITS[0]).rise_k
    later = trial({UNITS[0]: run(), UNITS[1]: run(began=BEGAN + 5 * SECONDS)}, site()).expected(UNITS[0]).rise_k
    assert alone is not None
    assert both == pytest.approx(2 * alone)
    assert later == pytest.approx(alone)


def test_time_that_passes_faster_in_rooms_is_reckoned_with() -> None:
    short = Run(run().load, [replace(each, at=BEGAN + (each.at - BEGAN) / 20) for each in run().samples])
    at_once = trial({UNITS[0]: run()}, site()).expected(UNITS[0]).rise_k
    assert trial({UNITS[0]: short}, site()).expected(UNITS[0], speed=20.0).rise_k == pytest.approx(at_once)


def test_a_rooms_own_sensor_goes_before_the_neighbours_units() -> None:
    of = site(t=("A101", "living"))
    runs = {UNITS[0]: run(), UNITS[1]: run(room_c=23.0)}
    room = of.units["a101-1"].room
    reference = trial(runs, of, {"t": [(BEGAN - 20, 19.5)]}).expected(UNITS[0]).reference
    assert room == "living"
    assert reference is not None
    assert (reference.temperature_c, reference.source) == (19.5, "the sensor of A101/living")
    stale = trial(runs, of, {"t": [(BEGAN - 600, 19.5)]}).expected(UNITS[0]).reference
    assert stale is not None
    assert stale.temperature_c == 23.0


def test_sensors_stand_in_rooms_and_in_units() -> None:
    of = site(t=("A101", "living"), loop=("", ""))
    told = [(BEGAN + second, 20.0) for second in range(5)]
    sensors = trial({UNITS[0]: run()}, of, {"t": told, "loop": told, "stranger": told}).sensors()
    assert [(each.id, each.place, each.unit) for each in sensors] == [
        ("t", "A101/living", ""),
        (UNITS[0], "A101/living", UNITS[0]),
    ]


def test_readings_of_several_gateways_are_put_together_in_time() -> None:
    def told(at: float, **temperatures_c: float) -> Mapping[str, object]:
        return {"schema": SENSORS_SCHEMA, "readings": [{"at": at, "temperatures_c": temperatures_c}]}

    assert readings_from([told(2.0, a=21.0), told(1.0, a=20.0, b=5.0)]) == {
        "a": [(1.0, 20.0), (2.0, 21.0)],
        "b": [(1.0, 5.0)],
    }
    with pytest.raises(ValueError, match="expected a document of schema"):
        readings_from([{"schema": "other"}])
