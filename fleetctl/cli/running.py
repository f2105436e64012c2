"""Run a rollout in the foreground and turn its end into an exit code; for `apply` and `rollout resume|retry|abort`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetctl.cli.frame import Exit, Frame, print_json

if TYPE_CHECKING:
    from fleetctl.core.rollout.state import Rollout
    from fleetctl.ports import State


def run_to_exit(frame: Frame, state: State, rollout: str, *, after: int = 0) -> int:
    """Drive or follow a rollout until it settles; say how it ended and how to go on.

    Args:
        frame: the global options.
        state: the state.
        rollout: its id.
        after: number of the last event that is not to be told again.
    """
    from fleetctl.cli import compose
    from fleetctl.cli.interrupts import interruptible
    from fleetctl.cli.progress import show_all, tally_of, viewing
    from fleetctl.services.run import run

    units, before = state.journal.progress(rollout), state.journal.rollout(rollout)
    assert before is not None  # noqa: S101 - whoever runs a rollout has found it
    waiting = "stopping: nothing new starts, units under way reach a safe point (again to leave at once)"
    with interruptible(waiting) as interrupted:
        with viewing(frame, rollout, len(units), tally_of(before, units)) as view:
            show_all(view, run(compose.seat(frame, state, interrupted), rollout, after=after))
        row = state.journal.rollout(rollout)
        assert row is not None  # noqa: S101 - it was just run
        _conclude(frame, state, row)
        return Exit.INTERRUPTED if interrupted() and not row.status.is_end else exit_code(row)


def exit_code(rollout: Rollout) -> int:
    """Return the exit code that a rollout's status means; one that waits for a person is halted by a gate."""
    from fleetctl.core.rollout.orders import waiting_wave
    from fleetctl.core.rollout.state import Status

    if rollout.status is Status.SUCCEEDED:
        return Exit.DONE
    waits = rollout.status in {Status.HALTED, Status.PAUSED} or waiting_wave(rollout) is not None
    return Exit.HALTED if waits else Exit.FAILED


def standing(rollout: Rollout) -> str:
    """Return where a rollout stands: its status, and what it waits for or why it ended."""
    reason = reason_of(rollout)
    return rollout.status.value + (f": {reason}" if reason else "")


def reason_of(rollout: Rollout) -> str:
    """Return what a rollout waits for, or why it ended, and how many sites are halted; empty if there is nothing."""
    from fleetctl.core.rollout.orders import waiting_wave

    wave, halted = waiting_wave(rollout), len(rollout.halted_sites)
    sites = f"{halted} site{'s' * (halted != 1)} halted" if halted and not rollout.status.is_end else ""
    return "; ".join(filter(None, (f"wave {wave} waits for approval" if wave else rollout.reason, sites)))


def _conclude(frame: Frame, state: State, row: Rollout) -> None:
    """Print how the rollout stands: the sentence, the units that need somebody, the command that goes on."""
    from fleetctl.cli.report import leave_report, made_now
    from fleetctl.core.rollout.state import Status

    made = made_now(state, row)
    report = leave_report(frame, made)
    if frame.is_json:
        mixed = [{"config": m.config.value, "version": m.version, "units": len(m.units)} for m in made.mixed]
        end = {"id": row.id, "status": row.status.value, "units": made.counts, "mixed": mixed, "report": report}
        print_json({"schema": "fleetctl/rollout-end/v1", **end})
        return
    notes = frame.notes()
    counts = ", ".join(f"{count} {phase}" for phase, count in made.counts.items())
    notes.print(f"rollout {row.id} {standing(row)} ({counts})")
    for unit in made.attention:
        notes.print(f"  {unit.unit} {unit.phase.value}: {unit.progress.reason}")
    for unit_name, reason in row.left_out.items():
        notes.print(f"  {unit_name} left out: {reason}")
    if row.status is not Status.SUCCEEDED:
        for m in made.mixed:
            notes.print(f"  {len(m.units)} {'unit' if len(m.units) == 1 else 'units'}: config {m.config}, {m.version}")
    verb = _next(row)
    if verb:
        notes.print(f"  next: fleetctl rollout {verb} {row.id}")
    if report:
        notes.print(f"  report: {report}")


def _next(row: Rollout) -> str:
    """Return what a person may do with a rollout that stands still, or has failed."""
    from fleetctl.core.rollout.orders import waiting_wave
    from fleetctl.core.rollout.state import Status

    if row.status is Status.RUNNING and waiting_wave(row) is not None:
        return "approve"
    return {Status.FAILED: "retry", Status.HALTED: "resume", Status.PAUSED: "resume"}.get(row.status, "")
