"""Secrets, and the compute platform that authenticates with one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.places import dangling

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_FILE = re.compile(r"[^#]+#[A-Za-z0-9_.-]+")


def locators(fleet: Fleet) -> Iterator[Flaw]:
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
