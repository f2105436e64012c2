"""Waves of a policy: named once, of one size each, not more than there is, and none that must stay empty."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.inventory.invariants.policies import path_of
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.problems import InvalidInput
from fleetctl.core.selectors import names_any, parse, select

REST = "rest"
"""What no wave takes is a last wave of this name."""


def sizes(fleet: Fleet) -> Iterator[Flaw]:
    """A wave takes a number, a share or what a selector names; all shares together are at most 100 %."""
    for policy in fleet.policies.values():
        for index, wave in enumerate(policy.waves):
            keys = [key for key in ("units", "percent", "select") if getattr(wave, key)]
            if len(keys) > 1:
                message = f"wave '{wave.name}' of policy '{policy.name}' has {' and '.join(map(repr, keys))}"
                hint = "keep one of them; two waves can follow each other"
                yield Flaw(path_of(policy, "waves", index, keys[1]), "two-sizes", message, hint)
        yield from _shares(policy)


def _shares(policy: Policy) -> Iterator[Flaw]:
    total = 0.0
    for index, wave in enumerate(policy.waves):
        total += wave.percent
        if wave.percent and total > 100:
            sum_ = " + ".join(f"{w.percent:g} %" for w in policy.waves[: index + 1] if w.percent)
            message = f"waves of policy '{policy.name}' take {sum_} = {total:g} % of the units"
            path = path_of(policy, "waves", index, "percent")
            yield Flaw(path, "percent-over-100", message, f"at most {100 - total + wave.percent:g} are left for it")
            return


def names(fleet: Fleet) -> Iterator[Flaw]:
    """Each wave has a name of its own, and `rest` is the name of one that takes what is left."""
    for policy in fleet.policies.values():
        seen: set[str] = set()
        for index, wave in enumerate(policy.waves):
            path = path_of(policy, "waves", index, "name")
            if wave.name in seen:
                message = f"policy '{policy.name}' has two waves '{wave.name}'"
                yield Flaw(path, "duplicate-wave", message, "a person approves a wave by its name: rename one")
            elif wave.name == REST and _has_size(wave):
                message = f"wave '{REST}' of policy '{policy.name}' does not take what is left"
                yield Flaw(path, "reserved-name", message, "what no wave takes is a wave of this name: choose another")
            seen.add(wave.name)


def order(fleet: Fleet) -> Iterator[Flaw]:
    """After a wave that takes all that are left, only selectors still find units."""
    for policy in fleet.policies.values():
        takes_all = ""
        for index, wave in enumerate(policy.waves):
            if takes_all and not wave.select:
                message = f"wave '{wave.name}' of policy '{policy.name}' is always empty: '{takes_all}' takes all"
                yield Flaw(path_of(policy, "waves", index), "empty-wave", message, f"put it before '{takes_all}'")
            elif not _has_size(wave):
                takes_all = wave.name


def _has_size(wave: Wave) -> bool:
    return bool(wave.units or wave.percent or wave.select)


def selectors(fleet: Fleet) -> Iterator[Flaw]:
    """A selector can be read."""
    for policy, index, wave in _selecting(fleet):
        try:
            parse(wave.select)
        except InvalidInput as refused:
            yield from _refused(policy, index, refused)


def selectors_name_units(fleet: Fleet) -> Iterator[Flaw]:
    """A selector that can be read names units of the fleet. It needs every site of the fleet."""
    for policy, index, wave in _selecting(fleet):
        try:
            if not names_any(parse(wave.select), fleet):
                select(fleet, [wave.select])  # says which part rules everything out
        except InvalidInput as refused:
            yield from (flaw for flaw in _refused(policy, index, refused) if flaw.code in ABOUT_UNITS)


ABOUT_UNITS = frozenset({"empty-selection", "unknown-unit"})


def _selecting(fleet: Fleet) -> Iterator[tuple[Policy, int, Wave]]:
    for policy in fleet.policies.values():
        yield from ((policy, index, wave) for index, wave in enumerate(policy.waves) if wave.select)


def _refused(policy: Policy, index: int, refused: InvalidInput) -> Iterator[Flaw]:
    wave = policy.waves[index].name
    for problem in refused.problems:
        message = f"wave '{wave}' of policy '{policy.name}': {problem.message}"
        yield Flaw(path_of(policy, "waves", index, "select"), problem.code, message, problem.hint)
