"""`fleetctl image request|withdraw|status`: which units are to be imaged, and how far each is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.completion import complete_selectors
from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.core.imaging.record import Imaging

Chosen = Annotated[
    list[str],
    typer.Argument(metavar="SEL", help="site/unit or key=pattern,…", autocompletion=complete_selectors),
]


def request(ctx: typer.Context, selection: Chosen) -> None:
    """Ask for units to be imaged when their machines next boot from the network; new machines only."""
    from fleetctl.cli import compose
    from fleetctl.core.selectors import select
    from fleetctl.services import image_requests

    frame = frame_of(ctx)
    units = select(compose.fleet(frame), selection)
    with compose.state(frame, durable=True) as state:
        at = compose.clock().now().utc
        asked = image_requests.request(state, units, frame.actor, at, again=False)
    print_records(frame, asked)
    frame.notes().print(
        f"{len(asked)} units are imaged when 'fleetctl image serve' runs and they boot from the network"
    )


def withdraw(ctx: typer.Context, selection: Chosen) -> None:
    """Take requests back; a machine in the middle of it is left as it is, and does not boot."""
    from fleetctl.cli import compose
    from fleetctl.core.selectors import select
    from fleetctl.services import image_requests

    frame = frame_of(ctx)
    units = select(compose.fleet(frame), selection)
    with compose.state(frame, durable=True) as state:
        gone = image_requests.withdraw(state, units, frame.actor, compose.clock().now().utc)
    frame.notes().print(f"{', '.join(gone)}: withdrawn" if gone else "none of them was asked for")


def status(ctx: typer.Context, selection: Selection = None) -> None:
    """Show the units that were asked to be imaged, and how far each is."""
    from fleetctl.cli import compose
    from fleetctl.core.selectors import select

    frame = frame_of(ctx)
    names = {unit.name for unit in select(compose.fleet(frame), selection or ())}
    with compose.state(frame) as state:
        records = state.imaging.records(names)
    print_records(frame, [record for _, record in sorted(records.items())])


def print_records(frame: Frame, records: Sequence[Imaging]) -> None:
    """Print the imaging of units."""
    from fleetctl.cli import compose
    from fleetctl.core.imaging.report import COLUMNS, document, row

    if frame.is_json:
        rows = [{key: value for key, value in document(record).items() if key != "schema"} for record in records]
        print_json({"schema": "fleetctl/imagings/v1", "units": rows})
    else:
        now = compose.clock().now().utc
        print_table(frame, COLUMNS, [row(record, now) for record in records])
