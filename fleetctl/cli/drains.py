"""`fleetctl unit drain` and `unit undrain`: units take no new jobs, or take them again. Neither touches their heat."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fleetctl.cli.completion import complete_selectors
from fleetctl.cli.frame import Exit, Frame, frame_of, print_json
from fleetctl.cli.table import print_table
from fleetctl.core.problems import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fleetctl.cli.platforms import Platforms
    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.core.platform.telling import Order
    from fleetctl.core.policy import Drain
    from fleetctl.ports import State
    from fleetctl.ports.platform import PlatformNode
    from fleetctl.services.drains import Patience, Results

DRAIN = "Example: fleetctl unit drain site=les-sables,dwelling=A101 --reason 'fan is loud'"
UNDRAIN = "Example: fleetctl unit undrain site=les-sables,dwelling=A101"

Some = Annotated[
    list[str],
    typer.Argument(metavar="SEL", help="key=pattern,… or site/unit.", autocompletion=complete_selectors),
]
Reason = Annotated[str, typer.Option(help="Why; stands on the node, where everybody reads it.")]
PolicyName = Annotated[
    str | None, typer.Option("--policy", metavar="NAME", help="How long jobs are waited for, and what then.")
]
DeadlineS = Annotated[
    float | None, typer.Option(min=0, help="Wait so many seconds for running jobs, not as the policy says.")
]
_TAKES_JOBS_S = 120.0


def drain(
    ctx: typer.Context,
    selection: Some,
    reason: Reason,
    policy: PolicyName = None,
    deadline_s: DeadlineS = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until no job runs any more.")] = True,
) -> None:
    """Let units take no new jobs, and wait for those that run; heat goes on as it is.

    Jobs that still run after the policy's deadline are ended and reported lost, or left to run, as its `drain` says;
    where one is left, it exits with 1. A drain of somebody else is left as it is, ours stands until `unit undrain`.
    """
    from fleetctl.cli import compose
    from fleetctl.cli.platforms import platforms
    from fleetctl.core.platform.request import is_drained
    from fleetctl.services.apply import policy_of
    from fleetctl.services.drains import drain_by_order

    frame, fleet = _fleet_of(ctx)
    patience = _patience(policy_of(fleet, policy).drain, deadline_s, wait=wait)
    with compose.state(frame, durable=True) as state, platforms(frame, fleet) as known:
        standings = _standings(fleet, known, selection)
        _say_busy(frame, state, standings)
        results = drain_by_order(state, _order(frame, reason), standings, patience, compose.clock(), _Telling(frame))
    _print(frame, "unit-drain", results)
    raise typer.Exit(Exit.DONE if not wait or is_drained(results.values()) else Exit.FAILED)


def undrain(
    ctx: typer.Context,
    selection: Some,
    reason: Annotated[str, typer.Option(help="Why; kept in the event log.")] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until they take jobs.")] = False,
) -> None:
    """Let units take jobs again that fleetctl has drained; exits with 1 if one stays drained.

    A drain that somebody made on the platform itself is left as it is, and so is one of a rollout that has not ended.
    """
    from fleetctl.cli import compose
    from fleetctl.cli.platforms import platforms
    from fleetctl.core.platform.request import is_undrained
    from fleetctl.services.drains import undrain_by_order

    frame, fleet = _fleet_of(ctx)
    patience_s = _TAKES_JOBS_S if wait else 0.0
    with compose.state(frame, durable=True) as state, platforms(frame, fleet) as known:
        standings = _standings(fleet, known, selection)
        _say_busy(frame, state, standings)
        order = _order(frame, reason)
        results = undrain_by_order(state, order, standings, patience_s, compose.clock(), _Telling(frame))
    _print(frame, "unit-undrain", results)
    raise typer.Exit(Exit.DONE if is_undrained(results.values()) else Exit.FAILED)


def _order(frame: Frame, reason: str) -> Order:
    from fleetctl.cli import compose
    from fleetctl.core.platform.telling import Order

    return Order(frame.actor, compose.clock().now().utc, reason)


def _say_busy(frame: Frame, state: State, units: Iterable[str]) -> None:
    """Say which units a rollout is at work on: it drains them for itself, and ends that drain by itself."""
    from fleetctl.services.image_requests import under_way

    working = under_way(state)
    for unit in units:
        if unit in working:
            frame.notes().print(f"rollout {working[unit]} is at work on {unit}: a drain of its own it ends itself")


def _patience(limits: Drain, deadline_s: float | None, *, wait: bool) -> Patience:
    """Return how long is waited, and whether jobs are ended then; who does not wait ends none."""
    from fleetctl.services.drains import Patience

    if not wait:
        return Patience()
    return Patience(limits.deadline_s if deadline_s is None else deadline_s, limits.jobs == "cancel")


class _Telling:
    """Says on standard error what is waited for, whenever that changes."""

    def __init__(self, frame: Frame) -> None:
        self._frame, self._said = frame, ""

    def __call__(self, results: Results) -> None:
        """Take in what is so."""
        said = "; ".join(_waits(results))
        if said and said != self._said:
            self._frame.notes().print(f"waiting: {said}")
        self._said = said


def _waits(results: Results) -> Iterator[str]:
    jobs = {job.id for result in results.values() for job in result.node.jobs}
    if jobs:
        yield f"{len(jobs)} {'job runs' if len(jobs) == 1 else 'jobs run'} ({', '.join(sorted(jobs))})"
    silent = [result.unit for result in results.values() if result.node.health not in {"up", "absent"}]
    if silent:
        yield f"no answer from {', '.join(silent)}"


def _fleet_of(ctx: typer.Context) -> tuple[Frame, Fleet]:
    from fleetctl.cli import compose

    frame = frame_of(ctx)
    return frame, compose.fleet(frame)


def _standings(fleet: Fleet, known: Platforms, selection: Sequence[str]) -> Mapping[str, PlatformNode]:
    """Return where the selected units are nodes; those that only heat are said and left out.

    Raises:
        InvalidInput: if none of them is a node.
    """
    from fleetctl.core.selectors import select

    units = [unit.name for unit in select(fleet, selection)]
    found = {unit: standing for unit in units if (standing := known.of(unit)) is not None}
    for unit in units:
        if unit not in found:
            sys.stderr.write(f"{unit} is no node of a platform that is declared: there is nothing to drain\n")
    if not found:
        hint = "declare the platform under 'platforms' in fleet.yaml, and name it in the units' 'compute'"
        raise InvalidInput([Problem("no-node", "none of these units is a node of a platform", hint=hint)])
    return found


def _print(frame: Frame, what: str, results: Results) -> None:
    from fleetctl.core.platform.request import COLUMNS

    if frame.is_json:
        units = [result.document() for result in results.values()]
        print_json({"schema": f"fleetctl/{what}/v1", "units": units})
    else:
        print_table(frame, COLUMNS, [result.row() for result in results.values()])
