"""Retiring units that are in the inventory no more: wiped where their machines answer, else out of the books alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fleetctl.adapters.identity.certificates import address_of
from fleetctl.core.facts import Facts
from fleetctl.core.identity.orphans import only_named
from fleetctl.core.inventory.fleet import Authority, Unit
from fleetctl.core.platform.drains import RETIRING
from fleetctl.core.platform.node import Health, Job, JobState, node_name
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Step, StepKind
from fleetctl.core.route import Pin
from fleetctl.ports.platform import Platform, PlatformNode
from fleetctl.services.enrolment import Registrar
from fleetctl.services.orphans import Leaving, Outcome, as_registered, retire_all, traces_of
from fleetctl.services.register import Errand, register
from fleetctl.services.retire import Choice, Farewell
from tests.builders.authority import an_authority
from tests.builders.fleets import a_building, a_fleet
from tests.builders.machines_to_register import FakePlatform, Machines
from tests.builders.memory_state import MemoryState
from tests.builders.world import START, FakeClock

SITE, ONE, TWO = "les-sables", "les-sables/a101-1", "les-sables/a101-2"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAA"


@dataclass
class World:
    """Two radiators that were registered with everybody, and are declared no more."""

    state: MemoryState
    platform: FakePlatform
    machines: Machines
    clock: FakeClock
    units: dict[str, Unit]
    rounds: int = 0

    def retire(self, *names: str, untouchable: str = "", cancel_jobs: bool = False) -> dict[str, Outcome]:
        self.rounds += 1
        traces = traces_of(self.state, names, address_of)
        leaving = []
        for name in names:
            farewell = self._farewell(name, Choice(30.0, cancel_jobs, off=False))
            registered = as_registered(farewell, traces[name], self.named)
            seen = self.machines.look([self.units[name]])[name]
            leaving.append(Leaving(registered, None if untouchable else seen, untouchable))
        return {outcome.unit: outcome for outcome in retire_all(leaving)}

    def named(self, id: str) -> Platform:
        assert id == "slurm"
        return self.platform

    def _farewell(self, name: str, choice: Choice) -> Farewell:
        unit = only_named(name, self.units[name].serial)
        parts = (self.state, lambda _: None, lambda: self.machines, self.machines.look, self.clock, "ada")
        return Farewell(f"x{self.rounds}", 1, unit, choice, *parts)

    def is_forgotten(self, name: str) -> bool:
        """Say whether nobody knows the unit any more, and its certificate does not hold."""
        believed = [c for c in self.state.registry.certificates() if c.unit == name and c.holds(self.clock.now().utc)]
        node = self.platform.nodes([name.replace("/", "-")])[name.replace("/", "-")]
        remembered = [self.state.registry.registrations([name]), self.state.units.facts([name])]
        return not (believed or any(remembered)) and node.health is Health.ABSENT

    def runs(self, name: str) -> None:
        node = name.replace("/", "-")
        self.platform.known[node] = replace(self.platform.known[node], jobs=(Job("7", JobState.RUNNING),))


@pytest.fixture
def world(tmp_path: Path) -> World:
    ca = an_authority(tmp_path, START)
    fleet = a_fleet(a_building(), authority=Authority(ca.chain().root_sha256))
    platform, clock, state = FakePlatform(), FakeClock(), MemoryState()

    def standing_of(of: Unit) -> PlatformNode:
        return PlatformNode("slurm", platform, node_name(of.site, of.id))

    assert fleet.authority is not None
    registrar = Registrar(fleet, fleet.authority, ca, state, standing_of, clock, "ada")
    machines = Machines.of(list(fleet.units()))
    machines.registrar = registrar
    units = {name: fleet.by_name[name] for name in (ONE, TWO)}
    errand = Errand("g1", 1, registrar, lambda: machines, machines.look)
    assert all(result.is_well for result in register(errand, list(units.values())))
    facts = [seen for seen in machines.look(list(units.values())).values() if isinstance(seen, Facts)]
    state.units.save_facts(facts)
    state.units.pin({name: (Pin("ssh-ed25519", KEY),) for name in units}, actor="ada", at=START, why="")
    machines.steps.clear()
    return World(state, platform, machines, clock, units)


def kinds(steps: Sequence[Step]) -> list[tuple[str, StepKind]]:
    return [(step.unit, step.kind) for step in steps]


def test_what_is_left_of_a_unit_tells_its_machine_its_address_and_its_node(world: World) -> None:
    trace = traces_of(world.state, [ONE], address_of)[ONE]
    unit = world.units[ONE]
    assert (trace.serial, trace.address) == (unit.serial, unit.address)
    assert trace.place is not None
    assert (trace.place.platform, trace.place.node) == ("slurm", "les-sables-a101-1")
    assert len(trace.host_keys) == 1
    assert traces_of(world.state, ["s/never"], address_of)["s/never"].serial == ""


def test_a_machine_that_answers_is_drained_unregistered_and_wiped_and_heats_on(world: World) -> None:
    outcome = world.retire(ONE)[ONE]
    assert [said.partition(":")[0] for said in outcome.done] == ["drained", "revoked", "unregistered", "wiped"]
    assert outcome.text.endswith("retired; its machine heats on")
    assert world.is_forgotten(ONE)
    machine = world.machines.by_unit[ONE]
    assert (machine.told, machine.is_on) == (None, True)
    assert kinds(world.machines.steps) == [(ONE, StepKind.WIPE)]


def test_one_that_does_not_answer_is_out_of_the_books_and_that_is_said(world: World) -> None:
    world.machines.by_unit[ONE].is_on = False
    outcomes = world.retire(ONE, TWO)
    assert outcomes[ONE].untouched == f"{ONE} does not answer"
    assert outcomes[ONE].failed == outcomes[TWO].failed == outcomes[TWO].untouched == ""
    assert world.is_forgotten(ONE)
    assert world.machines.by_unit[ONE].told is not None
    assert kinds(world.machines.steps) == [(TWO, StepKind.WIPE)]


@pytest.mark.parametrize("serial", ["QR-666", ""])
def test_another_machine_in_its_place_is_left_alone(world: World, serial: str) -> None:
    world.machines.by_unit[ONE].serial = serial
    assert "it answers as" in world.retire(ONE)[ONE].untouched
    assert world.machines.steps == []
    assert world.is_forgotten(ONE)


def test_a_machine_that_must_not_be_touched_is_asked_nothing(world: World) -> None:
    assert world.retire(ONE, untouchable="its machine belongs to s/x now")[ONE].text.endswith("belongs to s/x now")
    assert world.machines.steps == []
    assert world.is_forgotten(ONE)


def test_a_unit_whose_jobs_run_on_stays_an_orphan_that_knows_everybody(world: World) -> None:
    world.runs(ONE)
    outcomes = world.retire(ONE, TWO)
    assert "jobs still run" in outcomes[ONE].failed
    assert not world.is_forgotten(ONE)
    assert world.machines.by_unit[ONE].told is not None
    assert world.platform.known["les-sables-a101-1"].reason == RETIRING
    assert world.is_forgotten(TWO), "one unit keeps no other from being retired"
    again = world.retire(ONE, cancel_jobs=True)[ONE]
    assert again.done[0] == "drained: 1 job lost: 7"
    assert world.is_forgotten(ONE)


def test_a_platform_that_is_silent_leaves_everything_as_it_is(world: World) -> None:
    world.platform.away = True
    assert "does not answer" in world.retire(ONE)[ONE].failed
    world.platform.away = False
    assert world.state.registry.registrations([ONE])
    assert world.machines.steps == []


@pytest.mark.parametrize("kind", [StepKind.WIPE])
def test_after_a_cut_the_same_call_goes_on(world: World, kind: StepKind) -> None:
    def cut(step: Step) -> None:
        if world.rounds == 1 and step.kind is kind:
            raise CouldNot("the connection broke")

    world.machines.before = cut
    assert world.retire(ONE)[ONE].failed == "the connection broke"
    assert not world.is_forgotten(ONE), "it is an orphan still: its certificate tells whose machine it was"
    assert world.retire(ONE)[ONE].untouched == ""
    assert world.machines.by_unit[ONE].told is None
    assert world.is_forgotten(ONE)
