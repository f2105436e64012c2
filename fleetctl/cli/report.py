"""`fleetctl report`: what happened, for people, for programs, for a CI system."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.arguments import RolloutId
from fleetctl.cli.frame import Frame, frame_of
from fleetctl.cli.rollout import find_rollout

if TYPE_CHECKING:
    from fleetctl.core.rollout.state import Rollout
    from fleetctl.core.rollout_report import RolloutReport
    from fleetctl.ports import State

app = typer.Typer(help="Reports: what happened, for people and for machines.", no_args_is_help=True)


class Format(StrEnum):
    """Forms of a report."""

    HTML = "html"
    JSON = "json"
    JUNIT = "junit"


@app.command("rollout", epilog="Example: fleetctl report rollout last --format junit --out rollout.xml")
def report_rollout(
    ctx: typer.Context,
    rollout: RolloutId,
    form: Annotated[Format | None, typer.Option("--format", help="HTML if left out, JSON with '-o json'.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write; standard output if left out.")] = None,
) -> None:
    """Report a rollout: every unit with its attempts over time and the reasons, and every decision."""
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        text = _formatted(made_now(state, find_rollout(state, rollout)), form or _usual(frame))
    if out is None:
        sys.stdout.write(text)
    else:
        compose.write_whole(out, text.encode())
        frame.notes().print(f"report: {out}")


def write_html_report(frame: Frame, state: State, row: Rollout) -> Path:
    """Write a rollout's HTML report to where all of them lie, beside the state; returns its path.

    Raises:
        CouldNot: if it cannot be written.
    """
    from fleetctl.cli import compose

    folder = compose.private_folder(frame.state_folder / "reports")
    path = folder / f"{row.id}.html"
    compose.write_whole(path, _formatted(made_now(state, row), Format.HTML).encode())
    return path


def made_now(state: State, row: Rollout) -> RolloutReport:
    """Return a rollout's report as things stand."""
    from fleetctl.cli import compose
    from fleetctl.core.rollout_report import rollout_report

    log = (note for _, note in state.journal.events(row.id))
    return rollout_report(row, state.journal.progress(row.id), log, made=compose.clock().now().utc)


def _usual(frame: Frame) -> Format:
    return Format.JSON if frame.is_json else Format.HTML


def _formatted(report: RolloutReport, form: Format) -> str:
    import json

    from fleetctl.cli import compose
    from fleetctl.core.rollout_html import to_html
    from fleetctl.core.rollout_junit import to_junit
    from fleetctl.core.rollout_report import to_document

    if form is Format.HTML:
        return to_html(report, compose.report_template("rollout"))
    if form is Format.JUNIT:
        return to_junit(report)
    return json.dumps(to_document(report), ensure_ascii=False, indent=2) + "\n"
