"""`fleetctl hold`: keep units, sites or everything from being started, at once and until somebody removes the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.arguments import Scope, Why
from fleetctl.cli.completion import complete_holds
from fleetctl.cli.frame import frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.rollout.holds import Hold

app = typer.Typer(help="Keep units, sites or everything from being started.", no_args_is_help=True)


@app.command("add", epilog="Example: fleetctl hold add les-sables/a101-1 --reason 'resident is ill'")
def add(ctx: typer.Context, scope: Scope, reason: Why) -> None:
    """Hold a scope: nothing new starts there, in no rollout; what is under way ends first."""
    from fleetctl.cli import compose
    from fleetctl.core.rollout.orders import hold_order

    frame = frame_of(ctx)
    order = hold_order(scope, reason, compose.unit_names(frame))
    word = compose.word(frame)
    with compose.state(frame, durable=True) as state:
        hold = state.orders.add_hold(order.scope, actor=word.actor, at=word.at, reason=order.reason)
    if frame.is_json:
        print_json({"schema": "fleetctl/hold/v1", **_document(hold)})
    frame.notes().print(f"hold {hold.id}: nothing new starts on {hold.scope}")


@app.command("remove", epilog="Example: fleetctl hold remove 3 --reason 'the storm is over'")
def remove(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="HOLD", help="Its number.", autocompletion=complete_holds)],
    reason: Annotated[str, typer.Option("--reason", help="Kept in the event log.")] = "",
) -> None:
    """Remove a hold; a rollout that was paused has to be resumed besides."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    word = compose.word(frame)
    with compose.state(frame, durable=True) as state:
        hold = state.orders.remove_hold(number, actor=word.actor, at=word.at, reason=reason)
    if frame.is_json:
        print_json({"schema": "fleetctl/hold/v1", **_document(hold)})
    frame.notes().print(f"hold {hold.id} on {hold.scope} is removed")


@app.command("list", epilog="Example: fleetctl hold list")
def list_holds(ctx: typer.Context) -> None:
    """List the holds that stand."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        holds = state.orders.holds()
    if frame.is_json:
        print_json({"schema": "fleetctl/holds/v1", "holds": [_document(hold) for hold in holds]})
    else:
        rows = ((str(hold.id), hold.scope, f"{hold.at:%Y-%m-%d %H:%M}", hold.actor, hold.reason) for hold in holds)
        print_table(frame, ("HOLD", "SCOPE", "SINCE (UTC)", "BY", "REASON"), rows)


def _document(hold: Hold) -> dict[str, Any]:
    from fleetctl.core.clock import to_text

    given = {"actor": hold.actor, "reason": hold.reason, "at": to_text(hold.at)}
    return {"id": hold.id, "scope": hold.scope, **given}
