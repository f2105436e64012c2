"""`fleetctl rollout`: look at rollouts and steer them, from any process."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.arguments import RolloutId, UnitName, Why
from fleetctl.cli.completion import complete_units, complete_waves
from fleetctl.cli.frame import Frame, frame_of, print_json
from fleetctl.cli.table import print_table
from fleetctl.cli.verify_log import verify_log

if TYPE_CHECKING:
    from fleetctl.core.rollout.state import CommandKind, Progress, Rollout
    from fleetctl.ports import State

app = typer.Typer(help="Look at rollouts and steer them, from any process.", no_args_is_help=True)

app.command("verify-log", epilog="Example: fleetctl rollout verify-log --heads /mnt/audit/heads.jsonl")(verify_log)

Reason = Annotated[str, typer.Option("--reason", help="Kept in the event log.")]


@app.command("list", epilog="Example: fleetctl rollout list")
def list_rollouts(ctx: typer.Context) -> None:
    """List rollouts, newest first."""
    from fleetctl.cli import compose
    from fleetctl.cli.running import reason_of

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        rollouts = state.journal.rollouts()
    if frame.is_json:
        print_json({"schema": "fleetctl/rollouts/v1", "rollouts": [_row_document(r) for r in rollouts]})
    else:
        rows = (
            (r.id, r.status.value, _wave(r), f"{r.created:%Y-%m-%d %H:%M}", r.actor, reason_of(r)) for r in rollouts
        )
        print_table(frame, ("ROLLOUT", "STATUS", "WAVE", "CREATED", "BY", "REASON"), rows)


@app.command("show", epilog="Example: fleetctl rollout show last")
def show(ctx: typer.Context, rollout: RolloutId) -> None:
    """Show a rollout: its waves and their gates, the sites halted, every unit with its phase and the reason for it."""
    from fleetctl.cli import compose
    from fleetctl.cli.running import standing
    from fleetctl.core.report.decisions import waves
    from fleetctl.core.rollout_json import wave_document

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        row = find_rollout(state, rollout)
        units = state.journal.progress(row.id)
    gates = waves(row, units, ())
    if frame.is_json:
        more = {"gates": [wave_document(gate) for gate in gates], "units": [_unit_document(row, u) for u in units]}
        print_json({**_row_document(row), "schema": "fleetctl/rollout/v1", **more})
        return
    sys.stdout.write(f"rollout {row.id} is {standing(row)}\n")
    for site, reason in row.halted_sites.items():
        sys.stdout.write(f"site {site} is halted: {reason}\n")
    sys.stdout.write("\n")
    if row.waves:
        print_table(frame, ("WAVE", "STANDING", "GATE"), ((gate.name, gate.standing, gate.gate) for gate in gates))
        sys.stdout.write("\n")
    _print_units(frame, row, units)


@app.command("watch", epilog="Example: fleetctl -o json rollout watch last | jq .what")
def watch(ctx: typer.Context, rollout: RolloutId) -> None:
    """Follow a rollout that another process drives, from its first event on."""
    from fleetctl.cli import compose
    from fleetctl.cli.interrupts import interruptible
    from fleetctl.cli.progress import show_all, tally_before, viewing
    from fleetctl.services.run import watch as events

    frame = frame_of(ctx)
    with compose.state(frame) as state, interruptible("the rollout goes on; you only stopped watching") as stopped:
        row = find_rollout(state, rollout)
        with viewing(frame, row.id, len(state.journal.progress(row.id)), tally_before(row)) as view:
            show_all(view, events(compose.seat(frame, state, stopped), row.id))


@app.command("why", epilog="Example: fleetctl rollout why last launaguet-les-sables/a101-1")
def why(ctx: typer.Context, rollout: RolloutId, unit: UnitName) -> None:
    """Say why a unit is where it is: the very reason that the scheduler uses."""
    from fleetctl.cli import compose
    from fleetctl.cli.hands import Grounds
    from fleetctl.services.explain import explain

    frame = frame_of(ctx)
    with compose.state(frame) as state:
        row = find_rollout(state, rollout)
        reason = explain(state, Grounds(state), row, unit, compose.clock().now())
    if frame.is_json:
        print_json({"schema": "fleetctl/why/v1", "rollout": row.id, "unit": unit, "reason": reason})
    else:
        sys.stdout.write(f"{unit}: {reason}\n")


@app.command("pause", epilog="Example: fleetctl rollout pause last --reason 'storm warning'")
def pause(ctx: typer.Context, rollout: RolloutId, reason: Reason = "") -> None:
    """Start nothing new; what is under way ends first."""
    from fleetctl.core.rollout.state import CommandKind

    _tell(frame_of(ctx), rollout, CommandKind.PAUSE, reason)


@app.command("abort", epilog="Example: fleetctl rollout abort last --reason 'wrong release'")
def abort(ctx: typer.Context, rollout: RolloutId, reason: Reason = "") -> None:
    """Cancel what waits and end what is under way at its next safe point; works in any state."""
    from fleetctl.core.rollout.state import CommandKind

    _steer(frame_of(ctx), rollout, CommandKind.ABORT, reason)


@app.command("resume", epilog="Example: fleetctl rollout resume last")
def resume(ctx: typer.Context, rollout: RolloutId, reason: Reason = "") -> None:
    """Go on with a rollout that is paused, halted, or was left by a controller that is gone."""
    from fleetctl.core.rollout.state import CommandKind

    _steer(frame_of(ctx), rollout, CommandKind.RESUME, reason)


@app.command("retry", epilog="Example: fleetctl rollout retry last --unit launaguet-les-sables/a101-1")
def retry(
    ctx: typer.Context,
    rollout: RolloutId,
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", help="Only this unit; may be repeated.", autocompletion=complete_units),
    ] = None,
    reason: Reason = "",
) -> None:
    """Try the units again that failed, were rolled back, deferred or skipped, and no others."""
    from fleetctl.core.rollout.state import CommandKind

    _steer(frame_of(ctx), rollout, CommandKind.RETRY, reason, tuple(unit or ()))


@app.command("approve", epilog="Example: fleetctl rollout approve last --reason 'canary looks good'")
def approve(
    ctx: typer.Context,
    rollout: RolloutId,
    reason: Why,
    wave: Annotated[
        str,
        typer.Option("--wave", help="The wave that is meant; the one that waits.", autocompletion=complete_waves),
    ] = "",
) -> None:
    """Let the wave begin that waits for a person; usually not the person who started the rollout."""
    from fleetctl.cli import compose
    from fleetctl.services.orders import approve as give

    frame = frame_of(ctx)
    with compose.state(frame, durable=True) as state:
        row = find_rollout(state, rollout)
        approved = give(state, compose.word(frame), row, wave, reason)
        led = compose.is_led(state)
    if frame.is_json:
        print_json({"schema": "fleetctl/approval/v1", "rollout": row.id, "wave": approved, "actor": frame.actor})
    frame.notes().print(f"told rollout {row.id}: wave {approved or row.wave + 1} is approved")
    if not led:
        frame.notes().print(f"  nobody drives it; next: fleetctl rollout resume {row.id}")


def _tell(frame: Frame, rollout: str, kind: CommandKind, reason: str) -> None:
    """Append a command; whoever drives the rollout sees it at its next tick."""
    from fleetctl.cli import compose

    with compose.state(frame, durable=True) as state:
        row = find_rollout(state, rollout)
        at = compose.clock().now().utc
        state.rollouts.command(row.id, kind, actor=frame.actor, at=at, reason=reason)
    frame.notes().print(f"told rollout {row.id}: {kind.value}")


def _steer(frame: Frame, rollout: str, kind: CommandKind, reason: str, units: tuple[str, ...] = ()) -> None:
    """Append a command and drive the rollout, or follow whoever does, until it settles again."""
    from fleetctl.cli import compose
    from fleetctl.cli.running import run_to_exit
    from fleetctl.core.rollout.state import CommandKind, Status

    with compose.state(frame, durable=True) as state:
        row = find_rollout(state, rollout)
        left_behind = kind is CommandKind.RESUME and row.status is Status.RUNNING
        known = max((number for number, _ in state.journal.events(row.id)), default=0)
        if not left_behind:
            at = compose.clock().now().utc
            state.rollouts.command(row.id, kind, actor=frame.actor, at=at, reason=reason, units=units)
        code = run_to_exit(frame, state, row.id, after=known)
    raise typer.Exit(code)


def find_rollout(state: State, rollout: str) -> Rollout:
    """Return the rollout that a person named.

    Raises:
        InvalidInput: if there is none.
    """
    from fleetctl.core.problems import InvalidInput, Problem

    if rollout == "last":
        newest = state.journal.rollouts()[:1]
        found = newest[0] if newest else None
    else:
        found = state.journal.rollout(rollout)
    if found is None:
        hint = "'fleetctl rollout list' shows what there is"
        raise InvalidInput([Problem("unknown-rollout", f"there is no rollout '{rollout}'", hint=hint)])
    return found


def _print_units(frame: Frame, row: Rollout, units: Sequence[Progress]) -> None:
    """Print every unit with its wave, if there are several, and who was left out."""
    several = len(row.waves) > 1
    rows = (
        (
            u.unit,
            *((_wave_name(row, u.wave),) if several else ()),
            u.phase.value + ("?" if u.in_doubt else ""),
            str(u.attempt),
            u.reason,
        )
        for u in units
    )
    print_table(frame, ("UNIT", *(("WAVE",) if several else ()), "PHASE", "ATTEMPT", "REASON"), rows)
    for unit, reason in row.left_out.items():
        sys.stdout.write(f"left out: {unit}: {reason}\n")


def _wave(row: Rollout) -> str:
    """Return which wave is open, of how many; empty if there is but one."""
    return f"{_wave_name(row, row.wave)} {row.wave + 1}/{len(row.waves)}" if len(row.waves) > 1 else ""


def _wave_name(row: Rollout, wave: int) -> str:
    return row.waves[wave].name if wave < len(row.waves) else ""


def _row_document(rollout: Rollout) -> dict[str, Any]:
    from fleetctl.core.clock import to_text

    return {
        "id": rollout.id,
        "status": rollout.status.value,
        "reason": rollout.reason,
        "plan": rollout.plan,
        "policy": rollout.policy.name,
        "actor": rollout.actor,
        "created": to_text(rollout.created),
        "sites": list(rollout.sites),
        "left_out": dict(rollout.left_out),
        "waves": [wave.name for wave in rollout.waves],
        "wave": rollout.waves[rollout.wave].name if rollout.wave < len(rollout.waves) else None,
        "awaiting_approval": rollout.awaiting,
        "halted_sites": dict(rollout.halted_sites),
    }


def _unit_document(row: Rollout, unit: Progress) -> dict[str, Any]:
    return {
        "unit": unit.unit,
        "wave": _wave_name(row, unit.wave) or None,
        "phase": unit.phase.value,
        "attempt": unit.attempt,
        "in_doubt": unit.in_doubt,
        "cause": unit.cause.value if unit.cause else None,
        "reason": unit.reason,
        "config_digest": unit.config_digest,
        "release": unit.release or None,
    }
