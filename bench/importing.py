"""Import: `fleetctl inventory import` of a workbook with 10,000 radiators, into a fleet that declares none of them.

Names are French, MACs have dashes; the sites' cache is warm, as it is after `validate`. Medians of three runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import xlsxwriter

from bench import generate
from bench.figures import Figure, Line, number
from bench.measure import Command, Usage, in_turn, once
from bench.programs import FLEETCTL
from fleetctl.core.inventory.write import to_yaml

ROWS, QUICK_ROWS = 10_000, 200
AT_MOST_S = 5.0
HEADER = ("Chantier", "Logement", "Pièce", "N° de série", "Adresse MAC", "Adresse IP", "Port", "Puissance (W)")


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield what a first import and a second one cost."""
    rows = QUICK_ROWS if quick else ROWS
    fleet, book = folder / "fleet", folder / "units.xlsx"
    empty = dict(_prepare(fleet, book, rows))

    def forget() -> None:
        for path, text in empty.items():
            path.write_text(text)
        once(Command([FLEETCTL, "-i", fleet, "validate"]))

    importing: list[str | Path] = [FLEETCTL, "-i", fleet, "inventory", "import", book]
    runs = 1 if quick else 3
    first, again = in_turn([Command(importing, before=forget), Command(importing)], runs)
    yield _figure(f"{rows:,} rows, all new", first)
    yield _figure(f"{rows:,} rows, nothing new", again)


def _prepare(fleet: Path, book: Path, rows: int) -> Iterator[tuple[Path, str]]:
    """Write a fleet without radiators and a workbook with them; yield the site files with their texts."""
    (fleet / "sites").mkdir(parents=True)
    sites = dict(generate.sites(rows + -(-rows // (generate.PER_SITE - 1))))
    generate.write(fleet, 1)
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        for at, row in enumerate(_rows(sites), start=1):
            sheet.write_row(at, 0, row)
    for id, site in sites.items():
        yield fleet / "sites" / f"{id}.yaml", to_yaml({k: v for k, v in site.items() if k != "radiators"}, width=130)


def _rows(sites: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str | float, ...]]:
    for id, site in sites.items():
        for unit in site["radiators"].values():
            mac = str(unit["mac"]).replace(":", "-").upper()
            place = (id, f"Appt {unit['dwelling']}", unit["room"])
            yield (*place, unit["serial"], mac, unit["address"], unit["port"], 650.0)


def _figure(what: str, used: Usage) -> Figure:
    return Figure(what, used.cpu_s, "s", AT_MOST_S, f"CPU; {number(used.rss_mb)} MB")
