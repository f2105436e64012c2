"""The unit's compute daemon, as far as it can be reached from here: its drain, and the jobs that run.

The seam is three files. `drain.json` in /data is the drain: while it is there the daemon takes no new job. The daemon
writes `/run/fleet/compute.json`, with the drain that it obeys and the jobs that run. `/run/fleet/cancel-jobs.json` asks
it, once for each id, to end the jobs that run; it tells the id and what was lost. None of them touches the unit's heat.
"""

from __future__ import annotations

import os
import time

from fleet_unit.endings import Ended
from fleet_unit.files import dump, mtime, read_document, remove, replace_file
from fleet_unit.paths import CANCEL_JOBS, COMPUTE, DRAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.journal import Journal, Step
    from fleet_unit.kinds import Document

OURS = "fleetctl "
"""How the reason of every drain by a rollout begins."""
DAEMON_AGE_S = 30.0
CANCEL_TIMEOUT_S = 20.0


def state() -> Document | None:
    """Return the drain and the number of jobs; None on a unit that has no compute daemon and no drain.

    It is drained when no new job can start: the daemon has taken notice, or does not run.
    """
    reason, daemon = drain_reason(), read_document(COMPUTE)
    if not reason and not daemon:
        return None
    runs = time.time() - mtime(COMPUTE) <= DAEMON_AGE_S
    drained = bool(reason) and (not runs or daemon.get("drain") == reason)
    return {"drained": drained, "reason": reason, "by_us": reason.startswith(OURS), "jobs": len(_jobs(daemon))}


def drain_reason() -> str:
    """Return why the unit is drained; empty if it is not. A drain that somebody made by hand may have said nothing."""
    if not os.path.exists(DRAIN):
        return ""
    return str(read_document(DRAIN).get("reason") or "no reason given")


def drain(reason: str, *, cancel_jobs: bool) -> Callable[[Step, Journal], str]:
    """Return the effect that lets no new job start; jobs go on, or are ended.

    A drain of others stands as it is, and the jobs under a person's are that person's.
    """

    def effect(step: Step, _: Journal) -> str:
        standing = drain_reason()
        if not standing:
            replace_file(DRAIN, dump({"reason": reason, "since": round(time.time(), 3)}), 0o644)
        said = "drained" if standing in ("", reason) else f"drained by others: {standing}"
        daemon = read_document(COMPUTE)
        may_cancel = cancel_jobs and (not standing or standing.startswith(OURS))
        if may_cancel and (_jobs(daemon) or daemon.get("cancelled") == _request(step)):
            lost = _cancel(step)
            return f"{said}; {len(lost)} jobs lost{': ' if lost else ''}{', '.join(lost)}"
        return f"{said}, {len(_jobs(daemon))} jobs run"

    return effect


def undrain(reason: str) -> Callable[[Step, Journal], str]:
    """Return the effect that ends a drain with this very reason; any other is left."""

    def effect(_: Step, __: Journal) -> str:
        standing = drain_reason()
        if standing not in ("", reason):
            return f"left drained by others: {standing}"
        remove(DRAIN)
        return "takes jobs again" if standing else "was not drained"

    return effect


def _jobs(daemon: Document) -> list[str]:
    jobs = daemon.get("jobs", ())
    return [str(job) for job in jobs] if isinstance(jobs, (list, tuple)) else []


def _request(step: Step) -> str:
    return f"{step.attempt}:{step.number}"


def _cancel(step: Step) -> list[str]:
    """Let the daemon end its jobs; return those that were lost. Asked again, it answers what it did.

    Raises:
        Ended: if it does not answer in time.
    """
    request = _request(step)
    replace_file(CANCEL_JOBS, dump({"id": request}), 0o644)
    deadline = time.monotonic() + CANCEL_TIMEOUT_S
    while (daemon := read_document(COMPUTE)).get("cancelled") != request:
        if time.monotonic() > deadline:
            left = ", ".join(_jobs(daemon))
            raise Ended(f"the compute daemon did not end its jobs within {CANCEL_TIMEOUT_S:.0f} s: {left}")
        time.sleep(0.1)
    remove(CANCEL_JOBS)
    return _jobs({"jobs": daemon.get("lost")})
