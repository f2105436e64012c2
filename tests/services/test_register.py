"""Registering many units: with everybody, once, and finished later where somebody is away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from fleetctl.adapters.identity.authority import FleetAuthority
from fleetctl.core.commissioning.lifecycle import Lifecycle
from fleetctl.core.commissioning.stages import Outcome
from fleetctl.core.facts import Cause
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.result import Detail, Registered, Result, detail_of, draft_of, from_detail, outcome_of
from fleetctl.core.inventory.fleet import Authority, Fleet, Kind, Unit
from fleetctl.core.platform.node import Health, Node, node_name
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports import Fenced
from fleetctl.ports.identity import NotRegistered
from fleetctl.ports.platform import PlatformNode
from fleetctl.services.authority import revocations, revoke
from fleetctl.services.enrolment import Registrar
from fleetctl.services.register import Errand, register, results_of
from tests.builders.authority import a_request, an_authority
from tests.builders.fleets import a_building, a_fleet
from tests.builders.machines_to_register import FakePlatform, Machines
from tests.builders.memory_state import MemoryState
from tests.builders.world import START, FakeClock


@dataclass
class World:
    """A fleet of six radiators and a gateway, its CA, its platform, its state."""

    fleet: Fleet
    issuer: FleetAuthority
    state: MemoryState
    platform: FakePlatform
    machines: Machines
    clock: FakeClock
    rounds: int = 0

    @property
    def units(self) -> list[Unit]:
        return list(self.fleet.units())

    @property
    def registrar(self) -> Registrar:
        assert self.fleet.authority is not None
        return Registrar(self.fleet, self.fleet.authority, self.issuer, self.state, self.standing_of, self.clock, "ada")

    def standing_of(self, unit: Unit) -> PlatformNode | None:
        if unit.kind is Kind.GATEWAY:
            return None
        return PlatformNode("slurm", self.platform, node_name(unit.site, unit.id))

    def register(self, *units: Unit, renew: bool = False) -> dict[str, Result]:
        self.rounds += 1
        self.machines.registrar = self.registrar
        errand = Errand(f"g{self.rounds}", 1, self.registrar, lambda: self.machines, self.machines.look, renew)
        return {result.unit: result for result in register(errand, list(units) or self.units)}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> FleetAuthority:
    return an_authority(tmp_path_factory.mktemp("ca"), START)


@pytest.fixture
def world(ca: FleetAuthority) -> World:
    fleet = a_fleet(a_building(), authority=Authority(ca.chain().root_sha256))
    return World(fleet, ca, MemoryState(), FakePlatform(), Machines.of(list(fleet.units())), FakeClock())


def standings(results: dict[str, Result]) -> set[Registered]:
    return {result.standing for result in results.values()}


def test_units_are_registered_with_everybody(world: World) -> None:
    results = world.register()
    assert standings(results) == {Registered.REGISTERED}
    assert len(world.platform.known) == world.platform.proved == 6
    entry = world.state.registry.registrations()["les-sables/a101-1"]
    assert (entry.node, entry.proof) == ("les-sables-a101-1", "job 1")
    gateway = world.state.registry.registrations()["les-sables/gw-1"]
    assert (gateway.platform, gateway.node) == ("none", "")
    assert len(world.state.registry.certificates()) == 7


def test_registering_again_does_nothing(world: World) -> None:
    world.register()
    world.machines.steps.clear()
    assert standings(world.register()) == {Registered.UNCHANGED}
    assert world.machines.steps == []
    assert len(world.state.registry.certificates()) == 7


def test_a_unit_that_was_cut_off_gets_the_certificate_that_was_issued_for_it(world: World) -> None:
    (unit, *_) = world.units
    world.machines.by_unit[unit.name].drops = 1
    assert world.register(unit)[unit.name].standing is Registered.FAILED
    assert world.register(unit)[unit.name].standing is Registered.REGISTERED
    assert len(world.state.registry.certificates(serial=unit.serial)) == 1


def test_without_the_ca_everything_is_pending_and_finished_by_calling_again(world: World, tmp_path: Path) -> None:
    world.issuer = FleetAuthority(tmp_path / "nowhere", world.issuer.keys)
    first = world.register()
    assert standings(first) == {Registered.PENDING}
    assert world.machines.steps == [], "nobody is asked for what cannot be answered"
    world.issuer = FleetAuthority(ca_of(world), world.issuer.keys)
    assert standings(world.register()) == {Registered.REGISTERED}


def ca_of(world: World) -> Path:
    return world.issuer.keys.path.parent / "authority"


def test_without_the_signing_key_a_unit_is_pending_too(world: World, tmp_path: Path) -> None:
    world.issuer = replace(world.issuer, keys=replace(world.issuer.keys, path=tmp_path))
    results = world.register(world.units[1])
    assert standings(results) == {Registered.PENDING}
    assert "cannot be read" in next(iter(results.values())).text


def test_without_the_platform_a_unit_has_its_certificate_and_waits(world: World) -> None:
    unit = world.units[1]
    world.platform.away = True
    (result,) = world.register(unit).values()
    assert result.standing is Registered.PENDING
    assert world.machines.by_unit[unit.name].told is not None
    assert world.state.registry.registrations() == {}
    assert outcome_of(result) is Outcome.PENDING
    world.platform.away = False
    assert world.register(unit)[unit.name].standing is Registered.REGISTERED
    assert len(world.state.registry.certificates(serial=unit.serial)) == 1


def test_a_drained_node_is_not_proved_and_its_drain_is_left(world: World) -> None:
    unit = world.units[1]
    name = node_name(unit.site, unit.id)
    world.platform.known[name] = Node(name, Health.UP, drained=True, reason="maria: fan is loud")
    assert "not proved" in world.register(unit)[unit.name].text
    assert world.platform.known[name].reason == "maria: fan is loud"


def test_another_machine_at_a_place_is_suspect_and_gets_nothing(world: World) -> None:
    unit = world.units[1]
    world.machines.by_unit[unit.name].serial = "QR-666"
    (result,) = world.register(unit).values()
    assert result.standing is Registered.SUSPECT
    assert "answers as QR-666" in result.text
    assert world.state.machines.marked([unit.name])[unit.name].lifecycle is Lifecycle.QUARANTINED
    assert list(world.state.registry.certificates()) == []


def test_a_copied_disk_is_suspect(world: World) -> None:
    one, other = world.units[1:3]
    world.register(one)
    world.machines.by_unit[other.name].key = world.machines.by_unit[one.name].key
    (result,) = world.register(other).values()
    assert result.standing is Registered.SUSPECT
    assert "one is a copy" in result.text
    again = world.register(other)[other.name]
    assert (again.standing, "quarantine" in again.text) == (Registered.FAILED, True), "until a person has looked"


def test_a_certificate_that_is_due_is_renewed_with_another_key(world: World) -> None:
    unit = world.units[1]
    world.register(unit)
    first = world.machines.by_unit[unit.name].key
    world.clock.jump(timedelta(days=61).total_seconds())
    assert world.register(unit)[unit.name].standing is Registered.REGISTERED
    old, new = world.state.registry.certificates(serial=unit.serial)
    assert old.key != new.key
    assert world.machines.by_unit[unit.name].key is not first
    assert new.not_after - old.not_after >= timedelta(days=60)


def test_a_revoked_certificate_is_listed_and_replaced_by_one_for_another_key(world: World) -> None:
    unit = world.units[1]
    world.register(unit)
    registry, now = world.state.registry, world.clock.now().utc
    (gone,) = revoke(registry, unit.serial, Reason.KEY_COMPROMISE, actor="ada", at=now)
    assert revoke(registry, gone.number, Reason.KEY_COMPROMISE, actor="ada", at=now) == []
    assert gone.number.encode() not in revocations(registry, world.issuer, now), "it is DER, not text"
    assert world.register(unit)[unit.name].standing is Registered.REGISTERED
    entry = registry.registrations()[unit.name]
    assert entry.number != gone.number


def test_a_unit_without_a_serial_or_an_answer_is_told_apart(world: World) -> None:
    nameless = replace(world.units[1], serial="")
    world.machines.by_unit[world.units[2].name].is_on = False
    results = world.register(nameless, world.units[2])
    assert [result.standing for result in results.values()] == [Registered.FAILED, Registered.PENDING]


def test_what_a_unit_answers_is_believed_only_with_its_key(world: World) -> None:
    unit = world.units[1]
    for answer in (b"", b"[]", b'{"request": "nonsense"}', b'{"request": 7}'):
        with pytest.raises(NotRegistered) as refused:
            world.registrar.enrolment(unit, answer)
        assert refused.value.cause is Cause.BAD_ANSWER
    sent = json.loads(world.registrar.enrolment(unit, json.dumps({"request": a_request(unit.serial)}).encode()))
    assert set(sent) == {"schema", "certificate", "chain", "root", "registration"}
    assert "PRIVATE" not in json.dumps(sent)


def test_the_ledger_keeps_what_came_of_it(world: World) -> None:
    unit = world.units[1]
    (result,) = world.register(unit).values()
    draft = draft_of(result, "ada", START)
    assert (draft.subject, draft.outcome, draft.detail["node"]) == (unit.name, Outcome.DONE, "les-sables-a101-1")
    assert from_detail(draft.detail) == detail_of(result)
    assert from_detail({"unknown": 1}) == Detail()


def test_a_machine_that_was_revoked_while_its_node_joined_is_registered_with_nobody(world: World) -> None:
    unit = world.units[0]
    world.register(unit)
    (held,) = world.state.registry.certificates(serial=unit.serial)
    at = world.clock.now().utc
    world.state.registry.revoke([held.number], Reason.CESSATION_OF_OPERATION, actor="kim", at=at)
    world.state.registry.unregister(unit.name, actor="kim", at=at)
    with pytest.raises(NotRegistered, match="no certificate any more"):
        world.registrar.complete(unit, lambda: None)
    assert world.state.registry.registrations([unit.name]) == {}


def test_who_is_given_up_while_its_node_joins_is_registered_with_nobody(world: World) -> None:
    unit = world.units[1]
    world.register(unit)
    world.state.registry.unregister(unit.name, actor="kim", at=world.clock.now().utc)
    proved = world.platform.proved

    def still() -> None:
        if world.platform.proved > proved:
            raise Fenced("another controller has taken over")

    with pytest.raises(Fenced):
        world.registrar.complete(unit, still)
    assert world.state.registry.registrations([unit.name]) == {}


@dataclass
class Forgetful:
    """An executor that lost its steps: it never says anything of some. Fills the port `Executor`."""

    clock: FakeClock
    answers: frozenset[str] = frozenset()
    cancelled: list[Step] = field(default_factory=list)
    polled: int = 0
    _results: list[StepResult] = field(default_factory=list)

    def submit(self, steps: Sequence[Step]) -> None: ...

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        self.polled += 1
        assert self.polled < 1000, "it is asked for ever"
        self.clock.advance(timeout_s)
        results, self._results = self._results, []
        return results

    def cancel(self, step: Step) -> None:
        self.cancelled.append(step)
        if step.unit in self.answers:
            self._results.append(StepResult(step, Ending.NO_OUTCOME, "given up"))

    def close(self) -> None: ...


def test_a_step_that_was_lost_is_given_up_once_and_then_has_no_outcome() -> None:
    executor = Forgetful(FakeClock(), answers=frozenset({"here/r2"}))
    steps = [Step("g1", unit, 1, 1, StepKind.REGISTER, 1) for unit in ("here/r1", "here/r2")]
    results = {result.step.unit: result for result in results_of(executor, steps, executor.clock)}
    assert executor.cancelled == steps
    assert results["here/r2"].message == "given up"
    assert results["here/r1"].ending is Ending.NO_OUTCOME
    assert "nothing was heard of it" in results["here/r1"].message
