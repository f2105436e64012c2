"""`fleetctl commission`: from machines in boxes to rooms that are heated, with a proof for each dwelling."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli import kit, labels, reserves
from fleetctl.cli.arguments import Selection
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.language import Lang, speech
from fleetctl.cli.table import print_table

if TYPE_CHECKING:
    from fleetctl.cli.commission_screen import Screen
    from fleetctl.cli.commission_words import Teller
    from fleetctl.core.inventory.fleet import Fleet, Site, Unit
    from fleetctl.ports.instruments import Lines
    from fleetctl.services.commissioning.sitting import Sitting

app = typer.Typer(help="Commission a building, dwelling by dwelling; hand it over.", no_args_is_help=True)
app.command(epilog=labels.EXAMPLE)(labels.labels)
kit.join(app)
app.command(epilog=reserves.NOTE_EXAMPLE)(reserves.note)
app.command(epilog=reserves.LIFT_EXAMPLE)(reserves.lift)

SiteId = Annotated[str, typer.Argument(metavar="SITE", help="Id of the site.")]
OfDwelling = Annotated[str | None, typer.Option("--dwelling", help="Only this dwelling, and its gateway.")]
_COLUMNS = ("UNIT", "ROOM", "OVER", "NEXT", "WHY")


@app.command(epilog="Example: fleetctl commission run launaguet-les-sables --dwelling A101 --by 'Anne Martin'")
def run(
    ctx: typer.Context,
    site: SiteId,
    select: Selection = None,
    dwelling: OfDwelling = None,
    unattended: Annotated[
        bool, typer.Option("--unattended", help="Do all that needs nobody; accept what is ready.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Name of whoever commissions, for the report.")] = "",
    plain: Annotated[bool, typer.Option("--plain", help="A line in, lines out, also in a terminal.")] = False,
    shorten: Annotated[
        float, typer.Option(min=1, help="Burn in so many times shorter, where rooms live so many times faster.")
    ] = 1.0,
    patience: Annotated[float, typer.Option(min=1, help="Seconds in which nothing goes on before giving up.")] = 300.0,
    lang: Lang = None,
) -> None:
    """Commission units: take labels and words, have instruments look, keep everything; run again, it goes on."""
    from zoneinfo import ZoneInfo

    from fleetctl.cli import commission_parts, compose
    from fleetctl.cli.commission_words import Teller
    from fleetctl.cli.interrupts import interruptible
    from fleetctl.services.commissioning.run import run as sit

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    of, units = chosen(fleet, site, select, dwelling)
    teller = Teller(speech(lang, ZoneInfo(of.time_zone), is_plain=True))
    with compose.state(frame, durable=True) as state, interruptible(teller.stopping) as stopped:
        how = commission_parts.How(by, unattended, shorten)
        sitting = commission_parts.sitting(frame, state, fleet, units, how, stopped)
        with _seated(frame, teller, _form(frame, unattended, plain), sitting) as (screen, lines):
            for heard in sit(sitting, lines, stopped, patience):
                screen.show(heard, sitting)
        code = Exit.INTERRUPTED if stopped() else _exit_code(sitting, lines)
    raise typer.Exit(code)


@app.command(epilog="Example: fleetctl -o json commission show launaguet-les-sables")
def show(
    ctx: typer.Context, site: SiteId, select: Selection = None, dwelling: OfDwelling = None, lang: Lang = None
) -> None:
    """Show how far every unit is, and what stands in its way."""
    from fleetctl.cli import commission_parts, compose
    from fleetctl.cli.commission_words import Teller
    from fleetctl.core.commissioning.checklist import fold
    from fleetctl.core.commissioning.talk.document import document

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    of, units = chosen(fleet, site, select, dwelling)
    with compose.state(frame) as state:
        checklist = fold(of, state.ledger.entries(of.id))
    names = [unit.name for unit in units]
    if frame.is_json:
        print_json(document(checklist, names, commission_parts.whole_budget(fleet, of.id)))
        return
    teller = Teller(speech(lang, is_plain=True))
    print_table(frame, _COLUMNS, (teller.row(checklist.units[name]) for name in names))


def chosen(fleet: Fleet, site: str, select: Sequence[str] | None, dwelling: str | None) -> tuple[Site, Sequence[Unit]]:
    """Return a site and its units that are selected, with the gateways that they are behind.

    Raises:
        InvalidInput: if there is no such site or dwelling, or nothing is selected.
    """
    from fleetctl.core.handover.subjects import dwelling_of, site_of
    from fleetctl.core.selectors import select as selected

    of = site_of(fleet, site)
    if dwelling is not None:
        dwelling_of(of, dwelling)
    within = f"site={site}" + (f",dwelling={dwelling}" if dwelling else "")
    names = {unit.name for unit in selected(fleet, [f"{within},{each}" for each in select or ["unit=*"]])}
    gateways = {of.units[of.units[name.partition("/")[2]].gateway or name.partition("/")[2]].name for name in names}
    return of, [unit for unit in of.units.values() if unit.name in names | gateways]


def _form(frame: Frame, unattended: bool, plain: bool) -> str:
    if unattended:
        return "unattended"
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and not plain and not frame.is_json
    return "terminal" if terminal else "pipe"


@contextmanager
def _seated(frame: Frame, teller: Teller, form: str, sitting: Sitting) -> Iterator[tuple[Screen, Lines]]:
    """Yield what shows a sitting, and where its lines come from."""
    from fleetctl.cli import commission_parts
    from fleetctl.cli.commission_screen import JsonScreen, PlainScreen, live

    if form == "terminal":
        with live(teller) as screen, commission_parts.typed_lines(screen.typed) as typed:
            yield screen, typed
        return
    lines = commission_parts.no_lines() if form == "unattended" else commission_parts.piped_lines()
    if frame.is_json:
        yield JsonScreen(teller, lambda: sitting.setting.clock.now().utc), lines
    else:
        yield PlainScreen(teller, asks=form == "pipe"), lines


def _exit_code(sitting: Sitting, lines: Lines) -> int:
    """Return how it ended: all accepted, something failed, or somebody has to come; a person who left is done."""
    if sitting.is_over or not lines.ended:
        return Exit.DONE
    failed = any(sitting.checklist.units[name].failed for name in sitting.names)
    return Exit.FAILED if failed or sitting.setting.book.holds else Exit.HALTED
