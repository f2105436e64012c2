"""Applying a plan that updates units: held once more against what is signed, before anything is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.inventory.fleet import Fleet, Kind, Release, Unit
from fleetctl.core.plan import Desired, Plan
from fleetctl.core.planning import Occasion, make_plan
from fleetctl.core.policy import Policy
from fleetctl.core.problems import InvalidInput
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.rollout.enlist import Terms
from fleetctl.core.rollout.state import Rollout
from fleetctl.services.apply import start
from fleetctl.services.declared import Declared
from fleetctl.services.standing_releases import supply
from tests.builders.fleets import a_building, a_fleet
from tests.builders.memory_releases import Edition, MemoryReleases
from tests.builders.memory_state import MemoryState
from tests.builders.rollouts import facts
from tests.builders.world import START, FakeClock

TERMS = Terms("r-1", Policy("p"), "/fleet", "operator", START)


class Applied:
    """A building whose radiators run version 1.0 and should run 2.0, which is signed."""

    def __init__(self) -> None:
        fleet = a_fleet(site := a_building(radiators=2))
        units = {id: replace(unit, release="2.0") for id, unit in site.units.items() if unit.kind is Kind.RADIATOR}
        self.units = list(units.values())
        model = fleet.models[self.units[0].model]
        self.signed = Published("2.0", model.compatible, Kind.RADIATOR, (model.id,), 90, "a" * 64)
        sites = {site.id: replace(site, units={**site.units, **units})}
        self.fleet: Fleet = replace(fleet, sites=sites, releases={"2.0": Release("2.0", model.compatible)}, channels={})
        self.releases = MemoryReleases(Edition(1, Catalogue({"2.0": self.signed}), START))
        self.state = MemoryState()
        self.state.units.save_facts([facts(unit.name, serial=unit.serial, config="c") for unit in self.units])

    @property
    def declared(self) -> Declared:
        return Declared(self.fleet, lambda units: [wanted(unit) for unit in units], lambda _: [])

    def plan(self) -> Plan:
        digests = {site.id: site.digest for site in self.fleet.sites.values()}
        seen = self.state.units.facts([unit.name for unit in self.units])
        occasion = Occasion("p-1", self.fleet.name, self.state.uuid, START)
        return make_plan(occasion, [wanted(unit) for unit in self.units], seen, digests, supply=supply(self.releases))

    def start(self, plan: Plan) -> Rollout:
        return start(self.declared, plan, self.state, FakeClock(), TERMS, self.releases)


def wanted(unit: Unit) -> Desired:
    return Desired(unit.name, unit.site, unit.kind, unit.gateway, unit.release, "c", unit.serial)


def test_a_rollout_freezes_what_the_plan_froze() -> None:
    applied = Applied()
    rollout = applied.start(applied.plan())
    rows = applied.state.journal.progress(rollout.id)
    assert {(row.release, row.bundle, row.bundle_bytes, row.interrupts) for row in rows} == {
        ("2.0", "a" * 64, 90, False)
    }


def test_a_release_that_was_withdrawn_since_the_plan_is_refused_before_anything_is_written() -> None:
    applied = Applied()
    plan = applied.plan()
    applied.releases.publish(applied.releases.catalogue().withdrawn("2.0", "fans"), START)
    with pytest.raises(InvalidInput, match="withdrawn: fans") as refused:
        applied.start(plan)
    assert len(refused.value.problems) == len(applied.units)
    assert applied.state.journal.rollouts() == []


def test_a_release_that_was_signed_anew_since_the_plan_needs_a_new_plan() -> None:
    applied = Applied()
    plan = applied.plan()
    other = replace(applied.signed, sha256="b" * 64)
    applied.releases.publish(applied.releases.catalogue().with_release(other), START)
    with pytest.raises(InvalidInput, match="not signed as it was"):
        applied.start(plan)
