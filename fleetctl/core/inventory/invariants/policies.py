"""Policies, secrets and the compute platform: values that must make sense together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.places import dangling

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_FILE = re.compile(r"[^#]+#[A-Za-z0-9_.-]+")


def thresholds(fleet: Fleet) -> Iterator[Flaw]:
    """A threshold can trip, and only on enough units: a share of the first unit is all or nothing."""
    for policy in fleet.policies.values():
        path = ("fleet", "policies", policy.name)
        if policy.max_failed_percent is not None and not policy.min_executed:
            message = f"policy '{policy.name}' has 'max_failed_percent' without 'min_executed'"
            yield Flaw((*path, "max_failed_percent"), "no-min-executed", message, "add 'min_executed', such as 10")
        if policy.min_executed and policy.max_failed_percent is None:
            message = f"policy '{policy.name}' has 'min_executed' without 'max_failed_percent'"
            yield Flaw((*path, "min_executed"), "no-percent", message, "add 'max_failed_percent', or remove it")
        if policy.step_timeout_s > policy.unit_timeout_s:
            message = (
                f"policy '{policy.name}' gives one step {policy.step_timeout_s:g} s, "
                f"the whole unit {policy.unit_timeout_s:g} s"
            )
            yield Flaw((*path, "step_timeout_s"), "timeouts", message, "a step cannot outlast its unit")


def secrets(fleet: Fleet) -> Iterator[Flaw]:
    """A secret's locator has its backend's form."""
    for secret in fleet.secrets.values():
        variable = secret.backend == "env"
        if (_VARIABLE if variable else _IN_FILE).fullmatch(secret.locator) is None:
            wanted = "the name of an environment variable" if variable else "'file#key'"
            message = f"secret '{secret.name}': locator '{secret.locator}' is not {wanted}"
            hint = "write the name alone, never a value" if variable else "such as secrets.age#munge"
            yield Flaw(("fleet", "secrets", secret.name, "locator"), "bad-locator", message, hint)


def compute(site: Site, context: Context) -> Iterator[Flaw]:
    """A compute platform has a controller, and its secret is declared."""
    for unit in site.units.values():
        settings = unit.compute
        if settings.platform != "none" and not settings.controller:
            message = f"'{unit.name}' has platform '{settings.platform}', but no controller"
            yield Flaw(unit_path(unit, "compute"), "no-controller", message, "add 'controller', such as slurm:6817")
        if settings.secret and settings.secret not in context.fleet.secrets:
            path = unit_path(unit, "compute", "secret")
            yield dangling(path, "secret", settings.secret, unit.name, context.fleet.secrets)
