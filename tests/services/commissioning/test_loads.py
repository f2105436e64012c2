"""Burn-ins and proofs of rooms, begun on units, found again, and judged once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from fleetctl.core.commissioning.codes import MOST_UNITS
from fleetctl.core.commissioning.stages import Outcome
from fleetctl.core.facts import Observation
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import CouldNot
from fleetctl.ports.instruments import Reply
from fleetctl.services.commissioning.burned_in import BurnInInstrument
from fleetctl.services.commissioning.room_proved import RoomProofInstrument
from tests.builders.fleets import a_building, a_fleet
from tests.builders.loaded import Loaded


def test_a_burn_in_is_begun_on_all_at_once_waited_for_and_judged() -> None:
    plant = Loaded()
    burn_in = BurnInInstrument(plant.loads())
    begun = burn_in.round(plant.units)
    assert (begun.findings, begun.goes_on) == ((), True)
    assert plant.asked == [("burn-in", [unit.id for unit in plant.units])]
    plant.clock.advance(600.0)
    under_way = burn_in.round(plant.units)
    assert under_way.goes_on
    assert under_way.again_s == 60.0, "nobody looks every second at what takes half an hour"
    plant.clock.advance(1300.0)
    over = burn_in.round(plant.units)
    assert {finding.outcome for finding in over.findings} == {Outcome.DONE}
    assert {finding.detail["verdict"] for finding in over.findings} == {"passed"}


def test_nobody_is_looked_at_while_his_load_runs_and_was_seen_a_moment_ago() -> None:
    plant = Loaded()
    seen: dict[str, Observation] = {}
    looked: list[set[str]] = []

    def observe(units: Sequence[Unit]) -> Mapping[str, Observation]:
        looked.append({unit.name for unit in units})
        seen.update(plant.observe(units))
        return {unit.name: seen[unit.name] for unit in units}

    burn_in = BurnInInstrument(replace(plant.loads(), observe=observe, facts=lambda: seen))
    *early, late, mate = plant.units
    assert late.dwelling == mate.dwelling
    burn_in.round([*early, late])
    plant.clock.advance(5.0)
    burn_in.round([*early, late])
    plant.clock.advance(60.0)
    assert set(burn_in.round([*early, late]).waits.values()) == {"0 %"}
    burn_in.round(plant.units)
    plant.clock.advance(1800.0)
    assert len(burn_in.round([*early, late]).findings) == len(early) + 1
    ran = {unit.name for unit in (*early, late)}
    beside = {unit.name for unit in plant.units if unit.dwelling == mate.dwelling}
    assert looked == [ran, ran, beside, ran], "how warm it is beside one who begins is looked at"


def test_a_unit_whose_clock_is_ahead_is_not_waited_for_until_then() -> None:
    plant = Loaded()
    proof = RoomProofInstrument(plant.loads(), unready=frozenset)
    proof.round(plant.units)
    for load in plant.given.values():
        load |= {"began_at": load["began_at"] + 86_400.0, "ends_at": load["ends_at"] + 86_400.0, "state": "running"}
    ahead = plant.observe(plant.units)
    proof = RoomProofInstrument(replace(plant.loads(), facts=lambda: ahead), unready=frozenset)
    assert proof.round(plant.units).goes_on
    for load in plant.given.values():
        load["state"] = "done"
    plant.clock.advance(7200.0)
    assert len(proof.round(plant.units).findings) == len(plant.units)


def test_who_waits_for_his_turn_is_not_looked_at_while_others_rooms_are_proved() -> None:
    plant = Loaded(fleet=a_fleet(a_building(radiators=45)))
    looked: list[int] = []
    seen: dict[str, Observation] = {}

    def observe(units: Sequence[Unit]) -> Mapping[str, Observation]:
        looked.append(len(units))
        seen.update(plant.observe(units))
        return {unit.name: seen[unit.name] for unit in units}

    proof = RoomProofInstrument(replace(plant.loads(), observe=observe, facts=lambda: seen), unready=frozenset)
    assert proof.round(plant.units).goes_on
    plant.clock.advance(120.0)
    assert set(proof.round(plant.units).waits) == set(plant.given)
    plant.clock.advance(7200.0)
    findings = proof.round(plant.units).findings
    assert {finding.subject for finding in findings} == set(plant.given)
    plant.judged |= {(each.subject, each.detail["load"]) for each in findings}
    proved = set(plant.given)
    assert proof.round([unit for unit in plant.units if unit.name not in proved]).goes_on
    assert len(plant.given) > len(proved)
    batch = len(plant.given) - len(proved)
    assert looked == [45, len(proved), len(proved), 45 - len(proved), batch], "all once, then whoever is at it"


def test_who_looks_anew_finds_what_ran_and_begins_nothing_twice() -> None:
    plant = Loaded()
    BurnInInstrument(plant.loads()).round(plant.units)
    plant.clock.advance(1900.0)  # the laptop was off
    found = BurnInInstrument(plant.loads()).round(plant.units)
    assert len(found.findings) == len(plant.units)
    assert [command for command, _ in plant.asked] == ["burn-in", "samples", "sensors"]


def test_what_was_judged_is_begun_anew_if_it_is_asked_for_again() -> None:
    plant = Loaded()
    one = plant.units[:1]
    burn_in = BurnInInstrument(plant.loads())
    plant.power_w[one[0].name] = 500.0
    burn_in.round(one)
    plant.clock.advance(1900.0)
    (failed,) = burn_in.round(one).findings
    assert failed.outcome is Outcome.FAILED
    assert "500 W of 650 W" in failed.detail["reason"]
    plant.judged.add((failed.subject, failed.detail["load"]))
    assert burn_in.round(one).goes_on
    assert plant.given[one[0].name]["id"] == "c-2:1"


def test_an_interrupted_burn_in_is_noted_not_judged() -> None:
    plant = Loaded()
    one = plant.units[:1]
    burn_in = BurnInInstrument(plant.loads())
    burn_in.round(one)
    plant.interrupt(one[0].name)
    (noted,) = burn_in.round(one).findings
    assert (noted.outcome, noted.detail["reason"]) == (Outcome.NOTE, "the power was cut")


def test_what_came_of_one_unit_says_nothing_of_those_that_were_begun_with_it() -> None:
    plant = Loaded()
    burn_in = BurnInInstrument(plant.loads())
    burn_in.round(plant.units)
    first, *others = plant.units
    plant.interrupt(first.name)
    (noted,) = burn_in.round(plant.units).findings
    plant.judged.add((noted.subject, noted.detail["load"]))
    assert burn_in.round(plant.units).waits[others[0].name] == "0 %", "it runs on"
    plant.clock.advance(1900.0)
    assert {each.subject for each in burn_in.round(plant.units).findings} >= {unit.name for unit in others}
    assert [len(units) for command, units in plant.asked if command == "burn-in"] == [len(plant.units), 1]


def test_a_unit_that_refuses_waits_with_its_words() -> None:
    plant = Loaded()
    name = plant.units[0].name
    plant.refusing[name] = "another load runs"
    assert BurnInInstrument(plant.loads()).round(plant.units[:1]).waits[name] == "another load runs"


@pytest.mark.parametrize("kind", ["burn-in", "heat-pattern"])
def test_a_unit_that_was_marked_a_moment_ago_is_given_nothing(kind: str) -> None:
    plant = Loaded()
    marked, *others = plant.units
    plant.marked[marked.name] = "quarantined: two claim to be it"
    loads = plant.loads()
    instrument = BurnInInstrument(loads) if kind == "burn-in" else RoomProofInstrument(loads, unready=frozenset)
    assert instrument.round(plant.units).waits[marked.name] == "quarantined: two claim to be it"
    assert plant.asked == [(kind, [unit.id for unit in others])]
    plant.asked.clear()
    plant.marked = {unit.name: "quarantined" for unit in plant.units}
    assert instrument.round([marked]).waits == {marked.name: "quarantined"}
    assert plant.asked == [], "nobody is spoken with"


def test_a_unit_that_answers_nonsense_is_waited_for() -> None:
    plant = Loaded()
    burn_in = BurnInInstrument(plant.loads())
    burn_in.round(plant.units)
    plant.clock.advance(1900.0)
    one, new = plant.units[0], Loaded()
    loads = replace(new.loads(), ask=lambda orders: [Reply(unit.name, out=b"[]") for unit, _ in orders])
    assert BurnInInstrument(loads).round([one]).waits == {one.name: "code 0"}
    loads = replace(plant.loads(), ask=lambda orders: [Reply(unit.name, 1, b"[]") for unit, _ in orders])
    assert BurnInInstrument(loads).round(plant.units).findings == ()


@pytest.mark.parametrize(
    "said", [Reply("", trouble="no answer"), Reply("", out=b"{"), Reply("", out=b'{"schema": "other"}')]
)
def test_nothing_is_judged_while_a_gateway_does_not_tell_what_its_sensors_saw(said: Reply) -> None:
    plant = Loaded(hub=said)
    burn_in = BurnInInstrument(plant.loads())
    burn_in.round(plant.units)
    plant.clock.advance(1900.0)
    with pytest.raises(CouldNot, match="sensors of rooms"):
        burn_in.round(plant.units)
    plant.hub = None
    assert len(burn_in.round(plant.units).findings) == len(plant.units)


def test_what_the_sensors_of_a_large_building_told_is_read_page_after_page() -> None:
    plant = Loaded()
    loads = plant.loads()
    BurnInInstrument(loads).round(plant.units)
    plant.clock.advance(1900.0)
    plant.readings = [{"at": float(at), "temperatures_c": {"t-1": 20.0}} for at in range(5)]
    assert loads.trial(plant.units).readings == {"t-1": [(float(at), 20.0) for at in range(5)]}
    assert [command for command, _ in plant.asked] == ["burn-in", "samples", "sensors", "sensors", "sensors"]


def test_rooms_are_proved_in_whole_dwellings_with_patterns_that_differ() -> None:
    plant = Loaded()
    proof = RoomProofInstrument(plant.loads(), unready=lambda: {plant.units[-1].dwelling})
    proof.round(plant.units)
    ready = [unit.name for unit in plant.units if unit.dwelling != plant.units[-1].dwelling]
    assert sorted(plant.given) == sorted(ready)
    assert len({load["pattern"] for load in plant.given.values()}) == len(ready)
    assert proof.round(plant.units).goes_on
    plant.clock.advance(1300.0)
    findings = proof.round(plant.units).findings
    assert sorted(finding.subject for finding in findings) == sorted(ready)
    assert all(finding.outcome is not Outcome.DONE for finding in findings), "no sensor stands in these rooms"


def test_no_more_units_are_heated_at_once_than_can_be_told_apart() -> None:
    plant = Loaded(fleet=a_fleet(a_building(radiators=45)))
    RoomProofInstrument(plant.loads(), unready=frozenset).round(plant.units)
    assert MOST_UNITS - 3 < len(plant.given) <= MOST_UNITS


def test_a_pattern_that_a_power_cut_ended_is_noted_and_begun_anew() -> None:
    plant = Loaded()
    proof = RoomProofInstrument(plant.loads(), unready=frozenset)
    proof.round(plant.units)
    for unit in plant.units:
        plant.interrupt(unit.name)
        plant.cut.add(unit.name)
    noted = proof.round(plant.units).findings
    assert {(each.outcome, each.detail["verdict"], each.detail["reason"]) for each in noted} == {
        (Outcome.NOTE, "interrupted", "the power was cut")
    }
    plant.judged |= {(each.subject, each.detail["load"]) for each in noted}
    plant.clock.advance(10.0)
    assert proof.round(plant.units).goes_on
    assert {load["state"] for load in plant.given.values()} == {"running"}


def test_a_pattern_that_was_cut_short_spoils_nobody_elses() -> None:
    plant = Loaded()
    proof = RoomProofInstrument(plant.loads(), unready=frozenset)
    proof.round(plant.units)
    cut, *others = plant.units
    plant.interrupt(cut.name)
    plant.given[cut.name]["ends_at"] = plant.given[cut.name]["began_at"] + 30.0
    plant.clock.advance(4000.0)
    found = {each.subject: each.detail for each in proof.round(plant.units).findings}
    assert found[cut.name]["verdict"] == "interrupted"
    assert {found[unit.name]["answer"] for unit in others} == {"none"}, "they are judged, and their rooms do not answer"
