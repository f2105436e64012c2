"""Running a sitting: until the person leaves, or nothing goes on any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.talk.scene import Heard
from fleetctl.services.commissioning.run import run
from tests.builders.sitting import READY, World, radiators
from tests.builders.world import FakeClock


@dataclass
class Script:
    """Lines that come one at each look, and then no more. Fills the port `Lines`."""

    clock: FakeClock
    lines: list[str] = field(default_factory=list)
    ends: bool = True

    @property
    def ended(self) -> bool:
        return self.ends and not self.lines

    def read(self, timeout_s: float) -> str | None:
        self.clock.wait(timeout_s)
        return self.lines.pop(0) if self.lines else None


def codes(said: Iterable[Heard]) -> list[str]:
    return [one.code.value for heard in said for one in heard.sayings]


def ready() -> World:
    world = World()
    world.write(READY)
    return world


def test_a_person_who_leaves_is_let_go_at_once() -> None:
    world = ready()
    said = codes(run(world.sitting(), Script(world.clock, ["QR-0011", "quit"]), lambda: False, 60.0))
    assert said[0] == "begun"
    assert said[-1] == "left"
    assert "installed" in said


def test_after_the_last_line_what_goes_on_by_itself_goes_on() -> None:
    world = ready()
    sitting = world.sitting(radiators()[:1])
    said = codes(run(sitting, Script(world.clock, ["QR-0011"]), lambda: False, 60.0))
    assert said[-1] == "stuck"
    assert sitting.checklist.units["s/a1-1"].of(Stage.REGISTERED).passed


def test_who_does_not_answer_is_given_up_after_patience_and_not_before() -> None:
    world = ready()
    world.instruments[Stage.DISCOVERED].outcomes["a1-1"] = "no answer"
    began_s = world.clock.now().monotonic_s
    said = codes(run(world.sitting(radiators()[:1]), Script(world.clock, ["QR-0011"]), lambda: False, 60.0))
    assert said[-1] == "stuck"
    assert 60.0 <= world.clock.now().monotonic_s - began_s < 90.0


def test_what_goes_on_at_a_unit_is_waited_for() -> None:
    world = ready()
    burn_in = world.instruments[Stage.BURN_IN]
    burn_in.outcomes["a1-1"], burn_in.goes_on = "50 %", True
    looks: Iterator[Heard] = run(world.sitting(radiators()[:1]), Script(world.clock, ["QR-0011"]), lambda: False, 60.0)
    until_s = world.clock.now().monotonic_s + 600.0
    while world.clock.now().monotonic_s < until_s:
        next(looks)
    burn_in.outcomes.clear()
    assert codes(looks)[-1] == "stuck"
    assert world.sitting().checklist.units["s/a1-1"].of(Stage.BURN_IN).passed


def test_patience_is_not_lost_with_what_is_looked_at_seldom() -> None:
    world = ready()
    burn_in = world.instruments[Stage.BURN_IN]
    burn_in.outcomes["a1-1"], burn_in.goes_on, burn_in.again_s = "50 %", True, 60.0
    looks: Iterator[Heard] = run(world.sitting(radiators()[:1]), Script(world.clock, ["QR-0011"]), lambda: False, 20.0)
    until_s = world.clock.now().monotonic_s + 600.0
    while world.clock.now().monotonic_s < until_s:
        next(looks)
    assert len(burn_in.rounds) > 5


def test_a_stop_from_outside_leaves_everything_kept() -> None:
    world = ready()
    stops = iter([False, False, True])
    said = codes(run(world.sitting(), Script(world.clock, ["QR-0011"], ends=False), lambda: next(stops), 60.0))
    assert said[-1] == "left"
