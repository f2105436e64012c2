"""`fleetctl controller`: the process that drives all rollouts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetctl.cli.frame import frame_of

app = typer.Typer(help="The process that drives all rollouts.", no_args_is_help=True)


@app.command("run", epilog="Example: fleetctl controller run    (a systemd unit is in docs/controller.md)")
def run(
    ctx: typer.Context,
    metrics_file: Annotated[
        Path | None,
        typer.Option(
            "--metrics-file", dir_okay=False, help="Keep metrics in this file, for node_exporter's textfiles."
        ),
    ] = None,
    metrics_port: Annotated[
        str,
        typer.Option("--metrics-port", metavar="[ADDRESS:]PORT", help="Offer metrics at /metrics; on loopback alone."),
    ] = "",
) -> None:
    """Drive every rollout that is active, and those to come, until interrupted."""
    from fleetctl.cli import compose
    from fleetctl.cli.interrupts import interruptible
    from fleetctl.cli.metrics import offer
    from fleetctl.cli.progress import show_all, viewing
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.ports import Led
    from fleetctl.services.run import serve

    frame, metrics = frame_of(ctx), offer(metrics_file, metrics_port)
    with (
        compose.state(frame, durable=True) as state,
        interruptible("stopping: units under way reach a safe point (again to leave at once)") as interrupted,
        viewing(frame, "controller", 0) as view,
    ):
        try:
            show_all(view, serve(compose.seat(frame, state, interrupted, metrics)))
        except Led as led:
            raise InvalidInput([Problem("second-controller", str(led), hint=led.hint)]) from led


@app.command("show", epilog="Example: fleetctl -o json controller show")
def show(ctx: typer.Context) -> None:
    """Say who drives rollouts: owner, host, process, command, lease."""
    import sys

    from fleetctl.cli import compose
    from fleetctl.cli.frame import print_json
    from fleetctl.core.clock import to_text

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        found = state.controllers.current()
    if found is None:
        sys.stdout.write("there never was a controller\n") if not frame.is_json else print_json(
            {"schema": "fleetctl/controller/v1", "controller": None}
        )
        return
    row = {
        "epoch": found.epoch,
        "owner": found.owner,
        "host": found.host,
        "pid": found.pid,
        "command": found.command,
        "lease_until": to_text(found.lease_until),
        "leads": found.lease_until > compose.clock().now().utc,
    }
    if frame.is_json:
        print_json({"schema": "fleetctl/controller/v1", "controller": row})
    else:
        sys.stdout.write("".join(f"{key:<12} {value}\n" for key, value in row.items()))
