"""What `apply --allow-retire` does with units that the state knows and the inventory does not."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fleetctl.core.identity.orphans import Trace
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.plan import Plan
    from fleetctl.core.policy import Drain
    from fleetctl.ports import State
    from fleetctl.services.orphans import Leaving
    from fleetctl.services.retire import Choice


def retired_with(fleet: Fleet, plan: Plan, allowed: int | None, most_percent: float) -> Sequence[str]:
    """Return the orphaned units that a plan's application retires; none if nobody spoke of it.

    Raises:
        InvalidInput: if their number is another than the person expects, or too large.
    """
    from fleetctl.core.identity.retiring import refusal_of_number

    refused = refusal_of_number(plan.orphaned, allowed, len(fleet.by_name), most_percent)
    if refused is not None:
        hint = "only a plan of the whole fleet looks for orphans; see 'fleetctl plan'"
        raise InvalidInput([Problem("not-retired", refused, hint=hint)])
    return () if allowed is None else plan.orphaned


def retire_orphans(frame: Frame, fleet: Fleet, state: State, orphans: Sequence[str], limits: Drain) -> bool:
    """Retire orphaned units, and wipe those of their machines that answer still; says whether all are retired.

    Args:
        frame: the global options.
        fleet: what is declared, without them.
        state: what is remembered of them.
        orphans: their names.
        limits: how long their jobs are waited for, and what becomes of jobs that run on then.
    """
    if not orphans:
        return True
    from fleetctl.services.orphans import retire_all
    from fleetctl.services.retire import Choice

    choice, failed = Choice(limits.deadline_s, limits.jobs == "cancel", off=False), 0
    frame.notes().print(f"retiring {len(orphans)} orphaned units; their jobs have {limits.deadline_s:g} s to end")
    with ExitStack() as stack:
        leaving = list(_leaving(frame, fleet, state, _free(frame, state, orphans), choice, stack))
        failed = len(orphans) - len(leaving)
        for outcome in retire_all(leaving):
            frame.notes().print(outcome.text)
            failed += bool(outcome.failed)
    if failed:
        frame.notes().print(
            f"{failed} of {len(orphans)} orphaned units are not retired; the same call goes on with them"
        )
    return not failed


def _free(frame: Frame, state: State, orphans: Sequence[str]) -> list[str]:
    """Return those that nobody holds and no rollout is at work on; says why the others are left."""
    from fleetctl.cli.retire import refuse_busy
    from fleetctl.core.identity.orphans import only_named

    free = []
    for name in orphans:
        try:
            refuse_busy(state, only_named(name, ""))
            free.append(name)
        except CouldNot as reason:
            frame.notes().print(f"{name}: not retired: {reason}")
    return free


def _leaving(
    frame: Frame, fleet: Fleet, state: State, orphans: Sequence[str], choice: Choice, stack: ExitStack
) -> Iterator[Leaving]:
    """Yield what each unit is retired with; the machines that may be touched are looked at first, all at once."""
    from fleetctl.adapters.identity.certificates import address_of
    from fleetctl.cli import identities, retire
    from fleetctl.cli.probe import observe
    from fleetctl.core.identity.orphans import only_named, with_units, without_declared_node
    from fleetctl.services.orphans import Leaving, as_registered, traces_of

    traces = traces_of(state, orphans, address_of)
    reached, reasons = _reachable(fleet, state, traces.values())
    whole, platform_named = with_units(fleet, reached.values()), identities.platform_named(frame, fleet)
    seen = observe(frame, state, whole, list(reached.values())) if reached else {}
    for name, trace in traces.items():
        unit = reached.get(name) or only_named(name, trace.serial)
        goodbye = retire.farewell(frame, state, whole, unit, choice, stack)
        registered = as_registered(goodbye, without_declared_node(fleet, trace), platform_named)
        yield Leaving(registered, seen.get(name), reasons.get(name, ""))


def _reachable(fleet: Fleet, state: State, traces: Iterable[Trace]) -> tuple[dict[str, Unit], dict[str, str]]:
    """Return the units whose machines may be asked, and why those of others must not be touched."""
    from fleetctl.core.identity.orphans import as_it_was, declared_by, untouchable

    pins = state.units.pins(fleet.by_name)
    declared = declared_by(fleet, {name: [pin.fingerprint for pin in of_unit] for name, of_unit in pins.items()})
    reached: dict[str, Unit] = {}
    reasons: dict[str, str] = {}
    for trace in traces:
        unit, reason = as_it_was(fleet, trace), untouchable(trace, declared)
        if reason is not None:
            reasons[trace.unit] = reason
        elif unit is not None:
            reached[trace.unit] = unit
    return reached, reasons
