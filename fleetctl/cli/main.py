"""The command line: global options, and which module holds which command.

A command's module imports only Typer and the frame at the top; whatever is heavy (pydantic, SQLAlchemy, paramiko,
ansible-runner) is imported inside the command that needs it, so that `--help` and `--version` are quick.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from fleetctl import __version__
from fleetctl.cli import (
    apply,
    authority,
    commission,
    controller,
    discover,
    doctor,
    heat,
    hold,
    image,
    init,
    inventory,
    lab,
    override,
    plan,
    probe,
    register,
    release,
    render,
    report,
    rollout,
    simulate,
    stop,
    unit,
    validate,
)
from fleetctl.cli.boundary import guarded
from fleetctl.cli.frame import Frame, Output
from fleetctl.cli.narrow import narrow

app = typer.Typer(
    name="fleetctl",
    help="Infrastructure as code for fleets of computers that heat buildings.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_COLLECT_EVERY = 50_000
"""Objects between two looks for cycles: a large fleet is a million objects without one, and each look visits them."""

_seen: list[Output] = []

DECLARE, ROLL_OUT, HOLD_BACK = "What is declared", "Plan and roll out", "Hold back"
MACHINES, HERE = "Machines and buildings", "This machine"
"""Panels of the help, in the order of their first commands."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fleetctl {__version__}")
        raise typer.Exit


@app.callback(epilog="Example: fleetctl -i inventories/les-sables plan site=launaguet-*,kind=radiator")
def root(
    ctx: typer.Context,
    inventory: Annotated[
        Path | None, typer.Option("-i", "--inventory", envvar="FLEETCTL_INVENTORY", help="Folder with fleet.yaml.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", envvar="FLEETCTL_STATE", help="SQLAlchemy URL of the state.")
    ] = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="Form of standard output.")] = Output.TEXT,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print version.")] = False,
) -> None:
    """Infrastructure as code for fleets of computers that heat buildings."""
    ctx.obj = Frame(inventory, state, output)
    _seen[:] = [output]


# --- what is declared
app.command("init", epilog="Example: fleetctl init my-fleet", rich_help_panel=DECLARE)(init.init)
app.command(epilog="Example: fleetctl validate --format github", rich_help_panel=DECLARE)(validate.validate)
app.command(epilog="Example: fleetctl schema --out inventories/schema", rich_help_panel=DECLARE)(validate.schema)
app.add_typer(inventory.app, name="inventory", rich_help_panel=DECLARE)
app.command(epilog="Example: fleetctl render site=les-sables --out rendered/", rich_help_panel=DECLARE)(render.render)

# --- what is there, and how it becomes what is declared
app.command(epilog="Example: fleetctl probe site=les-sables --detailed-exitcode", rich_help_panel=ROLL_OUT)(probe.probe)
app.command(epilog="Example: fleetctl plan site=launaguet-* --out evening.plan", rich_help_panel=ROLL_OUT)(plan.plan)
app.command(
    epilog="Example: fleetctl simulate site=launaguet-* --outdoor-c 5 --limit-outdoor --out report/",
    rich_help_panel=ROLL_OUT,
)(simulate.simulate)
app.command(epilog="Example: fleetctl apply evening.plan", rich_help_panel=ROLL_OUT)(apply.apply)
app.add_typer(rollout.app, name="rollout", rich_help_panel=ROLL_OUT)
app.add_typer(report.app, name="report", rich_help_panel=ROLL_OUT)
app.add_typer(controller.app, name="controller", rich_help_panel=ROLL_OUT)
app.add_typer(release.app, name="release", rich_help_panel=ROLL_OUT)

# --- what holds it back
app.add_typer(heat.app, name="heat", rich_help_panel=HOLD_BACK)
app.add_typer(hold.app, name="hold", rich_help_panel=HOLD_BACK)
app.add_typer(override.app, name="override", rich_help_panel=HOLD_BACK)
app.command(epilog="Example: fleetctl stop --all --reason 'storm warning'", rich_help_panel=HOLD_BACK)(stop.stop)

# --- machines, one by one and building by building
app.add_typer(commission.app, name="commission", rich_help_panel=MACHINES)
app.command(epilog="Example: fleetctl discover les-sables --from gateway", rich_help_panel=MACHINES)(discover.discover)
app.add_typer(image.app, name="image", rich_help_panel=MACHINES)
app.command(epilog="Example: fleetctl register site=les-sables", rich_help_panel=MACHINES)(register.register)
app.add_typer(authority.app, name="ca", rich_help_panel=MACHINES)
app.add_typer(unit.app, name="unit", rich_help_panel=MACHINES)

# --- this machine
app.command(epilog="Example: fleetctl -o json doctor", rich_help_panel=HERE)(doctor.doctor)
app.add_typer(lab.app, name="lab", rich_help_panel=HERE)


def run() -> None:
    """Run the command line and exit with its code (the entry point)."""
    gc.set_threshold(_COLLECT_EVERY, 50, 100)
    narrow(app, sys.argv[1:])
    os.umask(0o077)  # what fleetctl writes is the operator's own: state, reports, generated SSH files
    sys.exit(guarded(app, lambda: _seen[0] if _seen else Output.TEXT))
