"""What a record comes to, on records written by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.lab.observed import observed


def heating(unit: str, power_w: float, *, dwelling: str = "", loop: str = "") -> dict[str, Any]:
    return {"unit": unit, "site": unit.partition("/")[0], "power_w": power_w, "dwelling": dwelling, "loop": loop}


HEATINGS = {
    "a/one": heating("a/one", 650.0, dwelling="a/A1"),
    "a/two": heating("a/two", 650.0, dwelling="a/A1"),
    "a/boiler": heating("a/boiler", 2000.0, loop="a/dhw"),
    "b/one": heating("b/one", 500.0, dwelling="b/A1"),
}


def up(watts: float, arrives_w: float | None = None) -> dict[str, Any]:
    arrives_w = watts if arrives_w is None else arrives_w
    return {"up": True, "because": "", "commanded_w": watts, "power_w": arrives_w, "heat_w": arrives_w}


def down(because: str) -> dict[str, Any]:
    return {"up": False, "because": because, "commanded_w": None, "power_w": 0, "heat_w": 0}


def line(model_s: float, why: str = "tick", **told: Any) -> dict[str, Any]:
    return {"at": f"at {model_s:g}", "model_s": model_s, "why": why, "outdoor_c": 5.0, **told}


def begin(watts: float = 300.0) -> dict[str, Any]:
    units = {unit: up(watts) for unit in HEATINGS}
    spaces = {"zones": {"a/A1": 20.0, "b/A1": 20.0}, "loops": {"a/dhw": 58.0}}
    return line(0.0, "begin", time_factor=60.0, heatings=HEATINGS, units=units, **spaces)


def test_the_lowest_temperatures_and_when() -> None:
    found = observed(
        [begin(), line(60.0, zones={"a/A1": 18.5}), line(120.0, zones={"a/A1": 19.0}, loops={"a/dhw": 55.1})]
    )
    assert (found.zones["a/A1"].now_c, found.zones["a/A1"].lowest_c, found.zones["a/A1"].lowest_at) == (
        19.0,
        18.5,
        "at 60",
    )
    assert found.zones["b/A1"].lowest_c == 20.0
    assert found.loops["a/dhw"].lowest_c == 55.1


def test_what_was_down_at_once_by_what_it_shares() -> None:
    found = observed(
        [
            begin(),
            line(10.0, units={"a/one": down("reboot")}),
            line(20.0, units={"b/one": down("reboot"), "a/two": down("power cut")}),
            line(30.0, units={"a/one": up(650.0)}),
            line(40.0, units={"a/boiler": down("reboot")}),
        ]
    )
    peaks = found.down_at_once
    assert (peaks.fleet.units, peaks.fleet.names, peaks.fleet.at) == (3, ("a/one", "a/two", "b/one"), "at 20")
    assert (peaks.fleet.watts, peaks.fleet.watts_at) == (3150.0, "at 40")
    assert (peaks.sites["a"].units, peaks.sites["b"].units) == (2, 1)
    assert (peaks.dwellings["a/A1"].units, peaks.dwellings["a/A1"].watts) == (2, 1300.0)
    assert (peaks.loops["a/dhw"].units, peaks.loops["a/dhw"].watts) == (1, 2000.0)


def test_what_befell_units_is_told_from_what_was_asked_of_them() -> None:
    found = observed([begin(), line(10.0, units={"a/one": down("reboot"), "a/two": down("power cut")})])
    assert found.down_at_once.dwellings["a/A1"].units == 2
    assert found.taken_at_once.dwellings["a/A1"].names == ("a/one",)


def test_two_that_take_turns_are_never_down_at_once() -> None:
    found = observed(
        [
            begin(),
            line(10.0, units={"a/one": down("reboot")}),
            line(20.0, units={"a/one": up(300.0)}),
            line(20.0, units={"a/two": down("reboot")}),
        ]
    )
    assert found.down_at_once.dwellings["a/A1"].units == 1
    assert (found.units["a/one"].downs, found.units["a/two"].downs) == (1, 1)


def test_heat_that_was_not_delivered() -> None:
    """300 W for an hour while down, then 650 W asked for and 325 W given for an hour."""
    found = observed(
        [
            begin(),
            line(3600.0, units={"a/one": down("reboot")}),
            line(7200.0, units={"a/one": up(650.0, 325.0)}),
            line(10800.0),
        ]
    )
    account = found.units["a/one"]
    assert account.not_delivered_kwh == pytest.approx(0.3 + 0.325)
    assert account.without_heat_s == 3600.0
    assert found.not_delivered_kwh == pytest.approx(0.625)
    assert found.units["b/one"].without_heat_s == 0.0


@pytest.mark.parametrize(
    ("state", "without_s"), [(up(300.0, 0.0), 60.0), (up(0.0), 0.0), (up(300.0, 31.0), 0.0), (up(300.0, 650.0), 0.0)]
)
def test_a_unit_that_runs_may_be_without_heat(state: dict[str, Any], without_s: float) -> None:
    found = observed([begin(), line(0.0, units={"a/one": state}), line(60.0)])
    assert found.units["a/one"].without_heat_s == without_s


def test_the_most_that_a_sites_heaters_drew_at_one_time() -> None:
    found = observed(
        [
            begin(),
            line(10.0, units={"a/one": down("reboot")}),
            line(20.0, units={"a/one": up(650.0)}),
            line(30.0, units={"a/one": up(200.0), "b/one": up(500.0)}),
        ]
    )
    assert found.highest_power_w == {"a": 1250.0, "b": 500.0}


def test_a_unit_that_was_down_from_the_start_counts_as_down() -> None:
    start = begin()
    start["units"]["a/one"] = down("power cut")
    assert observed([start]).down_at_once.fleet.names == ("a/one",)


def test_the_summary_is_a_document() -> None:
    document = observed([begin(), line(60.0, units={"a/one": down("reboot")})]).document()
    assert json.loads(json.dumps(document))["down_at_once"]["dwellings"]["a/A1"]["names"] == ["a/one"]
    assert (document["time_factor"], document["since"], document["until"]) == (60.0, "at 0", "at 60")


def test_a_record_that_has_not_begun_comes_to_nothing() -> None:
    assert observed([]).units == {}


@given(st.lists(st.tuples(st.sampled_from(sorted(HEATINGS)), st.booleans()), max_size=30))
def test_no_overlap_is_missed_whatever_goes_down_and_comes_up(turns: list[tuple[str, bool]]) -> None:
    """The most at once is the most of all the moments between two lines."""
    away: set[str] = set()
    moments = [frozenset(away)]
    lines = [begin()]
    for number, (unit, is_up) in enumerate(turns, 1):
        (away.discard if is_up else away.add)(unit)
        moments.append(frozenset(away))
        lines.append(line(float(number), units={unit: up(300.0) if is_up else down("reboot")}))
    found = observed(lines).down_at_once
    assert found.fleet.units == max(len(moment) for moment in moments)
    assert found.fleet.watts == max(sum(HEATINGS[u]["power_w"] for u in moment) for moment in moments)
    together = max(len(moment & {"a/one", "a/two"}) for moment in moments)
    assert (found.dwellings["a/A1"].units if "a/A1" in found.dwellings else 0) == together
