"""`fleetctl commission note` and `lift`: open points of a handover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.frame import Frame, frame_of, print_json

if TYPE_CHECKING:
    from fleetctl.core.commissioning.ledger import Draft, Entry

NOTE_EXAMPLE = (
    "Example: fleetctl commission note launaguet-les-sables/A101 'the valve cap is missing' --by 'Léa Martin'"
)
LIFT_EXAMPLE = "Example: fleetctl commission lift 7 'mounted' --site launaguet-les-sables"
By = Annotated[str, typer.Option("--by", help="Name of whoever says so, for the report.")]


def note(
    ctx: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="site/unit, site/dwelling, or the site.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is open.")],
    by: By = "",
) -> None:
    """Note a reserve: a point that is open at the handover."""
    from fleetctl.cli import compose
    from fleetctl.core.handover.reserves import reserve_draft
    from fleetctl.core.handover.subjects import subject_of

    frame = frame_of(ctx)
    site, subject = subject_of(compose.fleet(frame), place)
    now = compose.clock().now().utc
    with compose.state(frame, durable=True) as state:
        draft = reserve_draft(state.ledger.entries(site.id), site.id, subject, text, frame.actor, now)
        (entry,) = state.ledger.append([_by(draft, by)])
        _show(frame, state.ledger.entries(site.id), entry.digest)


def lift(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Number of the reserve, as the report has it.")],
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Why it is closed.")] = "",
    site: Annotated[str | None, typer.Option("--site", help="Id of the site, where several have that number.")] = None,
    by: By = "",
) -> None:
    """Lift a reserve: the point is closed."""
    from fleetctl.cli import compose
    from fleetctl.core.handover.reserves import LIFTS, lifting_draft
    from fleetctl.core.handover.subjects import site_of

    frame = frame_of(ctx)
    if site is not None:
        site_of(compose.fleet(frame), site)
    now = compose.clock().now().utc
    with compose.state(frame, durable=True) as state:
        draft = lifting_draft(state.ledger.entries(site), number, text, frame.actor, now)
        state.ledger.append([_by(draft, by)])
        _show(frame, state.ledger.entries(draft.site), str(draft.detail[LIFTS]))


def _by(draft: Draft, name: str) -> Draft:
    from fleetctl.core.handover.report import NAME

    return replace(draft, detail={**draft.detail, NAME: name}) if name else draft


def _show(frame: Frame, entries: Sequence[Entry], noted: str) -> None:
    from fleetctl.core.handover.document import reserve_document
    from fleetctl.core.handover.reserves import reserves

    reserve = next(each for each in reserves(entries) if each.entry.digest == noted)
    if frame.is_json:
        print_json({"schema": "fleetctl/reserve/v1", **reserve_document(reserve)})
    else:
        what = "lifted" if reserve.lifting else "noted"
        frame.console().print(f"reserve {reserve.name} of {reserve.subject} is {what}: {reserve.text}")
