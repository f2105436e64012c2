"""No schedule under any fault script breaks a cap as the world itself counts; every rollout ends or says why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Drain, Policy, Staging
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.state import Action, CommandKind, Ending, Phase, Progress, Status
from tests.builders.observer import Observer
from tests.builders.play import Play, building, progress, update
from tests.builders.premises import plant
from tests.builders.slots import slot_faults
from tests.builders.world import FakeUnit, FakeWorld

HOMES = ("s/r1", "s/r2", "s/r3", "s/r4", "s/r5")
BOILERS = ("w/b1", "w/b2", "w/b3", "w/b4")
LONGEST_S = 4 * 3600.0
IDLE_TICKS = 60
"""Longer than any pause before another try."""

units: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "lose_outcomes": st.integers(0, 2),
        "drop_steps": st.sampled_from([0, 0, 1, 2, 1000]),
        "endings": st.lists(st.sampled_from([Ending.OK, Ending.FAILED, Ending.REFUSED]), max_size=1),
        "reboots_after_configure": st.booleans(),
        "stays_down": st.sampled_from([False, False, False, True]),
        "cold_after_reboot": st.sampled_from([False, False, False, True]),
        "jobs": st.sampled_from([None, 0, 2]),
        "config": st.sampled_from(["", "old"]),
        "reboot_s": st.sampled_from([5.0, 20.0]),
        "agent_s": st.sampled_from([0.0, 10.0]),
        "power_w": st.sampled_from([600.0, 600.0, 600.0, 0.0]),
        "temperature_c": st.sampled_from([20.0, 20.0, 17.5]),
    }
)
caps = st.builds(
    AtMost,
    fleet=st.sampled_from([None, 1, 3]),
    site=st.sampled_from([None, 1, 2]),
    dwelling=st.sampled_from([None, 1]),
    loop=st.sampled_from([None, 1, 2]),
)
policies = st.builds(
    Policy,
    name=st.just("p"),
    max_in_progress=st.integers(1, 6),
    staging=st.builds(
        Staging, max_in_progress=st.integers(1, 4), timeout_s=st.just(60.0), carry_timeout_s=st.just(90.0)
    ),
    max_failed=st.sampled_from([0, 9]),
    max_sites_halted=st.sampled_from([0, 9]),
    max_unavailable=caps,
    cap_down_w=st.sampled_from([None, 1500.0, 3000.0]),
    cap_loop_down_w=st.sampled_from([None, 2000.0, 4000.0]),
    retries=st.integers(0, 2),
    step_timeout_s=st.just(30.0),
    unit_timeout_s=st.just(120.0),
    unreachable=st.sampled_from(["fail", "skip", "defer"]),
    defer_for_s=st.sampled_from([0.0, 60.0]),
    defer_every_s=st.just(20.0),
    gate_wait_s=st.just(60.0),
    soak_samples=st.integers(0, 2),
    soak_every_s=st.just(5.0),
    on_failure=st.sampled_from(["halt", "revert"]),
    drain=st.builds(Drain, deadline_s=st.just(30.0), jobs=st.sampled_from(["cancel", "defer"])),
)


@dataclass(frozen=True)
class Event:
    """Something that befalls the world at a tick."""

    tick: int
    what: str
    unit: str


events = st.builds(
    Event,
    st.integers(1, 150),
    st.sampled_from(["cut", "back", "cool", "warm", "edit", "kill", "power", "expire", "renew", "withdraw"]),
    st.sampled_from(HOMES + BOILERS),
)


@st.composite
def watched(draw: st.DrawFn) -> tuple[Play, Observer]:
    world = FakeWorld(_drawn(draw, name) for name in ("s/gw", *HOMES, "w/gw", *BOILERS))
    rows = [_row(draw, unit) for unit in world.units.values()]
    policy = draw(policies)
    world.least_s = 3.0
    play = Play(world, rows, policy)
    envelope_w = draw(st.sampled_from([1e6, 12_000.0]))
    homes = draw(st.sampled_from([(HOMES,), (HOMES[:2], HOMES[2:])]))
    play.surroundings.dwelling_of = {unit: f"d{n}" for n, home in enumerate(homes) for unit in home}

    def change(premises: SitePremises) -> SitePremises:
        of_loop = premises.site == "w"
        changed = plant("w", BOILERS, ["w/gw"], demand_w=draw_w) if of_loop else premises
        return replace(changed, subscribed_power_w=envelope_w)

    draw_w = draw(st.sampled_from([1000.0, 2000.0, 4000.0]))
    play.surroundings.change = change
    return play, Observer(world, play.surroundings, policy)


def _drawn(draw: st.DrawFn, name: str) -> FakeUnit:
    if name.endswith("/gw"):
        return FakeUnit(name, config="old")
    water_c = draw(st.sampled_from([60.0, 60.0, 55.6])) if name in BOILERS else None
    unit = FakeUnit(name, f"{name[0]}/gw", water_c=water_c, **draw(units))
    for fault, value in draw(slot_faults).items():
        setattr(unit.slots, fault, value)
    return unit


def _row(draw: st.DrawFn, unit: FakeUnit) -> Progress:
    is_gateway = unit.name.endswith("/gw")
    need = draw(st.sampled_from(["configure", "update", "update and configure"]))
    if need != "configure":
        unit.config = "old"
        kind = Kind.GATEWAY if is_gateway else Kind.BOILER if unit.name in BOILERS else Kind.RADIATOR
        return update(unit.name, kind=kind, gateway="" if is_gateway else "gw", config=need != "update")
    if is_gateway:
        return progress(unit.name, kind=Kind.GATEWAY)
    actions = (Action.CONFIGURE, Action.REBOOT) if unit.reboots_after_configure else (Action.CONFIGURE,)
    kind = Kind.BOILER if unit.name in BOILERS else Kind.RADIATOR
    return replace(progress(unit.name, kind=kind, gateway="gw", actions=actions), interrupts=unit.agent_s > 0)


def befall(play: Play, event: Event) -> None:
    unit = play.world.units[event.unit]
    match event.what:
        case "cut":
            play.world.gateways_down.add(unit.gateway)
        case "back":
            play.world.gateways_down.discard(unit.gateway)
        case "cool":
            unit.temperature_c = 17.2  # a tank of 1,500 L does not cool between a look and the next step
        case "warm":
            unit.temperature_c = 20.0
        case "power":
            unit.lose_power()
        case "expire":
            play.surroundings.releases = replace(play.surroundings.releases, stale="metadata expired")
        case "renew":
            play.surroundings.releases = replace(play.surroundings.releases, stale="")
        case "withdraw":
            play.surroundings.releases = replace(play.surroundings.releases, withdrawn={"2": "fans"})
        case "edit":
            unit.config_changed = ("/etc/fleet/heat.toml",)
        case _:
            play.start_controller()


def played(play: Play, script: list[Event]) -> None:
    """Tick through the script, then until nobody is under way; waiting for people is no reason to go on."""
    ends_s, idle = play.world.clock.at_s + LONGEST_S, 0
    while not play.row.status.is_end and play.world.clock.at_s < ends_s:
        for event in (event for event in script if event.tick == play.ticks):
            befall(play, event)
        if play.ticks == 150:
            play.world.gateways_down.clear()
            play.surroundings.releases = replace(play.surroundings.releases, stale="")
        idle = 0 if play.board.active else idle + 1
        if play.ticks > 150 and idle > IDLE_TICKS:
            return
        play.tick()


@given(watched(), st.lists(events, max_size=8))
@settings(deadline=None, max_examples=25)
def test_no_cap_is_broken_as_the_world_counts_and_every_rollout_ends_or_says_what_it_waits_for(
    scene: tuple[Play, Observer], script: list[Event]
) -> None:
    play, observer = scene
    played(play, script)
    assert observer.broken == []
    assert not play.board.active, play.unfinished()
    assert not play.world.done_twice()
    now, around = play.world.clock.now(), play.around()
    for row in play.rows.values():
        unit = play.world.units[row.unit]
        assert not (row.phase.is_end and unit.drained_by and "still drained" not in row.reason), row
        if row.phase is Phase.PENDING:
            assert "next tick" not in why(play.board, row.unit, now, around)


def test_a_repair_is_possible_though_its_own_failure_fills_the_fleets_limit() -> None:
    policy = Policy(
        "p", retries=0, max_failed=9, max_sites_halted=9, step_timeout_s=30, max_unavailable=AtMost(fleet=1)
    )
    play = building(2, policy=policy)
    for name in ("s/r01", "s/r02"):
        play.rows[name] = replace(play.rows[name], actions=(Action.CONFIGURE, Action.REBOOT))
        play.world.units[name].reboots_after_configure, play.world.units[name].reboot_s = True, 5.0
    broken = play.world.units["s/r01"]
    broken.stays_down = True
    play.start_controller()
    while play.rows["s/r01"].phase is not Phase.FAILED:
        play.tick()
    for _ in range(100):
        play.tick()
    assert "1 units of the fleet are down, limit 1" in why(play.board, "s/r02", play.world.clock.now(), play.around())
    broken.stays_down, broken.reachable = False, True
    play.tell(CommandKind.RETRY, "s/r01")
    play.tick()
    assert play.run() is Status.SUCCEEDED


def test_a_gateway_cut_in_mid_rollout_fails_nobody_and_its_units_go_on_when_it_is_back() -> None:
    play = building(4, policy=Policy("p", max_in_progress=2, max_failed=0, retries=0, step_timeout_s=30))
    while play.rows["s/r01"].phase is not Phase.VERIFYING:
        play.tick()
    play.world.gateways_down.add("s/gw")
    for _ in range(300):
        play.tick()
    assert "gateway s/gw does not answer" in why(play.board, "s/r04", play.world.clock.now(), play.around())
    play.world.gateways_down.clear()
    assert play.run() is Status.SUCCEEDED
    assert {row.phase for row in play.rows.values()} == {Phase.SUCCEEDED}
