"""Retire units that are in the inventory no more, and whose machines may run still.

    drained -> revoked -> unregistered -> wiped -> forgotten

Each as in `retire`, and safe to repeat. Nobody asked for heat to end, so the machine heats on. One that does not
answer, or must not be touched, is taken out of everybody's books alone, and that is said: nobody who reads the list of
revoked certificates believes it any more. What cannot be done leaves a unit as it is, an orphan still: jobs that run
on, a platform that is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.identity.orphans import Trace, trace_of
from fleetctl.core.inventory.invariants.identity import normal_serial
from fleetctl.core.platform.drains import RETIRING
from fleetctl.core.problems import CouldNot
from fleetctl.ports import State
from fleetctl.ports.platform import Platform, PlatformNode
from fleetctl.services.drains import Patience, drain
from fleetctl.services.retire import Farewell, drained, revoked, unregistered, wiped

PlatformNamed = Callable[[str], Platform]
"""Returns the platform of an id; raises `CouldNot` if nobody here speaks with it."""
WHY = "it is not in the inventory any more"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one unit.

    Attributes:
        done: what was done and read back, in words.
        untouched: why its machine was not touched; empty if it was wiped, or nothing is retired.
        failed: why it is not retired; empty if it is.
    """

    unit: str
    done: tuple[str, ...] = ()
    untouched: str = ""
    failed: str = ""

    @property
    def text(self) -> str:
        """Return it for people, in one line."""
        steps = "".join(f"{each}; " for each in self.done)
        if self.failed:
            return f"{self.unit}: {steps}not retired: {self.failed}"
        left = f"its machine was not touched: {self.untouched}" if self.untouched else "its machine heats on"
        return f"{self.unit}: {steps}retired; {left}"


@dataclass(frozen=True)
class Leaving:
    """A unit that is retired.

    Attributes:
        farewell: what with; its standing is the one that it is registered as.
        seen: what was observed of its machine; None if nobody may look, or knows the way.
        untouchable: why its machine must not be touched; empty if it may be, once it has proved which it is.
    """

    farewell: Farewell
    seen: Observation | None = None
    untouchable: str = ""


def traces_of(state: State, orphans: Sequence[str], address_of: Callable[[str], str]) -> Mapping[str, Trace]:
    """Return what is left of units, by their names.

    Args:
        state: what is remembered.
        orphans: their names.
        address_of: returns the address that a certificate in PEM names.
    """
    wanted = frozenset(orphans)
    certificates = [each for each in state.registry.certificates() if each.unit in wanted]
    addresses = {each.number: address_of(each.pem) for each in certificates}
    registrations, pins = state.registry.registrations(orphans), state.units.pins(orphans)
    keys = {unit: [pin.fingerprint for pin in of_unit] for unit, of_unit in pins.items()}
    return {
        unit: trace_of(unit, certificates, registrations.get(unit), keys.get(unit, ()), addresses) for unit in orphans
    }


def retire_all(leaving: Sequence[Leaving]) -> Iterator[Outcome]:
    """Retire units; yields what came of each. All their nodes are drained first, so that jobs end side by side."""
    _drain_nodes([each.farewell for each in leaving])
    for each in leaving:
        done: list[str] = []
        try:
            untouched = each.untouchable or _mistaken(each)
            done.extend(_steps(each.farewell, is_reached=not untouched))
        except CouldNot as reason:
            yield Outcome(each.farewell.unit.name, tuple(done), failed=str(reason))
        else:
            yield Outcome(each.farewell.unit.name, tuple(done), untouched)


def _steps(farewell: Farewell, *, is_reached: bool) -> Iterator[str]:
    if is_reached or farewell.standing_of(farewell.unit) is not None:
        yield drained(farewell)
    yield revoked(farewell)
    yield unregistered(farewell)
    if is_reached:
        yield wiped(farewell)
    at = farewell.clock.now().utc
    farewell.state.units.forget(farewell.unit.name, actor=farewell.actor, at=at, why=WHY)


def _mistaken(leaving: Leaving) -> str:
    """Return why whoever answered is not the machine that is meant; empty if it is."""
    seen, unit = leaving.seen, leaving.farewell.unit
    if not isinstance(seen, Facts):
        return seen.message if seen is not None else "nobody knows the way to it"
    is_it = normal_serial(seen.serial) == normal_serial(unit.serial)
    return "" if is_it else f"it answers as {seen.serial or 'nobody'}, and was {unit.serial}"


def _drain_nodes(farewells: Sequence[Farewell]) -> None:
    standings: dict[str, PlatformNode] = {}
    for farewell in farewells:
        try:
            standing = farewell.standing_of(farewell.unit)
            if standing is not None:
                standings[farewell.unit.name] = standing
        except CouldNot:
            continue  # it is told of the unit itself, when it is its turn
    if standings:
        try:
            drain(standings, RETIRING, Patience(), farewells[0].clock)
        except CouldNot:
            return


def as_registered(farewell: Farewell, trace: Trace, platform_named: PlatformNamed) -> Farewell:
    """Return a farewell whose unit is the node that it is registered as, whatever is declared."""

    def standing_of(_: object) -> PlatformNode | None:
        if trace.place is None:
            return None
        return PlatformNode(
            f"platform '{trace.place.platform}'", platform_named(trace.place.platform), trace.place.node
        )

    return replace(farewell, standing_of=standing_of)
