"""`fleetctl discover`: who is on the wire of a site, against what is declared."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.completion import complete_sites
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.discovery.finding import Discovery
    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.ports import State


class From(StrEnum):
    """Where is looked from."""

    GATEWAY = "gateway"
    HERE = "here"


def discover(
    ctx: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of the site.", autocompletion=complete_sites)],
    from_: Annotated[
        From, typer.Option("--from", help="The site's gateways, or this machine plugged in there.")
    ] = From.GATEWAY,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Quarantine units whose machines are not who they say they are.")
    ] = False,
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit with 3 if anything is not as declared.")] = False,
) -> None:
    """See who is on a site's wire: missing, unknown, swapped, on the wrong port, of another identity."""
    from fleetctl.cli import compose
    from fleetctl.core.discovery.document import COLUMNS, document, lines, row

    frame = frame_of(ctx)
    with compose.state(frame, durable=quarantine) as state:
        found = discovered(frame, state, compose.fleet(frame), site, from_)
        doubtful = _quarantine(frame, state, found) if quarantine else []
    if frame.is_json:
        print_json(document(found))
    else:
        print_table(frame, COLUMNS, map(row, found.units))
    for line in [*lines(found), *(f"{unit} is quarantined" for unit in doubtful)]:
        frame.notes().print(line)
    raise typer.Exit(Exit.CHANGES if detailed_exitcode and not found.is_as_declared else Exit.DONE)


def _quarantine(frame: Frame, state: State, found: Discovery) -> list[str]:
    """Leave the site's units alone whose machines are doubtful, with what was found as the reason; returns which."""
    from fleetctl.services.marks import quarantine as leave_alone
    from fleetctl.services.marks import refused

    doubtful = {
        unit: finding.message for finding in found.findings if finding.code.quarantines for unit in finding.units
    }
    here = [met.unit for met in found.units if met.unit in doubtful]
    new = [unit for unit in here if unit not in refused(state, here)]
    for unit in new:
        leave_alone(state, unit, doubtful[unit], actor=frame.actor, at=found.at)
    return new


def discovered(frame: Frame, state: State, fleet: Fleet, site: str, from_: From) -> Discovery:
    """Look at a site from its gateways or from here, with the host keys that are pinned now."""
    from fleetctl.cli import compose, scouts
    from fleetctl.cli.ways import routes_to
    from fleetctl.services.discover import discover as look
    from fleetctl.services.discover import refuse_unknown

    refuse_unknown(fleet, site)
    units = list(fleet.sites[site].units.values())
    routes = {unit.name: route for unit, route in zip(units, routes_to(frame, state, fleet, units), strict=True)}
    at = compose.clock().now().utc
    scout = scouts.from_gateways() if from_ is From.GATEWAY else scouts.from_here(frame)
    return look(fleet, site, scout, routes, state.units.ways(), at=at, by=from_.value)
