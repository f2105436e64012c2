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
    detailed_exitcode: Annotated[bool, typer.Option(help="Exit with 3 if anything is not as declared.")] = False,
) -> None:
    """See who is on a site's wire: missing, unknown, swapped, on the wrong port, of another identity. Changes nothing."""
    from fleetctl.cli import compose
    from fleetctl.core.discovery.document import COLUMNS, document, lines, row

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        found = discovered(frame, state, compose.fleet(frame), site, from_)
    if frame.is_json:
        print_json(document(found))
    else:
        print_table(frame, COLUMNS, map(row, found.units))
    for line in lines(found):
        frame.notes().print(line)
    raise typer.Exit(Exit.CHANGES if detailed_exitcode and not found.is_as_declared else Exit.DONE)


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
