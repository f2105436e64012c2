"""`fleetctl register`: let units be known by certificate, registry, monitoring and compute platform."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fleetctl.core.identity.result import Result
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.ports import State


def register(
    ctx: typer.Context,
    selection: Selection = None,
    renew: Annotated[bool, typer.Option("--renew", help="New keys and certificates, due or not.")] = False,
) -> None:
    """Register units: a certificate for a key made on the unit, the registry, monitoring, the compute platform.

    What is done is not done again; what waits for the CA or the platform is finished by calling again. Exits with 1 if
    a unit is not registered in the end.
    """
    from fleetctl.cli import compose
    from fleetctl.core.identity.result import COLUMNS, SCHEMA, document, row
    from fleetctl.core.selectors import select

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    units = select(fleet, selection or ())
    with compose.state(frame, durable=True) as state:
        told = _told(frame, registered(frame, state, fleet, units, renew=renew))
        results = sorted(_kept(frame, state, told), key=lambda result: result.unit)
    if frame.is_json:
        print_json({"schema": SCHEMA, "units": [document(result) for result in results]})
    else:
        print_table(frame, COLUMNS, map(row, results))
    raise typer.Exit(Exit.DONE if all(result.is_well for result in results) else Exit.FAILED)


def registered(
    frame: Frame, state: State, fleet: Fleet, units: Sequence[Unit], *, renew: bool = False
) -> Iterator[Result]:
    """Register units and yield what came of each; those that a rollout is at work on are left to it."""
    from fleetctl.cli import identities
    from fleetctl.core.identity.result import Registered, Result
    from fleetctl.services.register import register as carry_out

    busy = identities.busy(state, units)
    for unit, rollout in busy.items():
        yield Result(unit, Registered.FAILED, f"rollout {rollout} is at work on it")
    with ExitStack() as stack:
        errand = identities.errand(frame, state, fleet, stack, renew=renew)
        yield from carry_out(errand, [unit for unit in units if unit.name not in busy])


def _told(frame: Frame, results: Iterable[Result]) -> Iterator[Result]:
    """Say on standard error what became of each unit when it is known."""
    notes = frame.notes()
    for result in results:
        notes.print(f"{result.unit}: {result.standing.value}{': ' if result.text else ''}{result.text}")
        yield result


def _kept(frame: Frame, state: State, results: Iterable[Result]) -> Iterator[Result]:
    """Keep in the ledger what changed."""
    from fleetctl.cli import compose
    from fleetctl.core.identity.result import Registered, draft_of

    for result in results:
        if result.standing is not Registered.UNCHANGED:
            state.ledger.append([draft_of(result, frame.actor, compose.clock().now().utc)])
        yield result
