"""Secrets, and the compute platforms that they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.places import dangling
from fleetctl.core.problems import Severity

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NO_PLATFORM = "none"
KINDS = ("slurm",)
"""Platforms that are known by their kind alone, as long as none is declared."""
_IN_CLEAR = re.compile(r"http://(?!(?:localhost|127\.[0-9.]+|\[::1\])(?:[:/]|$))")
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


def platforms(fleet: Fleet) -> Iterator[Flaw]:
    """A platform's token is a declared secret, does not travel in clear, and `none` is no platform's name."""
    for platform in fleet.platforms.values():
        path = ("fleet", "platforms", platform.id)
        if platform.id == NO_PLATFORM:
            yield Flaw(path, "reserved-name", "'none' stands for heat only", "give the platform a name", at_key=True)
        if platform.token not in fleet.secrets:
            yield dangling((*path, "token"), "secret", platform.token, platform.id, fleet.secrets)
        if _IN_CLEAR.match(platform.url):
            message = f"the token for platform '{platform.id}' travels to {platform.url} in clear"
            hint = "take https, or a tunnel that ends on this machine"
            yield Flaw((*path, "url"), "token-in-clear", message, hint, Severity.WARNING)


def compute(site: Site, context: Context) -> Iterator[Flaw]:
    """A compute platform is known and has a controller, and its secret is declared."""
    for unit in site.units.values():
        settings = unit.compute
        known = {**dict.fromkeys((NO_PLATFORM, *KINDS)), **context.fleet.platforms}
        if settings.platform not in known:
            path = unit_path(unit, "compute", "platform")
            yield dangling(path, "platform", settings.platform, unit.name, known)
        if settings.platform != "none" and not settings.controller:
            message = f"'{unit.name}' has platform '{settings.platform}', but no controller"
            yield Flaw(unit_path(unit, "compute"), "no-controller", message, "add 'controller', such as slurm:6817")
        if settings.secret and settings.secret not in context.fleet.secrets:
            path = unit_path(unit, "compute", "secret")
            yield dangling(path, "secret", settings.secret, unit.name, context.fleet.secrets)
