"""`fleetctl report`: what happened, for people, for programs, for a CI system."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli import handover
from fleetctl.cli.arguments import RolloutId
from fleetctl.cli.frame import Frame, frame_of
from fleetctl.cli.rollout import find_rollout

if TYPE_CHECKING:
    from fleetctl.core.report.evidence import Evidence
    from fleetctl.core.rollout.state import Rollout
    from fleetctl.core.rollout_report import RolloutReport
    from fleetctl.ports import State

app = typer.Typer(help="Reports: what happened, for people and for machines.", no_args_is_help=True)
app.command("handover", epilog=handover.HANDOVER_EXAMPLE)(handover.report_handover)
app.command("verify", epilog=handover.VERIFY_EXAMPLE)(handover.verify)


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


def leave_report(frame: Frame, report: RolloutReport) -> str:
    """Write a rollout's HTML report to where all of them lie, beside the state, and return its path.

    A disk that is full does not change how a rollout ends: it is said, and the path is empty.
    """
    from fleetctl.cli import compose
    from fleetctl.core.problems import CouldNot

    try:
        path = compose.private_folder(frame.state_folder / "reports") / f"{report.rollout.id}.html"
        compose.write_whole(path, _formatted(report, Format.HTML).encode())
    except CouldNot as reason:
        frame.notes().print(f"no report: {reason}")
        return ""
    return str(path)


def made_now(state: State, row: Rollout) -> RolloutReport:
    """Return a rollout's report as things stand."""
    from fleetctl.cli import compose
    from fleetctl.core.rollout_report import rollout_report

    units, log = state.journal.progress(row.id), (note for _, note in state.journal.events(row.id))
    known = _evidence(state, row, [unit.unit for unit in units])
    return rollout_report(row, units, log, made=compose.clock().now().utc, evidence=known)


def _evidence(state: State, row: Rollout, units: list[str]) -> Evidence:
    """Return what the state knows of a rollout, and its fleet, if that can still be loaded."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from fleetctl.cli import compose
    from fleetctl.core.problems import CouldNot, InvalidInput
    from fleetctl.core.report.evidence import Evidence

    history = Evidence(state.journal.steps(row.id), state.units.readings(row.id), state.units.facts(units))
    try:
        fleet = compose.fleet(Frame(inventory=Path(row.inventory)))
        zones = {site: ZoneInfo(fleet.sites[site].time_zone) for site in row.sites if site in fleet.sites}
    except (CouldNot, InvalidInput, ZoneInfoNotFoundError):  # a report is of what was, whatever is declared now
        return history
    dwellings = {name: unit.dwelling for name in units if (unit := fleet.by_name.get(name))}
    return replace(history, zones=zones, dwellings=dwellings)


def _usual(frame: Frame) -> Format:
    return Format.JSON if frame.is_json else Format.HTML


def _formatted(report: RolloutReport, form: Format) -> str:
    import json

    from fleetctl.cli import compose
    from fleetctl.core.rollout_html import to_html
    from fleetctl.core.rollout_json import to_document
    from fleetctl.core.rollout_junit import to_junit

    if form is Format.HTML:
        return to_html(report, compose.report_template("rollout"))
    if form is Format.JUNIT:
        return to_junit(report)
    return json.dumps(to_document(report), ensure_ascii=False, indent=2) + "\n"
