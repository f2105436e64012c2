"""Which unit of a rollout is in which wave, decided once when the set of units is frozen.

The invariant: every unit is in exactly one wave; no wave holds more than its share of the frozen set, which is rounded
down and never up to one; and a gateway is never in one wave with units that do not heat without it (G3). It admits
nothing and knows no time: gates and caps are judged when the waves are worked on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

from fleetctl.core.heat.premises import heats_alone
from fleetctl.core.inventory.fleet import Fleet, Kind, Unit
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.selectors import parse

ALL = Wave("all")
REST = Wave("rest")
GATEWAYS = "/gateways"
"""Ends the name of a wave that was split off for G3; no declared name holds a slash."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A unit of the frozen set, with what its place among the waves depends on."""

    unit: Unit
    heats_without_gateway: bool


@dataclass(frozen=True, slots=True)
class WaveOf:
    """A wave and the units in it.

    Attributes:
        rule: the wave as the policy declares it, or as it follows from the declared ones.
        units: full names, in the order in which they are worked on; an empty wave is passed over.
        arithmetic: how its size came about, in words.
    """

    rule: Wave
    units: tuple[str, ...]
    arithmetic: str


def placed(fleet: Fleet, units: Iterable[str]) -> tuple[Placed, ...]:
    """Return units of a fleet, by full name, as `assign` takes them; in the order given."""
    chosen = (fleet.by_name[name] for name in units)
    return tuple(Placed(unit, heats_alone(fleet, unit)) for unit in chosen)


def assign(units: Sequence[Placed], policy: Policy) -> tuple[WaveOf, ...]:
    """Put every unit into a wave.

    What selectors name is theirs alone, the first wave's that names it. Counts and shares take from the others, in the
    order given: by site, or by thermal slack.

    Args:
        units: the frozen set, in the order in which it is worked on.
        policy: its waves; none means one wave of everything, and what they leave over is a last one.

    Raises:
        InvalidInput: if a selector cannot be read, which validation refuses before.
    """
    named = _named(units, policy.waves)
    chosen = {placed.unit.name for group in named.values() for placed in group}
    free = iter([placed for placed in units if placed.unit.name not in chosen])
    waves: list[WaveOf] = []
    for rule in policy.waves or (ALL,):
        group = named[rule.name] if rule.select else list(islice(free, size(rule, len(units))))
        waves += _apart(rule, group, _arithmetic(rule, len(group), len(units)))
    left = list(free)
    return (*waves, *(_apart(REST, left, _arithmetic(REST, len(left), len(units))) if left else ()))


def size(rule: Wave, total: int) -> int | None:
    """Return how many units a wave asks for, None for all: a share of the frozen set, rounded down."""
    if rule.percent:
        return int(exact_share(rule.percent, total))
    return rule.units or None


def exact_share(percent: float, total: int) -> Fraction:
    """Return a share without a float's error: 29 % of 100 is 29, not 28.999999999999996."""
    return Fraction(str(percent)) * total / 100


def _named(units: Sequence[Placed], waves: Sequence[Wave]) -> Mapping[str, list[Placed]]:
    selectors = {rule.name: parse(rule.select) for rule in waves if rule.select}
    named: dict[str, list[Placed]] = {name: [] for name in selectors}
    for placed in units:
        owner = next((name for name, selector in selectors.items() if selector.selects(placed.unit)), None)
        if owner is not None:
            named[owner].append(placed)
    return named


def _apart(rule: Wave, group: Sequence[Placed], arithmetic: str) -> Iterator[WaveOf]:
    """Yield a wave, with the gateways that its units need for their heat in one of their own directly before (G3)."""
    needed = {(p.unit.site, p.unit.gateway) for p in group if p.unit.gateway and not p.heats_without_gateway}
    gateways = [p for p in group if p.unit.kind is Kind.GATEWAY and (p.unit.site, p.unit.id) in needed]
    if gateways:
        why = f"{len(gateways)} of them serve units that do not heat without them, and go before these"
        yield WaveOf(replace(rule, name=rule.name + GATEWAYS), _names(gateways), f"{arithmetic}; {why}")
        ahead = {id(p) for p in gateways}
        group = [p for p in group if id(p) not in ahead]
        rule, arithmetic = replace(rule, approval=False), f"the other {len(group)} of them"
    yield WaveOf(rule, _names(group), arithmetic)


def _names(group: Iterable[Placed]) -> tuple[str, ...]:
    return tuple(placed.unit.name for placed in group)


def _arithmetic(rule: Wave, count: int, total: int) -> str:
    asked = size(rule, total)
    if rule.select:
        text = f"'{rule.select}' names {count} of {total}"
    elif asked is None:
        text = f"all {count} that are left of {total}"
    else:
        text = _asked(rule, asked, total) + (f", but {count} are left" if count < asked else "")
    return text if count else f"{text}: empty, passed over"


def _asked(rule: Wave, asked: int, total: int) -> str:
    if not rule.percent:
        return f"{asked} of {total}"
    exact = exact_share(rule.percent, total)
    rounded = f"{asked}" if exact == asked else f"{float(exact):g}, rounded down {asked}"
    return f"{rule.percent:g} % of {total} is {rounded}"
