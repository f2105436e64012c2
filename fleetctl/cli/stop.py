"""`fleetctl stop`: everything stands still, at once."""

from __future__ import annotations

from typing import Annotated

import typer

from fleetctl.cli.arguments import Why
from fleetctl.cli.frame import frame_of, print_json


def stop(
    ctx: typer.Context,
    reason: Why,
    everything: Annotated[bool, typer.Option("--all", help="Every unit of every rollout, those to come too.")] = False,
) -> None:
    """Start nothing new anywhere until the hold is removed; what is under way ends first.

    Acts from any process that has the state. Needs no merge, and no inventory that is right.
    """
    from fleetctl.cli import compose
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.core.rollout.orders import hold_order
    from fleetctl.services.orders import stop_all

    frame = frame_of(ctx)
    if not everything:
        hint = "'fleetctl stop --all' stops everything; 'fleetctl hold add SCOPE' a site or a unit"
        raise InvalidInput([Problem("stop-what", "stop what?", hint=hint)])
    order = hold_order("*", reason, None)
    with compose.state(frame, durable=True) as state:
        hold, paused = stop_all(state, compose.word(frame), order.reason)
    if frame.is_json:
        print_json({"schema": "fleetctl/stop/v1", "hold": hold.id, "paused": list(paused)})
    notes = frame.notes()
    notes.print(f"everything is held (hold {hold.id}); rollouts told to pause: {', '.join(paused) or 'none is active'}")
    resume = ", then fleetctl rollout resume for each of them" if paused else ""
    notes.print(f"  when it is over: fleetctl hold remove {hold.id}{resume}")
