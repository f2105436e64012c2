"""`fleetctl inventory`: what is declared, as a table, in full, or in the form that another tool reads or sends."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.completion import complete_selectors
from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.importing import import_units
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.policy import Policy

app = typer.Typer(help="What is declared: list it, show it, import it, export it.", no_args_is_help=True)
app.command("import", epilog="Example: fleetctl inventory import units.xlsx --dry-run")(import_units)


class Format(StrEnum):
    """Forms that other tools read."""

    ANSIBLE = "ansible"
    PROMETHEUS = "prometheus"
    CSV = "csv"


@app.command("list", epilog="Example: fleetctl inventory list site=launaguet-*,kind=radiator")
def list_units(ctx: typer.Context, selection: Selection = None) -> None:
    """List the units that are declared."""
    from fleetctl.core.export import describe

    frame = frame_of(ctx)
    fleet, units = _selected(frame, selection)
    if frame.is_json:
        print_json({"schema": "fleetctl/inventory/v1", "units": [describe(fleet, unit) for unit in units]})
    else:
        print_table(frame, ("UNIT", "KIND", "MODEL", "SERIAL", "ADDRESS", "PLACE", "RELEASE"), map(_row, units))


@app.command("show", epilog="Example: fleetctl inventory show les-sables/a101-1")
def show_units(
    ctx: typer.Context,
    selection: Annotated[
        list[str],
        typer.Argument(metavar="SEL", help="site/unit or key=pattern,…", autocompletion=complete_selectors),
    ],
) -> None:
    """Show units in full, with every default applied."""
    from fleetctl.core.export import describe

    frame = frame_of(ctx)
    fleet, units = _selected(frame, selection)
    described = [describe(fleet, unit) for unit in units]
    if frame.is_json:
        print_json({"schema": "fleetctl/units/v1", "units": described})
    else:
        sys.stdout.write("\n".join(map(_sheet, described)))


@app.command("unknown", epilog="Example: fleetctl inventory unknown")
def unknown_units(ctx: typer.Context) -> None:
    """List the machines that asked for an image and are no unit's: what they say that they are, and why not."""
    from fleetctl.cli import compose
    from fleetctl.core.imaging.claim import Register
    from fleetctl.core.imaging.report import UNKNOWN_COLUMNS, unknown_document, unknown_row
    from fleetctl.services.image_requests import unknown

    frame = frame_of(ctx)
    register, now = Register(compose.fleet(frame).units()), compose.clock().now().utc
    with compose.state(frame) as state:
        found = unknown(state, register)
    if frame.is_json:
        rows = [unknown_document(stranger, reason) for stranger, reason in found]
        print_json({"schema": "fleetctl/unknown-units/v1", "units": rows})
    else:
        print_table(frame, UNKNOWN_COLUMNS, [unknown_row(stranger, reason, now) for stranger, reason in found])


@app.command("export", epilog="Example: fleetctl inventory export --format ansible > hosts.json")
def export_units(
    ctx: typer.Context,
    selection: Selection = None,
    format: Annotated[Format, typer.Option("--format", help="Who is to read it.")] = Format.ANSIBLE,
    registered: Annotated[bool, typer.Option("--registered", help="Only units that are registered.")] = False,
) -> None:
    """Print the inventory for Ansible (YAML inventory, as JSON), Prometheus (file_sd) or a spreadsheet (CSV)."""
    frame = frame_of(ctx)
    fleet, units = _selected(frame, selection)
    sys.stdout.write(_exported(format, fleet, _registered(frame, units) if registered else units))


@app.command("policies", epilog="Example: fleetctl inventory policies evenings site=launaguet-*")
def show_policies(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One policy; all if left out.")] = None,
    selection: Selection = None,
) -> None:
    """Show what policies come to for the units selected: waves, thresholds, caps, windows; with the arithmetic."""
    from fleetctl.core.policy_arithmetic import arithmetic
    from fleetctl.core.rollout.waves import placed

    frame = frame_of(ctx)
    fleet, units = _selected(frame, selection)
    zones, now = _zones(fleet, units), _now()
    frozen_set = placed(fleet, [unit.name for unit in units])
    lines = {policy.name: arithmetic(policy, fleet, frozen_set, now, zones) for policy in _policies(fleet, name)}
    if frame.is_json:
        policies = [{"name": of, "lines": [asdict(line) for line in said]} for of, said in lines.items()]
        print_json({"schema": "fleetctl/policies/v1", "units": len(units), "policies": policies})
    else:
        rows = [(of, line.about, line.text) for of, said in lines.items() for line in said]
        print_table(frame, ("POLICY", "ABOUT", "WHAT IT COMES TO"), rows)


def _policies(fleet: Fleet, name: str | None) -> list[Policy]:
    from fleetctl.services.apply import policy_of

    return [policy_of(fleet, name)] if name else list(fleet.policies.values())


def _zones(fleet: Fleet, units: Iterable[Unit]) -> dict[str, ZoneInfo]:
    return {site: ZoneInfo(fleet.sites[site].time_zone) for site in dict.fromkeys(unit.site for unit in units)}


def _now() -> datetime:
    from fleetctl.cli import compose

    return compose.clock().now().utc


def _selected(frame: Frame, selection: list[str] | None) -> tuple[Fleet, tuple[Unit, ...]]:
    from fleetctl.cli import compose
    from fleetctl.core.selectors import select

    fleet = compose.fleet(frame)
    return fleet, select(fleet, selection or ())


def _row(unit: Unit) -> tuple[str, ...]:
    place = unit.loop or " ".join(part for part in (unit.dwelling, unit.room) if part) or unit.building
    return (unit.name, unit.kind.value, unit.model, unit.serial, unit.address, place, unit.release)


def _sheet(described: Mapping[str, Any]) -> str:
    lines = list(_lines(described, ""))
    width = max(len(key) for key, _ in lines)
    return "".join(f"{key.ljust(width)}  {value}\n" for key, value in lines)


def _lines(described: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in described.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{prefix}{key}.")
        elif value not in ("", None):
            yield prefix + key, str(value).lower() if isinstance(value, bool) else value


def _registered(frame: Frame, units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Return those units that the registry has, at the place and of the machine that are declared."""
    from fleetctl.cli import compose

    with compose.state(frame) as state:
        known = state.registry.registrations([unit.name for unit in units])
    return tuple(unit for unit in units if unit.name in known and known[unit.name].serial == unit.serial)


def _exported(format: Format, fleet: Fleet, units: tuple[Unit, ...]) -> str:
    import json

    from fleetctl.core import export

    if format is Format.CSV:
        return export.csv_text(units)
    document = export.ansible(fleet, units) if format is Format.ANSIBLE else export.prometheus(units)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
