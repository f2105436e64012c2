"""Drain and undrain units for a person, on the platforms where they are nodes. Heat is not touched by either.

What a person orders is in the event log before anything is asked of a platform: who, when and why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from fleetctl.core.platform.drains import Deed, Did, by_hand, may_cancel, to_undrain
from fleetctl.core.platform.node import Node
from fleetctl.core.platform.request import Result, may_undrain
from fleetctl.core.platform.telling import Order
from fleetctl.ports import Clock, Platform, State
from fleetctl.ports.platform import PlatformNode, by_platform

_LOOK_EVERY_S = 2.0

Results = Mapping[str, Result]
"""By the unit's name."""
Tell = Callable[[Results], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a person waits.

    Attributes:
        seconds: 0 waits for nothing.
        cancel: jobs that still run then are ended and reported lost; else they are left to run.
    """

    seconds: float = 0.0
    cancel: bool = False


def drain_by_order(
    state: State,
    order: Order,
    standings: Mapping[str, PlatformNode],
    patience: Patience,
    clock: Clock,
    tell: Tell = lambda _: None,
) -> Results:
    """Drain units for a person; see `drain`. The event log has the order, and then the jobs that it cost."""
    state.orders.note(order.drains(_nodes_by_unit(standings)))
    results = drain(standings, by_hand(order.reason), patience, clock, tell)
    state.orders.note(order.lost(results.values(), clock.now().utc))
    return results


def undrain_by_order(
    state: State,
    order: Order,
    standings: Mapping[str, PlatformNode],
    wait_s: float,
    clock: Clock,
    tell: Tell = lambda _: None,
) -> Results:
    """End drains for a person, but for those of rollouts that have not ended; see `undrain`."""
    state.orders.note(order.undrains(_nodes_by_unit(standings)))
    active = {rollout.id for rollout in state.journal.rollouts(active=True)}
    return undrain(standings, active, wait_s, clock, tell)


def drain(
    standings: Mapping[str, PlatformNode], reason: str, patience: Patience, clock: Clock, tell: Tell = lambda _: None
) -> Results:
    """Drain units and wait until nothing runs on them; a drain that stands is left as it is.

    Args:
        standings: where the units are nodes, by their names.
        reason: stands on their nodes, and ends by `undrain` alone.
        patience: how long running jobs are waited for, and what becomes of them then.
        clock: to wait by.
        tell: called with what is so after each look.

    Raises:
        CouldNot: if a platform does not answer, or refuses.
    """
    results: dict[str, Result] = {}
    for group in by_platform(standings).values():
        results.update(_results(group, _platform(group).drain(_nodes(group), reason)))
    results = _wait(results, standings, lambda node: node.is_free, patience.seconds, clock, tell)
    return _cancelled(results, standings, reason) if patience.cancel else results


def undrain(
    standings: Mapping[str, PlatformNode],
    active: Collection[str],
    wait_s: float,
    clock: Clock,
    tell: Tell = lambda _: None,
) -> Results:
    """End the drains that fleetctl made, and wait until the units take jobs again; others are left as they are.

    Args:
        standings: where the units are nodes, by their names.
        active: ids of the rollouts that have not ended, whose drains they end themselves.
        wait_s: how long it may take until a node takes jobs; 0 does not wait.
        clock: to wait by.
        tell: called with what is so after each look.

    Raises:
        CouldNot: if a platform does not answer, or refuses.
    """
    results: dict[str, Result] = {}
    for group in by_platform(standings).values():
        results.update(_results(group, _undrained(group, active)))
    meant = {unit: standing for unit, standing in standings.items() if results[unit].did is Did.UNDRAINED}
    return {**results, **_wait({u: results[u] for u in meant}, meant, lambda n: n.takes_jobs, wait_s, clock, tell)}


def _undrained(group: Mapping[str, PlatformNode], active: Collection[str]) -> Mapping[str, Deed]:
    platform = _platform(group)
    nodes = platform.nodes(_nodes(group))
    deeds: dict[str, Deed] = {}
    for reason in {node.reason for node in nodes.values() if node.drained and may_undrain(node, active)}:
        names = [node.name for node in nodes.values() if node.drained and node.reason == reason]
        deeds.update(platform.undrain(names, reason))
    for name, node in nodes.items():
        deeds.setdefault(name, Deed(name, Did.LEFT if node.drained else to_undrain(node, ""), node.reason))
    return deeds


def _results(group: Mapping[str, PlatformNode], deeds: Mapping[str, Deed]) -> Iterator[tuple[str, Result]]:
    nodes = _platform(group).nodes(_nodes(group))
    for unit, standing in group.items():
        deed = deeds[standing.node]
        yield unit, Result(unit, deed.did, deed.reason, nodes[standing.node])


def _wait(
    results: Results,
    standings: Mapping[str, PlatformNode],
    is_so: Callable[[Node], bool],
    seconds: float,
    clock: Clock,
    tell: Tell,
) -> dict[str, Result]:
    """Look at the units that are not so yet, until all are or the time is over."""
    until_s = clock.now().monotonic_s + seconds
    found = dict(results)
    while waiting := {unit: standings[unit] for unit, result in found.items() if not is_so(result.node)}:
        tell(found)
        if clock.now().monotonic_s >= until_s:
            break
        clock.wait(min(_LOOK_EVERY_S, max(0.0, until_s - clock.now().monotonic_s)))
        for group in by_platform(waiting).values():
            nodes = _platform(group).nodes(_nodes(group))
            found.update((unit, replace(found[unit], node=nodes[standing.node])) for unit, standing in group.items())
    return found


def _cancelled(results: Results, standings: Mapping[str, PlatformNode], reason: str) -> Results:
    """End the jobs that still run on nodes which are drained for this very reason."""
    found = dict(results)
    ours = {u: standings[u] for u, result in results.items() if result.node.jobs and may_cancel(result.node, reason)}
    for group in by_platform(ours).values():
        lost = _platform(group).cancel(_nodes(group))
        nodes = _platform(group).nodes(_nodes(group))
        for unit, standing in group.items():
            found[unit] = replace(found[unit], node=nodes[standing.node], lost=tuple(lost[standing.node]))
    return found


def _platform(group: Mapping[str, PlatformNode]) -> Platform:
    return next(iter(group.values())).platform


def _nodes_by_unit(standings: Mapping[str, PlatformNode]) -> dict[str, str]:
    return {unit: standing.node for unit, standing in standings.items()}


def _nodes(group: Mapping[str, PlatformNode]) -> list[str]:
    return [standing.node for standing in group.values()]
