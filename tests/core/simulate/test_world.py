"""The modelled world answers once for each thing asked, as units behind gateways would, and never lies about heat."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.simulate.conditions import Durations, Faults
from fleetctl.core.simulate.world import World
from tests.builders.fleets import MODELS, a_building, a_fleet
from tests.builders.simulated import CALM, a_world, quiet

UNIT, GATEWAY = "les-sables/a101-1", "les-sables/gw-1"
NEW = "1" * 64


def step(kind: StepKind, *, number: int = 1, epoch: int = 1, unit: str = UNIT, cancel_jobs: bool = False) -> Step:
    return Step("r", unit, 1, number, kind, epoch, NEW, cancel_jobs=cancel_jobs)


def done(world: World, *steps: Step) -> StepResult:
    """Do steps one after the other; returns the last result."""
    for each in steps:
        world.start([each])
        while not (results := world.advance(world.at_s + 3600).results):
            pass
    return results[0]


def seen(world: World, unit: str = UNIT) -> Observation:
    world.look([unit])
    while not (observations := world.advance(world.at_s + 3600).observations):
        pass
    return observations[0]


def facts(world: World, unit: str = UNIT) -> Facts:
    observation = seen(world, unit)
    assert isinstance(observation, Facts), observation
    return observation


def test_a_config_is_applied_and_asks_for_a_reboot_that_brings_a_new_boot() -> None:
    world = a_world(conditions=quiet())
    before = facts(world)
    assert done(world, step(StepKind.CONFIGURE)).reboot_needed
    assert facts(world).config_digest == NEW
    assert facts(world).previous_digest == before.config_digest
    assert done(world, step(StepKind.REBOOT, number=2)).ending is Ending.OK
    assert isinstance(seen(world), Unobserved)
    world.advance(world.at_s + 900)
    after = facts(world)
    assert after.boot_id != before.boot_id
    assert not after.reboot_needed


def test_a_room_cools_while_its_units_are_down_and_warms_up_again() -> None:
    world = a_world(conditions=quiet())
    room = next(space for space in world.spaces if space.shape.id == "A101")
    for number in (1, 2, 3):
        done(world, step(StepKind.REBOOT, unit=f"les-sables/a101-{number}"))
    assert room.down == world.without_heat
    assert room.most_down == 3
    world.advance(world.at_s + 900)
    assert not world.without_heat
    room.advance(world.at_s)
    assert room.lowest_c < room.temperature_c
    assert room.lacked_j > 0


def test_a_repeated_step_is_answered_from_the_journal_and_an_old_epoch_is_refused() -> None:
    world = a_world(conditions=quiet())
    reboot = step(StepKind.REBOOT)
    done(world, reboot)
    world.advance(world.at_s + 900)
    boot = facts(world).boot_id
    assert done(world, reboot).message == "repeated"
    assert facts(world).boot_id == boot
    done(world, step(StepKind.VERIFY, number=2, epoch=5))
    assert done(world, step(StepKind.REBOOT, number=3, epoch=4)).cause is Cause.FENCED


def test_a_cancelled_step_is_answered_once_and_still_done() -> None:
    world = a_world(conditions=quiet())
    configure = step(StepKind.CONFIGURE)
    world.start([configure])
    world.cancel(configure)
    answers = [result for _ in range(5) for result in world.advance(world.at_s + 60).results]
    assert [answer.ending for answer in answers] == [Ending.NO_OUTCOME]
    assert facts(world).config_digest == NEW


def test_a_silent_gateway_hides_its_units_and_does_not_make_them_unreachable() -> None:
    world = a_world(conditions=quiet())
    done(world, step(StepKind.REBOOT, unit=GATEWAY))
    behind, itself = seen(world), None
    assert isinstance(behind, Unobserved)
    assert behind.cause is Cause.GATEWAY_DOWN
    world.advance(world.at_s + 900)
    itself = seen(world, GATEWAY)
    assert isinstance(itself, Facts)


def test_units_that_do_not_heat_without_their_gateway_lose_heat_with_it() -> None:
    fleet = a_fleet(a_building(radiators=3))
    bound = {id: replace(model, heats_without_gateway=False) for id, model in MODELS.items()}
    for models, cold in ((MODELS, 0), (bound, 3)):
        world = a_world(replace(fleet, models=models), quiet())
        done(world, step(StepKind.REBOOT, unit=GATEWAY))
        assert len(world.without_heat) == cold
        world.advance(world.at_s + 900)
        assert not world.without_heat


def test_a_gateway_that_dies_comes_back() -> None:
    conditions = replace(CALM, faults=Faults(dead_gateways=1, busy=0.0))
    world = a_world(conditions=conditions)
    ((name, (dies_s, back_s)),) = world.links.outages.items()
    assert name == GATEWAY
    assert world.links.gateway_answers(name, dies_s - 1)
    assert not world.links.gateway_answers(name, dies_s + 1)
    assert world.links.gateway_answers(name, back_s)


def test_a_flaky_link_is_sometimes_up_and_sometimes_not() -> None:
    world = a_world(conditions=replace(CALM, faults=Faults(flaky_links=1.0)))
    ups = [world.links.is_up(UNIT, 10.0 * number) for number in range(2000)]
    assert 0.3 < sum(ups) / len(ups) < 0.95


def test_a_drained_unit_is_free_when_its_job_has_ended_and_takes_jobs_again_when_it_is_undrained() -> None:
    world = a_world(conditions=replace(CALM, faults=Faults(busy=1.0)))
    done(world, step(StepKind.DRAIN))
    compute = facts(world).compute
    assert compute is not None
    assert compute.drained
    assert compute.reason == "fleetctl r"
    world.advance(world.at_s + 86_400)
    free = facts(world).compute
    assert free is not None
    assert not free.jobs
    done(world, step(StepKind.UNDRAIN, number=2))
    again = facts(world).compute
    assert again is not None
    assert not again.drained
    assert world.units[UNIT].jobs_lost == 0


def test_jobs_that_are_ended_are_counted() -> None:
    world = a_world(conditions=replace(CALM, faults=Faults(busy=1.0), durations=Durations()))
    done(world, step(StepKind.DRAIN, cancel_jobs=True))
    assert world.units[UNIT].jobs_lost == 1


def test_a_heat_pulse_proves_heat_where_none_is_asked_for() -> None:
    world = a_world(conditions=quiet())
    for space in world.spaces:
        space.temperature_c = space.shape.setpoint_c + 1.0
    heat = facts(world).heat
    assert heat is not None
    assert heat.commanded_w == 0
    done(world, replace(step(StepKind.VERIFY), config_digest="", pulse_s=600.0, pulse_k=0.5))
    pulsing = facts(world).heat
    assert pulsing is not None
    assert pulsing.power_w == pulsing.commanded_w == 650.0
    assert 0 < pulsing.pulse_left_s <= 600
