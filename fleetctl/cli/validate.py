"""`fleetctl validate` and `fleetctl schema`: check the inventory offline, and describe its files for editors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.frame import Exit, colour, frame_of, print_json

if TYPE_CHECKING:
    from fleetctl.core.problems import Problem
    from fleetctl.services.load import Examined


class Format(StrEnum):
    """Forms of the list of problems."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class SchemaName(StrEnum):
    """Files that have a schema."""

    FLEET = "fleet"
    SITE = "site"
    SITE_PART = "site-part"


def validate(
    ctx: typer.Context,
    form: Annotated[Format | None, typer.Option("--format", help="Form of the problems.")] = None,
) -> None:
    """Check the whole inventory, without a network: every problem with its file, line and a hint.

    Exits with 2 if there are errors, with 0 if there are warnings only.
    """
    from fleetctl.cli import compose
    from fleetctl.core.problems import errors
    from fleetctl.services.forecasts import with_forecasts
    from fleetctl.services.load import examine

    frame = frame_of(ctx)
    read = examine(compose.fleet_files(frame), compose.site_cache(frame))
    examined = with_forecasts(read, compose.forecasts(frame))
    form = form or (Format.JSON if frame.is_json else Format.TEXT)
    _print(examined, form)
    (sys.stdout if form is Format.TEXT else sys.stderr).write(_summary(examined) + "\n")
    raise typer.Exit(Exit.INVALID if errors(examined.problems) else Exit.DONE)


def schema(
    name: Annotated[SchemaName, typer.Argument(help="Which file to describe.")] = SchemaName.SITE,
    out: Annotated[Path | None, typer.Option("--out", help="Write the schemas of all files to this folder.")] = None,
) -> None:
    """Print the JSON Schema of the inventory's files, for editors and validators."""
    from fleetctl.core.inventory.schema import schema as schema_of
    from fleetctl.core.starter import schema_files

    if out is None:
        print_json(schema_of(name.value))
        return
    from fleetctl.cli import compose

    compose.write_files(out, schema_files(), overwrite=True)


def _print(examined: Examined, form: Format) -> None:
    from fleetctl import __version__
    from fleetctl.core import problem_formats

    if form is Format.TEXT:
        _print_text(examined.problems)
    elif form is Format.GITHUB:
        sys.stdout.writelines(problem_formats.github(problem) + "\n" for problem in examined.problems)
    elif form is Format.SARIF:
        print_json(problem_formats.sarif(examined.problems, version=__version__))
    else:
        counts = {"fleet": examined.name, "sites": len(examined.sites), "units": examined.unit_count}
        problems = problem_formats.rows(examined.problems)
        print_json({"schema": "fleetctl/validation/v1", "valid": examined.valid, **counts, "problems": problems})


def _print_text(problems: Sequence[Problem]) -> None:
    from fleetctl.cli.boundary import problem_text

    colours = colour(sys.stdout)
    sys.stdout.writelines(problem_text(problem, colours=colours) + "\n" for problem in problems)


def _summary(examined: Examined) -> str:
    from fleetctl.core.problem_formats import amount, counted

    verdict = "valid" if examined.valid else "not valid"
    size = f"{amount(len(examined.sites), 'site')}, {amount(examined.unit_count, 'unit')}"
    return f"{examined.name or 'the fleet'} is {verdict}: {size}, {counted(examined.problems)}"
