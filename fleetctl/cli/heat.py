"""`fleetctl heat`: what the heat guard says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.frame import frame_of, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.cli.frame import Frame
    from fleetctl.core.heat.check import Checked

app = typer.Typer(help="Ask the heat guard.", no_args_is_help=True)


@app.command(epilog="Example: fleetctl heat check site=launaguet-*,dwelling=A1*")
def check(
    ctx: typer.Context,
    selection: Selection = None,
    policy: Annotated[str | None, typer.Option("--policy", help="Policy whose margins and caps count.")] = None,
    refresh: Annotated[bool, typer.Option(help="Probe the units first; else use the last facts.")] = True,
) -> None:
    """Say of each zone and loop whether its largest unit may be taken down now, with the arithmetic of every rule."""
    from zoneinfo import ZoneInfo

    from fleetctl.cli import compose
    from fleetctl.cli.probe import observe
    from fleetctl.core.selectors import select
    from fleetctl.services.apply import policy_of
    from fleetctl.services.forecasts import check_forecasts
    from fleetctl.services.heat import Occasion, heaters_around
    from fleetctl.services.heat import check as ask

    frame = frame_of(ctx)
    fleet, forecasts = compose.fleet(frame), compose.forecasts(frame)
    units = select(fleet, selection or ())
    chosen = policy_of(fleet, policy)
    check_forecasts(forecasts, {unit.site: fleet.sites[unit.site] for unit in units}.values())
    with compose.state(frame) as state:
        if refresh:
            observe(frame, state, fleet, heaters_around(fleet, units))
        occasion = Occasion(chosen, compose.clock().now().utc, forecasts, ZoneInfo)
        _print(frame, ask(fleet, units, state, occasion))


def _print(frame: Frame, found: Sequence[Checked]) -> None:
    from fleetctl.cli.table import print_table
    from fleetctl.core.heat.check import COLUMNS, counts, document, row

    if frame.is_json:
        print_json(document(found))
    else:
        print_table(frame, COLUMNS, map(row, found))
    frame.notes().print(counts(found))
