"""`fleetctl unit retire`: take a machine out for good."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import UnitName
from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.ports import Executor, State
    from fleetctl.services.retire import Choice, Farewell


def retire(
    ctx: typer.Context,
    unit: UnitName,
    confirm: Annotated[str, typer.Option("--confirm", metavar="UNIT", help="Its name again, instead of asking.")] = "",
    serial: Annotated[str, typer.Option("--serial", help="Read off it, where the inventory has none.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Kept in the ledger.")] = "",
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="For jobs that run.")] = 7200.0,
    cancel_jobs: Annotated[bool, typer.Option("--cancel-jobs", help="End those that still run then.")] = False,
    off: Annotated[bool, typer.Option("--off/--keep-on", help="Switch it off in the end, or let it heat on.")] = True,
    gone: Annotated[bool, typer.Option("--gone", help="It is dead or not there: it cannot be wiped.")] = False,
) -> None:
    """Take a machine out for good: drained, its certificate revoked, unregistered, its identity wiped, off.

    It is safe to call again after whatever has cut it short. It ends the unit's heat.
    """
    from fleetctl.cli import compose
    from fleetctl.cli.unit import one_unit
    from fleetctl.core.identity.retiring import heat_left, with_serial
    from fleetctl.services.retire import Choice
    from fleetctl.services.retire import retire as carry_out

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    chosen = with_serial(one_unit(fleet, unit), serial)
    _agree(frame, unit, confirm, heat_left(fleet, chosen))
    with compose.state(frame, durable=True) as state, ExitStack() as stack:
        refuse_busy(state, chosen)
        choice = Choice(wait, cancel_jobs, off, gone, reason)
        done = []
        for said in carry_out(farewell(frame, state, fleet, chosen, choice, stack)):
            frame.notes().print(f"{unit}: {said}")
            done.append(said)
    if frame.is_json:
        print_json({"schema": "fleetctl/retired/v1", "unit": unit, "done": done})
    frame.notes().print(f"{unit} is retired; take it out of the inventory, or declare the machine that follows it")


def _agree(frame: Frame, unit: str, confirm: str, left: str) -> None:
    """Let the person type the unit's name.

    Raises:
        InvalidInput: if it is another.
    """
    frame.notes().print(f"{unit} is taken out for good{f': {left}' if left else ''}")
    typed = confirm or typer.prompt("its name, to go on", err=True)
    if typed != unit:
        raise InvalidInput([Problem("not-confirmed", f"'{typed}' is not {unit}; nothing was done")])


def refuse_busy(state: State, unit: Unit) -> None:
    """Refuse to retire a unit that a rollout is at work on, or that somebody holds.

    Raises:
        CouldNot: says which.
    """
    from fleetctl.cli import identities
    from fleetctl.core.rollout.holds import held_by

    rollout = identities.busy(state, [unit]).get(unit.name)
    if rollout:
        raise CouldNot(f"rollout {rollout} is at work on {unit.name}", hint="wait for it, or abort it")
    hold = held_by(state.orders.holds(), unit.name)
    if hold is not None:
        raise CouldNot(f"{unit.name}: {hold.text}")


def farewell(frame: Frame, state: State, fleet: Fleet, unit: Unit, choice: Choice, stack: ExitStack) -> Farewell:
    """Return what a unit of a fleet is retired with; the stack ends whatever it starts."""
    from fleetctl.cli import compose, hands, identities
    from fleetctl.cli.probe import observe
    from fleetctl.services.retire import Farewell

    epoch = hands.present_epoch(frame, state)

    @cache
    def executor() -> Executor:
        footing = identities.OnTheSpot(frame, state, fleet, None)
        return hands.executing(frame, state, footing, epoch, stack)

    return Farewell(
        compose.new_id("x"),
        epoch,
        unit,
        choice,
        state,
        identities.standing_of(frame, fleet),
        executor,
        partial(observe, frame, state, fleet),
        compose.clock(),
        frame.actor,
    )
