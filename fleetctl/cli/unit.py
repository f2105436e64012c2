"""`fleetctl unit`: one unit at a time. Show it, log in to it, adopt a machine that was not imaged by fleetctl."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli import drains, moves
from fleetctl.cli.arguments import UnitName
from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.reimage import reimage
from fleetctl.cli.retire import retire

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.ports import State

app = typer.Typer(help="One unit: show it, log in to it, adopt it, drain it, image it again.", no_args_is_help=True)
app.command(epilog="Example: fleetctl unit reimage les-sables/a101-1")(reimage)
app.command(epilog="Example: fleetctl unit retire les-sables/a101-1 --reason 'fan broken'")(retire)
app.command(epilog=drains.DRAIN)(drains.drain)
app.command(epilog=drains.UNDRAIN)(drains.undrain)
app.command(epilog=moves.IDENTIFY)(moves.identify)
app.command(epilog=moves.SWAP)(moves.swap)
app.command(epilog=moves.QUARANTINE)(moves.quarantine)


@app.command(epilog="Example: fleetctl unit show les-sables/a101-1")
def show(ctx: typer.Context, unit: UnitName) -> None:
    """Show what is declared of a unit and what was last observed of it."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    declared = one_unit(fleet, unit)
    with compose.state(frame) as state:
        described = _described(frame, state, fleet, declared)
    if frame.is_json:
        print_json({"schema": "fleetctl/unit/v1", **described})
    else:
        sys.stdout.write("".join(f"{key:<24}  {value}\n" for key, value in _lines(described)))


@app.command(epilog="Example: fleetctl unit ssh les-sables/a101-1 -- journalctl -b")
def ssh(
    ctx: typer.Context,
    unit: UnitName,
    command: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND...]", help="A shell if left out.")] = None,
) -> None:
    """Log in to a unit through its gateway, or run a command there; its host key has to be the pinned one."""
    from fleetctl.cli import compose
    from fleetctl.cli.ways import known_route_to

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    with compose.state(frame) as state:
        route = known_route_to(frame, state, fleet, one_unit(fleet, unit))
    config = compose.ssh_config(frame, route)
    sys.stdout.flush()
    os.execvp("ssh", ["ssh", "-F", str(config), route.target.alias, *(command or ())])  # noqa: S606 - it takes over


@app.command(epilog="Example: fleetctl unit adopt les-sables/a101-1 --fingerprint SHA256:…")
def adopt(
    ctx: typer.Context,
    unit: UnitName,
    fingerprint: Annotated[str, typer.Option(help="Of the host key, read off the machine itself.")],
) -> None:
    """Trust a machine by its host key's fingerprint: the only way in for one that was not imaged by fleetctl."""
    from fleetctl.cli import compose
    from fleetctl.cli.ways import routes_to
    from fleetctl.services.adopt import adopt as pin

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    with compose.state(frame, durable=True) as state:
        (route,) = routes_to(frame, state, fleet, [one_unit(fleet, unit)])
        at = compose.clock().now().utc
        pinned = pin(compose.shell(), state.units, route, fingerprint, actor=frame.actor, at=at)
    frame.notes().print(f"{unit}: {pinned.key_type} {pinned.fingerprint} is pinned")


def one_unit(fleet: Fleet, name: str) -> Unit:
    """Return the unit of that name; the same errors and hints as a selector's."""
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.core.selectors import select

    found = select(fleet, [name])
    if len(found) != 1:
        raise InvalidInput(
            [Problem("not-one-unit", f"'{name}' selects {len(found)} units", hint="name one: site/unit")]
        )
    return found[0]


def _described(frame: Frame, state: State, fleet: Fleet, unit: Unit) -> dict[str, Any]:
    from fleetctl.cli import compose
    from fleetctl.core.export import describe
    from fleetctl.core.observed import describe as describe_report
    from fleetctl.core.observed import report
    from fleetctl.services.marks import said_of
    from fleetctl.services.render import desired_states

    pins = state.units.pins([unit.name]).get(unit.name, ())
    seen = state.units.facts([unit.name]).get(unit.name)
    wanted = desired_states(fleet, [unit], compose.template_files(frame), compose.site_cache(frame))
    return {
        "declared": describe(fleet, unit),
        "machine": said_of(state, unit.name),
        "registration": _registration(state, unit),
        "host_keys": [{"type": pin.key_type, "fingerprint": pin.fingerprint} for pin in pins],
        "last": next(describe_report(report(want, seen)) for want in wanted) if seen is not None else None,
    }


def _registration(state: State, unit: Unit) -> dict[str, Any] | None:
    """Return what the registry has of a unit."""
    from fleetctl.core.clock import to_text

    entry = state.registry.registrations([unit.name]).get(unit.name)
    if entry is None:
        return None
    certificate = state.registry.certificate(entry.number)
    return {
        "serial": entry.serial,
        "certificate": entry.number,
        "until": to_text(certificate.not_after) if certificate else "",
        "revoked": certificate.reason.value if certificate and certificate.reason else "",
        "platform": entry.platform,
        "node": entry.node,
        "proof": entry.proof,
        "at": to_text(entry.at),
    }


def _lines(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested data to dotted keys; what is empty is left out."""
    entries: Mapping[Any, Any] = value if isinstance(value, dict) else dict(enumerate(value, 1))
    for key, inner in entries.items():
        if isinstance(inner, dict | list | tuple):
            yield from _lines(inner, f"{prefix}{key}.")
        elif inner not in ("", None):
            yield f"{prefix}{key}", inner
