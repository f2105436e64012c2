"""`fleetctl override`: a person answers for a rule of the heat guard, or for the window, for some hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.arguments import Scope, Why
from fleetctl.cli.completion import complete_overrides, complete_rules
from fleetctl.cli.frame import frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from datetime import datetime

    from fleetctl.core.rollout.holds import Override

app = typer.Typer(help="Answer for a rule of the heat guard, or for the window, for some hours.", no_args_is_help=True)


@app.command("add", epilog="Example: fleetctl override add G1 les-sables/a101-1 --reason 'flat is empty' --for 4h")
def add(
    ctx: typer.Context,
    rule: Annotated[
        str,
        typer.Argument(metavar="RULE", help="G1 to G12 but not G4, or 'window'.", autocompletion=complete_rules),
    ],
    scope: Scope,
    reason: Why,
    length: Annotated[str, typer.Option("--for", metavar="TIME", help="Such as 4h or 90min; 24h at most.")],
) -> None:
    """Let a rule not bind a scope for a time. Recorded with who gave it; hot water (G4) is never overridden."""
    from fleetctl.cli import compose
    from fleetctl.core.rollout.orders import override_order
    from fleetctl.services.orders import override as give

    frame = frame_of(ctx)
    order = override_order(rule, scope, reason, length, compose.unit_names(frame))
    word = compose.word(frame)
    with compose.state(frame, durable=True) as state:
        given, deaf = give(state, word, order)
    if frame.is_json:
        print_json({"schema": "fleetctl/override/v1", **_document(given, word.at)})
    notes = frame.notes()
    notes.print(f"override {given.id}: {given.rule} does not bind {given.scope} until {given.until:%Y-%m-%d %H:%M} UTC")
    for rollout in deaf:
        notes.print(f"  it does not count in rollout {rollout.id}: you started that one, so another person is needed")


@app.command("remove", epilog="Example: fleetctl override remove 3 --reason 'the flat is let again'")
def remove(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="OVERRIDE", help="Its number.", autocompletion=complete_overrides)],
    reason: Annotated[str, typer.Option("--reason", help="Kept in the event log.")] = "",
) -> None:
    """Take an override back before its time."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    word = compose.word(frame)
    with compose.state(frame, durable=True) as state:
        removed = state.orders.remove_override(number, actor=word.actor, at=word.at, reason=reason)
    if frame.is_json:
        print_json({"schema": "fleetctl/override/v1", **_document(removed, removed.until)})
    frame.notes().print(f"override {removed.id} is taken back: {removed.rule} binds {removed.scope} again")


@app.command("list", epilog="Example: fleetctl override list --all")
def list_overrides(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
) -> None:
    """List the overrides that count."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    now = compose.clock().now().utc
    with compose.state(frame) as state:
        found = state.orders.overrides(at=None if everything else now)
    if frame.is_json:
        print_json({"schema": "fleetctl/overrides/v1", "overrides": [_document(o, now) for o in found]})
    else:
        columns = ("OVERRIDE", "RULE", "SCOPE", "UNTIL (UTC)", "COUNTS", "BY", "REASON")
        print_table(frame, columns, (_row(override, now) for override in found))


def _row(override: Override, now: datetime) -> tuple[str, ...]:
    counts = "yes" if override.counts(now) else "no"
    until = f"{override.until:%Y-%m-%d %H:%M}"
    return (str(override.id), override.rule, override.scope, until, counts, override.actor, override.reason)


def _document(override: Override, now: datetime) -> dict[str, Any]:
    from fleetctl.core.clock import to_text

    given = {"actor": override.actor, "reason": override.reason}
    times = {"at": to_text(override.at), "until": to_text(override.until), "counts": override.counts(now)}
    return {"id": override.id, "rule": override.rule, "scope": override.scope, **given, **times}
