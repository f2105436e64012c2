"""`fleetctl unit identify`, `swap` and `quarantine`: which machine stands at a place, and whether it is left alone."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.arguments import UnitName
from fleetctl.cli.completion import complete_units
from fleetctl.cli.frame import Frame, frame_of, print_json

if TYPE_CHECKING:
    from fleetctl.ports import State
    from fleetctl.services.swap import Desk, Swapped

IDENTIFY = "Example: fleetctl unit identify les-sables/a101-1 --for 60s"
SWAP = "Example: fleetctl unit swap les-sables/a101-1 --serial QR-0002-00417 --mac 02:00:00:02:01:a1"
QUARANTINE = "Example: fleetctl unit quarantine les-sables/a101-1 --reason 'answers with the serial of a205-2'"
_SECONDS = re.compile(r"([0-9]{1,4})(s|min|m|)")
_PER = {"": 1, "s": 1, "m": 60, "min": 60}

Reason = Annotated[str, typer.Option("--reason", help="Kept in the ledger and the event log, and shown in every plan.")]


def identify(
    ctx: typer.Context,
    unit: UnitName,
    for_: Annotated[str, typer.Option("--for", metavar="TIME", help="How long, such as 60s or 5min.")] = "60s",
) -> None:
    """Let a unit blink, so that whoever stands before it knows which one it is."""
    from fleetctl.cli import compose
    from fleetctl.cli.unit import one_unit
    from fleetctl.cli.ways import known_route_to
    from fleetctl.services.identify import identify as blink

    frame, seconds = frame_of(ctx), _seconds(for_)
    fleet = compose.fleet(frame)
    with compose.state(frame) as state:
        route = known_route_to(frame, state, fleet, one_unit(fleet, unit))
    shown = blink(compose.shell(), route, seconds)
    if frame.is_json:
        told = {"unit": unit, "for_s": shown.seconds, "by": shown.by, "serial": shown.serial}
        print_json({"schema": "fleetctl/unit-identify/v1", **told})
    frame.notes().print(f"{unit} (serial {shown.serial or 'unknown'}) blinks for {shown.seconds} s by {shown.by}")


def swap(
    ctx: typer.Context,
    unit: UnitName,
    serial: Annotated[str | None, typer.Option(help="Of the new machine, as on its label.")] = None,
    mac: Annotated[str | None, typer.Option(help="Of the new machine, as on its label.")] = None,
    other: Annotated[
        str | None,
        typer.Option("--with", metavar="UNIT", help="Exchange two machines.", autocompletion=complete_units),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Kept in the ledger.")] = "",
) -> None:
    """Declare a new machine in an old place, or two machines in each other's; the place keeps its history."""
    from fleetctl.cli import compose
    from fleetctl.cli.unit import one_unit
    from fleetctl.services import swap as services

    _refuse_both(serial, mac, other)
    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    one = one_unit(fleet, unit)
    with compose.state(frame, durable=True) as state:
        desk, person = _desk(frame, state), services.Person(frame.actor, compose.clock().now().utc, reason)
        if other is not None:
            done = services.exchange(desk, fleet, one, one_unit(fleet, other), person)
        else:
            done = services.put_in(desk, fleet, one, services.Ownership(serial or "", mac or ""), person)
    _print(frame, done, is_new=other is None)


def quarantine(
    ctx: typer.Context,
    unit: UnitName,
    reason: Reason,
    lift: Annotated[bool, typer.Option("--lift", help="End the quarantine.")] = False,
) -> None:
    """Leave a unit's machine alone: plans leave it out, nothing new starts on it. --lift ends it."""
    from fleetctl.cli import compose
    from fleetctl.cli.unit import one_unit
    from fleetctl.services import marks

    frame = frame_of(ctx)
    name = one_unit(compose.fleet(frame), unit).name
    act = marks.lift if lift else marks.quarantine
    with compose.state(frame, durable=True) as state:
        told = act(state, name, reason, actor=frame.actor, at=compose.clock().now().utc)
    if frame.is_json:
        lifecycle = {"quarantined": not lift, "reason": reason, "before": told.reason if lift else ""}
        print_json({"schema": "fleetctl/unit-quarantine/v1", "unit": name, **lifecycle})
    done = "is quarantined no more" if lift else "is quarantined: nothing is planned or started for it"
    frame.notes().print(f"{name} {done}")


def _desk(frame: Frame, state: State) -> Desk:
    from fleetctl.cli import compose
    from fleetctl.services.swap import Desk

    return Desk(compose.fleet_files(frame), compose.site_cache(frame), compose.editor(), compose.replace_whole, state)


def _print(frame: Frame, done: Swapped, *, is_new: bool) -> None:
    if frame.is_json:
        units: list[Any] = [{"unit": u, "before": before, "after": after} for u, (before, after) in done.units.items()]
        rest = {"files": list(done.files), "believed": list(done.believed)}
        print_json({"schema": "fleetctl/unit-swap/v1", "units": units, **rest})
    for unit, (before, after) in done.units.items():
        sys.stderr.write(f"{unit}: machine {after} in the place of {before or 'none'}\n")
        if is_new:
            sys.stderr.write(
                f"  next: image it ('fleetctl image request {unit}'), or, if it runs already, read its host\n"
            )
            sys.stderr.write(f"  key's fingerprint off it: 'fleetctl unit adopt {unit} --fingerprint SHA256:…'\n")
    for serial in done.believed:
        sys.stderr.write(f"  machine {serial} is believed until its certificate ends: 'fleetctl ca revoke {serial}'\n")
    if not is_new:
        sys.stderr.write(
            "  next: a machine that is configured already keeps the address of its old place until it is imaged\n"
        )
        sys.stderr.write("  again: 'fleetctl image request UNIT'; one that is blank gets its new one by itself\n")
    sys.stderr.write(
        f"wrote {', '.join(done.files)}; commit it with the reason\n" if done.files else "nothing to write\n"
    )


def _refuse_both(serial: str | None, mac: str | None, other: str | None) -> None:
    from fleetctl.core.problems import InvalidInput, Problem

    if (serial is None) is (other is None) or (mac is not None and other is not None):
        message = "say --serial (and --mac) of a new machine, or --with UNIT to exchange two"
        raise InvalidInput([Problem("not-one-swap", message, hint=SWAP)])


def _seconds(text: str) -> int:
    from fleetctl.core.problems import InvalidInput, Problem
    from fleetctl.services.identify import MOST_S

    matched = _SECONDS.fullmatch(text)
    seconds = int(matched[1]) * _PER[matched[2]] if matched else 0
    if not 0 < seconds <= MOST_S:
        message = f"'{text}' is not a time of up to {MOST_S} s"
        raise InvalidInput([Problem("bad-time", message, hint="write one such as 60s or 5min")])
    return seconds
