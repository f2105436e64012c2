"""`fleetctl rollout verify-log`: is the event log what it was?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.frame import Exit, Frame, frame_of, print_json

if TYPE_CHECKING:
    from fleetctl.services.log_heads import LogCheck


def verify_log(
    ctx: typer.Context,
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads", exists=True, dir_okay=False, help="Signed heads; FLEETCTL_LOG_HEADS or the usual file."
        ),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", exists=True, dir_okay=False, help="Public keys to trust besides this machine's."),
    ] = None,
) -> None:
    """Check the event log of all rollouts: its chain of digests, and that every signed head is on it."""
    from fleetctl.cli import compose
    from fleetctl.cli.notary import forgeries, head_file
    from fleetctl.core.problems import CouldNot
    from fleetctl.services.log_heads import check_log

    frame, kept = frame_of(ctx), head_file(heads)
    with compose.state(frame) as state:
        found = kept.heads(state.uuid)
        if heads is not None and not found:
            raise CouldNot(f"{heads} has no signed head of this log", hint="is it the file of another state?")
        check = check_log(state, found, forgeries(key or ()))
    if frame.is_json:
        print_json({"schema": "fleetctl/log-check/v1", **_document(check), "heads_file": kept.where})
    if check.flaws:
        for flaw in check.flaws:
            frame.notes().print(f"error: the event log is not what it was: {flaw}")
        frame.notes().print("  hint: keep the state and the signed heads as evidence, and restore a copy")
        raise typer.Exit(Exit.FAILED)
    _say(frame, check, kept.where)


def _document(check: LogCheck) -> dict[str, Any]:
    counts = {"events": check.events, "signed": check.signed, "heads": check.heads}
    return {"whole": not check.flaws, "flaws": list(check.flaws), **counts}


def _say(frame: Frame, check: LogCheck, where: str) -> None:
    notes = frame.notes()
    notes.print(f"the event log is whole: {check.events} events")
    if check.heads:
        notes.print(
            f"  {check.heads} signed heads in {where} are on it; they vouch for the first {check.signed} events"
        )
    elif check.events:
        notes.print(f"  no signed head of it in {where}: who rewrote the whole log would not be found out")
