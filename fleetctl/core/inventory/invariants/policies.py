"""Thresholds, limits and deadlines of a policy: each can trip, each can be kept, and none contradicts another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from math import ceil

from fleetctl.core.document import Path
from fleetctl.core.inventory.flaws import Flaw
from fleetctl.core.inventory.fleet import Fleet, Kind, Model
from fleetctl.core.policy import AtMost, Policy
from fleetctl.core.problems import Severity

_PLACES = {
    "fleet": "the fleet",
    "site": "a site",
    "gateway": "one gateway",
    "dwelling": "a dwelling",
    "loop": "a loop",
}


def path_of(policy: Policy, *rest: str | int) -> Path:
    """Return the path of a policy, or of something in it."""
    return ("fleet", "policies", policy.name, *rest)


def thresholds(fleet: Fleet) -> Iterator[Flaw]:
    """A threshold can trip, and only on enough units: a share of the first unit is all or nothing."""
    for policy in fleet.policies.values():
        if policy.max_failed_percent is not None and not policy.min_executed:
            message = f"policy '{policy.name}' has 'max_failed_percent' without 'min_executed'"
            path = path_of(policy, "max_failed_percent")
            yield Flaw(path, "no-min-executed", message, "add 'min_executed', such as 10")
        if policy.min_executed and policy.max_failed_percent is None:
            message = f"policy '{policy.name}' has 'min_executed' without 'max_failed_percent'"
            path = path_of(policy, "min_executed")
            yield Flaw(path, "no-percent", message, "add 'max_failed_percent', or remove it")
        yield from _one_threshold_in_the_others_shadow(policy)


def _one_threshold_in_the_others_shadow(policy: Policy) -> Iterator[Flaw]:
    failed, success = policy.max_failed_percent, policy.min_success_percent
    if failed is not None and success is not None and failed + success > 100:
        message = (
            f"policy '{policy.name}' goes on with {failed:g} % failed, but a wave with less than {success:g} % "
            f"successful stops it: {failed:g} % + {success:g} % = {failed + success:g} %"
        )
        hint = f"at most {100 - failed:g} % can be asked for"
        yield Flaw(path_of(policy, "min_success_percent"), "thresholds-differ", message, hint, Severity.WARNING)


def limits(fleet: Fleet) -> Iterator[Flaw]:
    """A limit on units that are down permits one."""
    for policy in fleet.policies.values():
        for place in fields(AtMost):
            if getattr(policy.max_unavailable, place.name) == 0:
                where = _PLACES[place.name]
                message = f"policy '{policy.name}' can never admit a unit: 0 units of {where} may be down"
                path = path_of(policy, "max_unavailable", place.name)
                yield Flaw(path, "never-admits", message, "write 1 or more, or leave it out for no limit")


def deadlines(fleet: Fleet) -> Iterator[Flaw]:
    """A part of the work does not have more time than the whole, and what is tried again has time for it."""
    for policy in fleet.policies.values():
        if policy.step_timeout_s > policy.unit_timeout_s:
            message = (
                f"policy '{policy.name}' gives one step {policy.step_timeout_s:g} s, "
                f"the whole unit {policy.unit_timeout_s:g} s"
            )
            yield Flaw(path_of(policy, "step_timeout_s"), "timeouts", message, "a step cannot outlast its unit")
        else:
            yield from _reboot_and_heat(policy)
        if policy.defer_every_s > policy.defer_for_s:
            message = (
                f"policy '{policy.name}' tries a deferred unit every {policy.defer_every_s:g} s, "
                f"but for {policy.defer_for_s:g} s only"
            )
            yield Flaw(path_of(policy, "defer_every_s"), "timeouts", message, "it would never be tried again")


def staging(fleet: Fleet) -> Iterator[Flaw]:
    """A bundle can reach its gateway in the time that it has, at the rate that it may have."""
    for policy in fleet.policies.values():
        rate, time_s = policy.staging.rate_bytes_per_s, policy.staging.carry_timeout_s
        for release in fleet.releases.values():
            if rate and release.size_bytes > rate * time_s:
                message = (
                    f"policy '{policy.name}' brings {rate:,} bytes/s for {time_s:g} s, {rate * time_s:,.0f} bytes; "
                    f"release '{release.version}' has {release.size_bytes:,}"
                )
                hint = f"write {ceil(release.size_bytes / time_s):,} bytes/s or more, or a longer carry_timeout_s"
                yield Flaw(path_of(policy, "staging", "rate_bytes_per_s"), "staging-too-slow", message, hint)


def _reboot_and_heat(policy: Policy) -> Iterator[Flaw]:
    if not policy.reboot_timeout_s and not policy.heat_timeout_s:
        return
    reboot_s = policy.reboot_timeout_s or policy.step_timeout_s
    heat_s = policy.heat_timeout_s or policy.step_timeout_s
    if reboot_s + heat_s > policy.unit_timeout_s:
        message = (
            f"policy '{policy.name}' gives a reboot {reboot_s:g} s and the heat after it {heat_s:g} s, together "
            f"{reboot_s + heat_s:g} s; the whole unit has {policy.unit_timeout_s:g} s"
        )
        hint = f"set unit_timeout_s to {reboot_s + heat_s:g} at least"
        yield Flaw(path_of(policy, "unit_timeout_s"), "timeouts", message, hint)


def deadlines_of_models(fleet: Fleet) -> Iterator[Flaw]:
    """What a policy writes for a reboot and for heat is no less than what 99 of 100 machines need."""
    heaters = [model for model in fleet.models.values() if model.kind is not Kind.GATEWAY]
    for policy in fleet.policies.values():
        for model in heaters:
            yield from _too_short(policy, model, "reboot_timeout_s", "reboot_p99_s")
            yield from _too_short(policy, model, "heat_timeout_s", "verify_s")


def _too_short(policy: Policy, model: Model, deadline: str, need: str) -> Iterator[Flaw]:
    given_s, needed_s = getattr(policy, deadline), getattr(model, need)
    if 0 < given_s < needed_s:
        message = f"policy '{policy.name}' has {deadline} {given_s:g}, model '{model.id}' has {need} {needed_s:g}"
        hint = f"healthy machines would fail; write {needed_s:g} or more"
        yield Flaw(path_of(policy, deadline), "deadline-too-short", message, hint, Severity.WARNING)
