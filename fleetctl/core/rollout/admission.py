"""Whether a unit may start now. A refusal is the reason in words, and a person who asks "why" reads that same text."""

from __future__ import annotations

from collections.abc import Mapping

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.names import unit_name
from fleetctl.core.rollout.board import Board, SiteQueue
from fleetctl.core.rollout.state import Progress, Rollout, Status


def rollout_blocked(board: Board, rollout: Rollout, in_progress: int, failed: int) -> str | None:
    """Return why no unit of the rollout may start, or None; `rollout` may be ahead of the board within a tick."""
    if rollout.status is not Status.RUNNING:
        return f"the rollout is {rollout.status.value}" + (f": {rollout.reason}" if rollout.reason else "")
    limit = limit_reached(board, failed, rollout)
    if limit is not None:
        return limit
    if in_progress >= rollout.policy.max_in_progress:
        return f"{in_progress} of at most {rollout.policy.max_in_progress} units are under way"
    return None


def limit_reached(board: Board, failed: int, rollout: Rollout) -> str | None:
    """Return the arithmetic of the failure limit that is exceeded, or None.

    The denominator is the frozen set of the plan, whatever happened to its units since; a share counts only once the
    policy's least number of units was executed, so that it does not trip on the first of one.
    """
    policy, total = rollout.policy, len(board.units)
    counted = failed - rollout.tolerated
    tolerated = f", {rollout.tolerated} tolerated before" if rollout.tolerated else ""
    if counted > policy.max_failed:
        return f"{counted} of {total} failed, limit {policy.max_failed}{tolerated}"
    executed = board.executed + failed - board.failed  # what failed within this tick is not on the board yet
    if policy.max_failed_percent is None or executed < policy.min_executed:
        return None
    percent = 100 * counted / total
    if percent > policy.max_failed_percent:
        return f"{counted} of {total} failed ({percent:.1f} %), limit {policy.max_failed_percent:g} %{tolerated}"
    return None


def site_blocked(site: str, queue: SiteQueue, held: Mapping[str, str]) -> str | None:
    """Return why no unit of a site may start, or None.

    Args:
        site: the site's id.
        queue: the site's queue on the board.
        held: sites that other rollouts work on, with their ids.
    """
    if site in held:
        return f"rollout {held[site]} works on site {site}"
    if queue.doubtful:
        return f"{min(queue.doubtful)} is in doubt and is being observed"
    return None


def unit_blocked(board: Board, progress: Progress, active: int, gateways: int, now_s: float) -> str | None:
    """Return why one unit may not start although its rollout and site may, or None.

    Args:
        board: the rollout's board.
        progress: of the unit.
        active: units of its site that are under way.
        gateways: gateways of its site that are under way.
        now_s: monotonic time.
    """
    if progress.not_before_s > now_s:
        return f"retry in {progress.not_before_s - now_s:.0f} s: {progress.reason}"
    if gateways:
        return f"the gateway of site {progress.site} is under way"
    if progress.kind is Kind.GATEWAY and active:
        return f"a gateway waits until nothing of site {progress.site} is under way ({active} units are)"
    gateway = unit_name(progress.site, progress.gateway) if progress.gateway else ""
    if gateway in board.gateways_down:
        return f"gateway {gateway} does not answer"
    return None


def why(board: Board, unit: str, now_s: float, held: Mapping[str, str]) -> str:
    """Return why a unit is where it is, by the very predicates that the scheduler uses."""
    progress = board.units[unit]
    if progress.phase.is_end:
        return progress.reason or progress.phase.value
    if unit in board.active:
        doubt = "; its last step is in doubt and is being observed" if progress.in_doubt else ""
        return f"{progress.phase.value}, attempt {progress.attempt}{doubt}"
    queue = board.sites[progress.site]
    blocked = (
        rollout_blocked(board, board.rollout, board.in_progress, board.failed),
        site_blocked(progress.site, queue, held),
        unit_blocked(board, progress, len(queue.active), len(queue.gateways_active), now_s),
    )
    return "; ".join(filter(None, blocked)) or "it is next: it starts at the controller's next tick"
