"""`fleetctl commission labels`: a printable sheet of QR codes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetctl.cli.arguments import Selection
from fleetctl.cli.frame import frame_of
from fleetctl.cli.language import Lang, speech
from fleetctl.core.commissioning.label_stock import Stock

EXAMPLE = "Example: fleetctl commission labels launaguet-les-sables dwelling=A1* --out labels.html"


def labels(
    ctx: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of the site.")],
    select: Selection = None,
    out: Annotated[Path, typer.Option("--out", help="HTML file to write, to be printed on A4.")] = Path("labels.html"),
    stock: Annotated[Stock, typer.Option("--stock", help="Size of one label, in mm.")] = Stock.LARGE,
    skip: Annotated[int, typer.Option("--skip", min=0, help="Labels of the first sheet that are used up.")] = 0,
    lang: Lang = None,
) -> None:
    """Print labels for a site's units: the serial as a QR code for the scanner, the place for people."""
    from fleetctl.cli import compose
    from fleetctl.core.commissioning.label_sheet import labels as labels_of
    from fleetctl.core.commissioning.label_sheet import sheet_page
    from fleetctl.core.handover.subjects import site_of
    from fleetctl.core.problems import CouldNot, InvalidInput, Problem
    from fleetctl.core.selectors import select as selected

    frame = frame_of(ctx)
    fleet = compose.fleet(frame)
    of = site_of(fleet, site)
    if skip >= stock.sheet.size:
        raise InvalidInput(
            [Problem("bad-skip", f"a sheet has {stock.sheet.size} labels, and {skip} are to be skipped")]
        )
    found, left_out = labels_of(selected(fleet, [f"site={site},{each}" for each in select or ["unit=*"]]))
    for unit in left_out:
        frame.notes().print(f"no label for {unit.name}: it has no serial that a scanner can read")
    if not found:
        raise CouldNot(f"{site}: there is no label to print", hint="declare serials, or select other units")
    page = sheet_page(of, found, stock.sheet, skip, speech(lang), compose.report_template("labels"))
    compose.write_whole(out, page.encode())
    frame.notes().print(f"labels: {len(found)} in {out}")
