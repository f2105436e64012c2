"""Retiring a machine: in order, each step read back, from wherever an earlier try was cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fleetctl.core.commissioning.lifecycle import Lifecycle, marks
from fleetctl.core.facts import Cause
from fleetctl.core.identity.retiring import heat_left, refusal_of_number, with_serial
from fleetctl.core.inventory.fleet import Authority, ComputeSettings, Unit
from fleetctl.core.platform.drains import by_hand
from fleetctl.core.platform.node import Health, Job, JobState, node_name
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.rollout.state import Step, StepKind
from fleetctl.ports.platform import PlatformNode
from fleetctl.services.enrolment import Registrar
from fleetctl.services.register import Errand, register
from fleetctl.services.retire import Choice, Farewell, retire
from tests.builders.authority import an_authority
from tests.builders.fleets import a_building, a_fleet
from tests.builders.machines_to_register import FakePlatform, Machines
from tests.builders.memory_state import MemoryState
from tests.builders.world import START, FakeClock

ORDER = ["drained", "revoked", "unregistered", "wiped", "off"]


class Cut(Exception):
    """Raised by a test to end the process at some point."""


@dataclass
class World:
    """One radiator that is registered with everybody."""

    registrar: Registrar
    platform: FakePlatform
    machines: Machines
    clock: FakeClock
    unit: Unit
    rounds: int = 0

    @property
    def state(self) -> MemoryState:
        assert isinstance(self.registrar.state, MemoryState)
        return self.registrar.state

    def retire(self, **choice: object) -> Iterator[str]:
        self.rounds += 1
        chosen = replace(Choice(drain_s=60.0, reason="fan broken"), **choice)  # type: ignore[arg-type]  # real fields
        return retire(
            Farewell(
                f"x{self.rounds}",
                1,
                self.unit,
                chosen,
                self.state,
                self.registrar.standing_of,
                lambda: self.machines,
                self.machines.look,
                self.clock,
                "ada",
            )
        )

    def is_gone(self) -> bool:
        """Say whether nobody knows the machine any more, and it does not either."""
        certificates = self.state.registry.certificates(serial=self.unit.serial)
        known = self.state.registry.registrations()
        nodes = self.platform.nodes([node_name(self.unit.site, self.unit.id)]).values()
        believed = [c for c in certificates if c.holds(self.clock.now().utc)]
        return not (known or believed) and {node.health for node in nodes} == {Health.ABSENT}


def a_world(folder: Path, **changes: Any) -> World:
    ca, site = an_authority(folder, START), a_building()
    units = {**site.units, "a101-1": replace(site.units["a101-1"], **changes)}
    fleet = a_fleet(replace(site, units=units), authority=Authority(ca.chain().root_sha256))
    chosen = fleet.by_name["les-sables/a101-1"]
    platform, clock = FakePlatform(), FakeClock()

    def standing_of(of: Unit) -> PlatformNode | None:
        return PlatformNode("slurm", platform, node_name(of.site, of.id)) if of.compute.platform != "none" else None

    assert fleet.authority is not None
    registrar = Registrar(fleet, fleet.authority, ca, MemoryState(), standing_of, clock, "ada")
    machines = Machines.of(list(fleet.units()))
    machines.registrar = registrar
    errand = Errand("g1", 1, registrar, lambda: machines, machines.look)
    assert all(result.is_well for result in register(errand, [chosen]))
    return World(registrar, platform, machines, clock, chosen)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return a_world(tmp_path)


def test_a_machine_is_taken_out_everywhere_in_order(world: World) -> None:
    done = list(world.retire())
    assert [said.partition(":")[0] for said in done] == ORDER
    assert world.is_gone()
    machine = world.machines.by_unit[world.unit.name]
    assert (machine.told, machine.is_on) == (None, False)
    told = marks(world.state.ledger.entries(world.unit.site))
    assert (told.lifecycle, told.reason) == (Lifecycle.RETIRED, "fan broken")


def test_a_certificate_is_revoked_before_the_machine_is_touched(world: World) -> None:
    def look(step: Step) -> None:
        assert step.kind not in {StepKind.WIPE, StepKind.POWER_OFF} or world.is_gone()

    world.machines.before = look
    list(world.retire())


@pytest.mark.parametrize("cut", range(1, 6))
def test_after_a_cut_the_same_call_goes_on(world: World, cut: int) -> None:
    for number, _ in enumerate(world.retire(), start=1):
        if number == cut:
            break  # the process ends here
    again = list(world.retire())
    assert again[-1].partition(":")[0] in {"off", "unregistered"}
    assert world.is_gone()
    assert not world.machines.by_unit[world.unit.name].is_on


@pytest.mark.parametrize("kind", [StepKind.WIPE, StepKind.POWER_OFF])
def test_a_cut_in_the_middle_of_a_step_leaves_nothing_half_done(world: World, kind: StepKind) -> None:
    def cut(step: Step) -> None:
        if step.kind is kind and world.rounds == 1:
            raise Cut

    world.machines.before = cut
    with pytest.raises(Cut):
        list(world.retire())
    list(world.retire())
    assert world.is_gone()


def test_what_is_not_registered_any_more_may_be_retired_again(world: World) -> None:
    list(world.retire())
    assert list(world.retire()) == ["revoked: none was left", "unregistered: node les-sables-a101-1 is gone"]


def test_jobs_are_waited_for_and_not_ended_unless_that_is_said(world: World) -> None:
    name = node_name(world.unit.site, world.unit.id)
    world.platform.known[name] = replace(world.platform.known[name], jobs=(Job("7", JobState.RUNNING),))
    with pytest.raises(CouldNot, match="jobs still run"):
        list(world.retire())
    assert world.machines.by_unit[world.unit.name].told is not None
    assert "1 job lost: 7" in next(world.retire(cancel_jobs=True)), "the drain of the try before is its own"


@pytest.mark.parametrize("theirs", ["disk is loud", by_hand("fan is loud")])
def test_jobs_under_a_drain_of_somebody_else_are_never_ended(world: World, theirs: str) -> None:
    name = node_name(world.unit.site, world.unit.id)
    busy = replace(world.platform.known[name], drained=True, reason=theirs, jobs=(Job("7", JobState.RUNNING),))
    world.platform.known[name] = busy
    with pytest.raises(CouldNot, match=f"drained by others: {theirs}"):
        list(world.retire(cancel_jobs=True))
    assert world.platform.known[name] == busy
    world.platform.known[name] = replace(busy, jobs=())
    assert "has no jobs" in next(world.retire(cancel_jobs=True)), "once they are over, its drain is in nobody's way"


def test_jobs_of_a_unit_without_a_platform_are_its_daemons(tmp_path: Path) -> None:
    world = a_world(tmp_path, compute=ComputeSettings())
    world.machines.by_unit[world.unit.name].jobs = 1
    with pytest.raises(CouldNot, match="jobs still run"):
        list(world.retire())
    assert "drained: drain" in next(world.retire(cancel_jobs=True))


def test_a_machine_that_is_gone_is_taken_out_of_the_books(world: World) -> None:
    world.machines.by_unit[world.unit.name].is_on = False
    with pytest.raises(CouldNot, match="cannot be wiped") as refused:
        list(world.retire())
    assert "--gone" in refused.value.hint
    assert len(list(world.retire(gone=True))) == 2
    assert world.is_gone()


def test_another_machine_in_the_place_is_left_alone(world: World) -> None:
    world.machines.by_unit[world.unit.name].serial = "QR-666"
    with pytest.raises(CouldNot, match="answers as QR-666"):
        list(world.retire())
    assert len(world.machines.steps) == 1, "only that it was registered"


def test_a_machine_that_nobody_can_tell_from_another_is_left_alone(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    declared, world.unit = world.unit, replace(world.unit, serial="")
    with pytest.raises(CouldNot, match=f"answers as {declared.serial}, the inventory has no serial") as refused:
        list(world.retire())
    assert "--serial" in refused.value.hint
    assert len(world.machines.steps) == 1, "only that it was registered"
    assert world.state.registry.registrations()
    world.unit = with_serial(world.unit, declared.serial)
    list(world.retire())
    assert world.is_gone()


def test_a_serial_that_contradicts_the_inventory_is_refused(world: World) -> None:
    assert with_serial(world.unit, "") == with_serial(world.unit, world.unit.serial) == world.unit
    with pytest.raises(InvalidInput, match="QR-666"):
        with_serial(world.unit, "QR-666")


def test_a_machine_may_heat_on(world: World) -> None:
    list(world.retire(off=False))
    assert world.machines.by_unit[world.unit.name].is_on
    assert world.machines.by_unit[world.unit.name].facts("x").registration == ""


def test_a_platform_that_is_away_stops_before_anything_is_taken_back(world: World) -> None:
    world.platform.away = True
    with pytest.raises(CouldNot):
        list(world.retire())
    assert world.state.registry.registrations()
    assert Cause.AWAY.value == "away"


def test_the_heat_that_is_left_is_told() -> None:
    fleet = a_fleet()
    assert heat_left(fleet, fleet.by_name["les-sables/a101-1"]) == "A101 keeps 2 of 3 units, 1300 of 1950 W"
    assert heat_left(fleet, fleet.by_name["les-sables/gw-1"]) == ""


@pytest.mark.parametrize(
    ("orphaned", "allowed", "declared", "refused"),
    [
        (["s/a"], None, 10, ""),
        (["s/a"], 1, 10, ""),
        (["s/a"], 2, 10, "says 2, and 1 units are orphaned: s/a"),
        ([], 1, 10, "none"),
        (["s/a", "s/b"], 2, 10, "more than 5 %"),
        (["s/a", "s/b"], 2, 40, ""),
    ],
)
def test_only_the_exact_number_is_retired_and_a_small_part(
    orphaned: list[str], allowed: int | None, declared: int, refused: str
) -> None:
    said = refusal_of_number(orphaned, allowed, declared, 5.0)
    assert (said is None) == (not refused)
    assert refused in (said or "")
