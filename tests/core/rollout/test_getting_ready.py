"""While a unit of a dwelling is down the next one gets ready; it goes down only when the first is back."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Policy
from fleetctl.core.rollout.state import Action, Phase, Status
from tests.builders.play import Play, progress, update
from tests.builders.world import START, FakeUnit, FakeWorld

HOME = ("s/r1", "s/r2", "s/r3")
POLICY = Policy("p", max_in_progress=3, max_failed=0, soak_samples=0)


def home(policy: Policy = POLICY, *, temperature_c: float = 20.0, design_c: float = -5.0) -> Play:
    """Return a rollout of the three radiators of one dwelling, of which G2 lets one be down."""
    radiators = [
        FakeUnit(name, "s/gw", reboot_s=60.0, reboots_after_configure=True, temperature_c=temperature_c)
        for name in HOME
    ]
    rows = [progress(name, gateway="gw", actions=(Action.CONFIGURE, Action.REBOOT)) for name in HOME]
    play = Play(FakeWorld([FakeUnit("s/gw"), *radiators]), rows, policy)
    play.surroundings.dwelling_of = dict.fromkeys(HOME, "d")
    play.surroundings.change = lambda premises: replace(premises, design_temperature_c=design_c)
    return play


def watch(play: Play) -> tuple[set[str], int, int]:
    """Play to the end; return the phases of others while a unit was down, and the most at once: under way, and down."""
    phases, under_way, down = set[str](), 0, 0
    while not play.row.status.is_end:
        play.tick()
        active = list(play.board.active.values())
        under_way, down = max(under_way, len(active)), max(down, play.board.down)
        if play.board.down:
            phases |= {each.phase.value for each in active if not each.down}
        assert play.ticks < 2000, play.unfinished()
    return phases, under_way, down


def test_the_next_one_is_configured_and_waits_at_the_gate_while_the_first_is_down() -> None:
    play = home()
    phases, under_way, down = watch(play)
    assert play.row.status is Status.SUCCEEDED
    assert {Phase.CONFIGURING.value, Phase.DRAINING.value} <= phases
    assert (under_way, down) == (2, 1)


def test_who_gets_ready_takes_no_place_that_is_not_there() -> None:
    play = home(replace(POLICY, max_in_progress=1))
    assert watch(play)[1:] == (1, 1)


def test_nobody_gets_ready_who_could_not_go_down_if_all_others_were_back() -> None:
    play = home(temperature_c=12.0, design_c=-60.0)
    for _ in range(30):
        play.tick()
    assert all(row.phase is Phase.PENDING for row in play.rows.values())


def test_a_gateway_gets_not_ready_beside_a_unit_that_began_after_it_was_refused() -> None:
    world = FakeWorld([FakeUnit("s/gw"), FakeUnit("s/r1", "s/gw", power_w=0.0)])
    gateway = replace(update("s/gw", kind=Kind.GATEWAY), installed=True, slot="B", slot_before="A")
    tried = replace(progress("s/r1", gateway="gw"), interrupts=True, down=True, down_since=START, tries=1)
    play = Play(world, [gateway, tried], replace(POLICY, max_unavailable=AtMost(site=1)))
    play.facts.add([world.observe("s/r1")])
    play.tick()
    assert {name: row.phase for name, row in play.rows.items()} == {
        "s/gw": Phase.PENDING,  # it may not be down besides r1, which may be tried again, and then is under way
        "s/r1": Phase.CONFIGURING,
    }
