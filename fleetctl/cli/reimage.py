"""`fleetctl unit reimage`: wipe a unit that runs and image it again."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import UnitName
from fleetctl.cli.frame import Frame, frame_of
from fleetctl.cli.ways import known_route_to
from fleetctl.core.problems import CouldNot

if TYPE_CHECKING:
    from fleetctl.adapters.carry.cargo import Cargo
    from fleetctl.core.facts import Observation
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.rollout.state import Step
    from fleetctl.core.route import Route
    from fleetctl.ports import State


def reimage(
    ctx: typer.Context,
    unit: UnitName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    reboot: Annotated[bool, typer.Option("--reboot/--no-reboot", help="Have it start from the network.")] = True,
) -> None:
    """Wipe a unit and image it again: a new host key, the same place and history.

    It is asked for only if the heat guard lets the unit go down now. With `--no-reboot` it is imaged when somebody
    starts it from the network.
    """
    from zoneinfo import ZoneInfo

    from fleetctl.cli import compose
    from fleetctl.cli.unit import one_unit
    from fleetctl.services.apply import policy_of
    from fleetctl.services.heat import Occasion
    from fleetctl.services.reimage import Patient
    from fleetctl.services.reimage import reimage as ask_for

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    chosen = one_unit(fleet, unit)
    if not yes:
        typer.confirm(f"everything on {unit} is wiped, its host key too; go on?", abort=True, err=True)
    with compose.state(frame, durable=True) as state:
        before = _observed(frame, state, fleet, chosen)
        occasion = Occasion(policy_of(fleet, None), compose.clock().now().utc, compose.forecasts(frame), ZoneInfo)
        ask_for(state, Patient(fleet, chosen, before), occasion, frame.actor)
        if reboot:
            _start(frame, state, fleet, chosen)
    frame.notes().print(f"{unit} is imaged when it starts from the network while 'fleetctl image serve' runs")


def _observed(frame: Frame, state: State, fleet: Fleet, unit: Unit) -> Observation | None:
    """Observe the unit and whoever heats with it; return what was known of it before."""
    from fleetctl.cli.probe import observe
    from fleetctl.services.heat import heaters_around

    before = state.units.facts([unit.name]).get(unit.name)
    around = {each.name: each for each in (unit, *heaters_around(fleet, [unit]))}
    observe(frame, state, fleet, list(around.values()))
    return before


def _start(frame: Frame, state: State, fleet: Fleet, unit: Unit) -> None:
    """Have a unit start from the network: one order to one unit, in the present epoch, whoever leads."""
    from fleetctl.cli import compose, hands
    from fleetctl.core.rollout.state import Step, StepKind
    from fleetctl.services.reimage import start_from_network

    step = Step(compose.new_id("i"), unit.name, 1, 1, StepKind.IMAGE, hands.present_epoch(frame, state))
    with ExitStack() as stack:
        footing = _OneUnit(known_route_to(frame, state, fleet, unit))
        start_from_network(hands.executing(frame, state, footing, step.epoch, stack), step)


@dataclass(frozen=True)
class _OneUnit:
    """The way to one unit, which is brought nothing."""

    way: Route

    def route(self, _rollout: str, _unit: str, /) -> Route:
        return self.way

    def payload(self, step: Step) -> bytes:
        raise CouldNot(f"{step.unit} is brought nothing")

    def cargo(self, step: Step) -> Cargo:
        raise CouldNot(f"{step.unit} is brought nothing")

    def redact(self, text: str) -> str:
        return text
