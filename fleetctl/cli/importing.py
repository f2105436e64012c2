"""`fleetctl inventory import`: an installer's spreadsheet against what is declared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import Frame, colour, frame_of, print_json

if TYPE_CHECKING:
    from fleetctl.core.importing.changes import Change
    from fleetctl.core.importing.mapping import Mapped
    from fleetctl.services.import_units import Import

_NAMED_FILES = 3
_SHOWN_ROWS = 8
"""Rows passed over that are named one by one; more are counted."""


def import_units(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook (XLSX) or CSV, told by its content.")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="YAML that says what unusual columns and words mean.")
    ] = None,
    site: Annotated[str, typer.Option("--site", help="Site of rows that name none.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")] = False,
) -> None:
    """Bring an installer's spreadsheet into the site files, comments and order kept; all of it or nothing.

    Rows add units and correct them; what no row speaks of stays. Every problem is shown with its sheet, row and column.
    """
    from fleetctl.cli import compose
    from fleetctl.cli.kit_end import refuse_ended

    frame = frame_of(ctx)
    if not dry_run:
        refuse_ended(frame)
    result = compose.imported(frame, file, _mapped(mapping, site))
    if not dry_run:
        compose.replace_whole({one.source.path: (one.source.content, one.content) for one in result.files})
    _print(frame, file, result, dry_run=dry_run)


def _mapped(path: Path | None, site: str) -> Mapped:
    from fleetctl.cli import compose
    from fleetctl.core.importing.mapping import Mapped

    mapped = compose.mapping_file(path) if path else Mapped()
    return replace(mapped, site=site) if site else mapped


def _print(frame: Frame, file: Path, result: Import, *, dry_run: bool) -> None:
    if frame.is_json:
        print_json(_document(file, result, dry_run=dry_run))
    else:
        sys.stdout.writelines(line + "\n" for change in result.changes for line in _diff(change))
    for note in _notes(result, dry_run=dry_run):
        sys.stderr.write(note + "\n")


def _diff(change: Change) -> Iterator[str]:
    green, red, plain = ("\033[32m", "\033[31m", "\033[0m") if colour(sys.stdout) else ("", "", "")
    if change.is_new:
        said = ", ".join(f"{key}: {value}" for key, value in change.after.items())
        yield f"{green}+ {change.name}  {said}{plain}"
        return
    yield f"~ {change.name}"
    for key, after in change.after.items():
        before = change.before[key]
        if before:
            yield f"{red}  - {key}: {before}{plain}"
        yield f"{green}  + {key}: {after}{plain}"


def _notes(result: Import, *, dry_run: bool) -> Iterator[str]:
    from fleetctl.cli.boundary import problem_text
    from fleetctl.core.problem_formats import amount

    yield from (problem_text(problem, colours=colour()) for problem in result.warnings)
    reading = result.reading
    yield from (_passed_over(row.sheet, row.row, row.reason) for row in reading.passed_over[:_SHOWN_ROWS])
    if len(reading.passed_over) > _SHOWN_ROWS:
        yield f"passed over {len(reading.passed_over) - _SHOWN_ROWS} rows more"
    if reading.ignored_columns:
        yield f"columns without a meaning here: {', '.join(reading.ignored_columns)}"
    added = sum(change.is_new for change in result.changes)
    counts = f"{added} added, {len(result.changes) - added} changed, {result.unchanged} as declared"
    yield f"{amount(len(reading.entries), 'row')}: {counts}; {_written(result, dry_run=dry_run)}"


def _written(result: Import, *, dry_run: bool) -> str:
    from fleetctl.core.problem_formats import amount

    files = [one.source.path for one in result.files]
    named = ", ".join(files) if len(files) <= _NAMED_FILES else amount(len(files), "file")
    return f"{'would write' if dry_run else 'wrote'} {named}" if files else "nothing to write"


def _passed_over(sheet: str, row: int, reason: str) -> str:
    return f"passed over {sheet}{f' row {row}' if row else ''}: {reason}"


def _document(file: Path, result: Import, *, dry_run: bool) -> dict[str, Any]:
    from fleetctl.core.problem_formats import rows

    return {
        "schema": "fleetctl/import/v1",
        "file": str(file),
        "dry_run": dry_run,
        "rows": len(result.reading.entries),
        "unchanged": result.unchanged,
        "changes": [_row(change) for change in result.changes],
        "files": [one.source.path for one in result.files],
        "passed_over": [asdict(row) for row in result.reading.passed_over],
        "ignored_columns": list(result.reading.ignored_columns),
        "warnings": rows(result.warnings),
    }


def _row(change: Change) -> dict[str, Any]:
    entry = change.placed.entry
    return {
        "unit": change.name,
        "action": "add" if change.is_new else "change",
        "sheet": entry.sheet.name,
        "row": entry.row,
        "before": dict(change.before),
        "after": dict(change.after),
    }
