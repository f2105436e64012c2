"""Builds what vouches for units and registers them: the fleet's CA, its keys, and one round of registering.

Part of `compose`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.adapters.identity.authority import FOLDER, FleetAuthority
from fleetctl.adapters.identity.keys import KEYS_VARIABLE, PASSPHRASE_VARIABLE, CaKeys
from fleetctl.adapters.kit.place import kit_around
from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.identity.registration import NO_PLATFORM
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetctl.adapters.carry.cargo import Cargo
    from fleetctl.cli.platforms import Platforms
    from fleetctl.core.inventory.fleet import Authority, Fleet, Unit
    from fleetctl.core.rollout.state import Step
    from fleetctl.core.route import Route
    from fleetctl.ports import Executor, State
    from fleetctl.ports.platform import Platform, PlatformNode
    from fleetctl.services.enrolment import Registrar, StandingOf
    from fleetctl.services.orphans import PlatformNamed
    from fleetctl.services.register import Errand


IN_KIT = "the fleet's CA stays at home: 'fleetctl commission merge' finishes what waits for it"


def keys(folder: Path | None = None) -> CaKeys:
    """Return the CA's keys of this machine, or those in a folder."""
    named = os.environ.get(KEYS_VARIABLE)
    usual = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "fleetctl" / "ca-keys"
    return CaKeys(folder or (Path(named) if named else usual).expanduser(), os.environ.get(PASSPHRASE_VARIABLE))


def authority(frame: Frame, pinned: str = "") -> FleetAuthority:
    """Return the CA of the fleet.

    Args:
        frame: the global options.
        pinned: SHA-256 that its root certificate has to have, once it is declared.
    """
    kit = kit_around(frame.folder)
    return FleetAuthority(frame.folder / FOLDER, keys(), pinned, IN_KIT if kit is not None else "")


def declared(fleet: Fleet) -> Authority:
    """Return what a fleet declares of its CA.

    Raises:
        InvalidInput: if it declares none.
    """
    if fleet.authority is None:
        message = "fleet.yaml declares no CA, so its units are registered with nobody"
        hint = "'fleetctl ca init' makes one, and says what to declare"
        raise InvalidInput([Problem("no-authority", message, hint=hint)])
    return fleet.authority


def standing_of(frame: Frame, fleet: Fleet) -> StandingOf:
    """Return what says where units are nodes of their compute platform."""

    @cache
    def platforms() -> Platforms:
        from fleetctl.cli.platforms import platforms_of

        return platforms_of(frame, fleet, compose.secrets(frame, fleet))

    def standing(unit: Unit) -> PlatformNode | None:
        if unit.kind is Kind.GATEWAY or unit.compute.platform == NO_PLATFORM:
            return None
        found = platforms().of(unit.name)
        if found is None:
            hint = "declare in fleet.yaml, under 'platforms', how it is spoken with"
            raise CouldNot(f"nobody here speaks with {unit.compute.platform}", hint=hint)
        return found

    return standing


def platform_named(frame: Frame, fleet: Fleet) -> PlatformNamed:
    """Return what finds a platform by its id, for units that are in the inventory no more."""
    standing = standing_of(frame, fleet)

    def named(id: str) -> Platform:
        for unit in fleet.units():
            if unit.compute.platform == id and (found := standing(unit)) is not None:
                return found.platform
        raise CouldNot(f"no unit of the fleet is a node of {id} any more, so nobody here speaks with it")

    return named


def registrar(frame: Frame, state: State, fleet: Fleet, actor: str) -> Registrar:
    """Return what registers the units of a fleet.

    Raises:
        InvalidInput: if it declares no CA.
    """
    from fleetctl.services.enrolment import Registrar

    of = declared(fleet)
    issuer = authority(frame, of.root_sha256)
    return Registrar(fleet, of, issuer, state, standing_of(frame, fleet), compose.clock(), actor)


def errand(frame: Frame, state: State, fleet: Fleet, stack: ExitStack, *, renew: bool = False) -> Errand:
    """Return one round of registering; the stack ends whatever it starts."""
    from fleetctl.cli import hands
    from fleetctl.cli.probe import observe
    from fleetctl.services.register import Errand

    epoch, of = hands.present_epoch(frame, state), registrar(frame, state, fleet, frame.actor)

    def executor() -> Executor:
        footing = OnTheSpot(frame, state, fleet, of)
        return hands.executing(frame, state, footing, epoch, stack, registering=footing)

    return Errand(compose.new_id("g"), epoch, of, executor, partial(observe, frame, state, fleet), renew)


@dataclass(frozen=True)
class OnTheSpot:
    """Steps that a person asked for, beside any rollout; see `Footing` and `Registering` in `hands`.

    Attributes:
        registrar: None where nobody is registered.
    """

    frame: Frame
    state: State
    fleet: Fleet
    registrar: Registrar | None

    def route(self, _rollout: str, unit: str, /) -> Route:
        """Return the way to a unit."""
        from fleetctl.cli.ways import known_route_to

        return known_route_to(self.frame, self.state, self.fleet, self._unit(unit))

    def payload(self, step: Step) -> bytes:
        """Return nothing: these steps bring no config."""
        raise CouldNot(f"{step.unit} is brought nothing")

    def cargo(self, step: Step) -> Cargo:
        """Return nothing: these steps bring no bundle."""
        raise CouldNot(f"{step.unit} is brought nothing")

    def redact(self, text: str) -> str:
        """Return a text as it is: nothing secret goes to a unit."""
        return text

    def enrolment(self, step: Step, answer: bytes) -> bytes:
        """Return what the unit is sent for its request."""
        return self._registrar.enrolment(self._unit(step.unit), answer)

    def complete(self, step: Step, still: Callable[[], None]) -> str:
        """Let everybody else know the unit."""
        return self._registrar.complete(self._unit(step.unit), still)

    @property
    def _registrar(self) -> Registrar:
        if self.registrar is None:
            raise CouldNot("no unit is registered now")
        return self.registrar

    def _unit(self, name: str) -> Unit:
        return self.fleet.by_name[name]


def busy(state: State, units: Sequence[Unit]) -> Mapping[str, str]:
    """Return the units that a rollout is at work on, with its id."""
    from fleetctl.services.image_requests import under_way

    at_work = under_way(state)
    return {unit.name: at_work[unit.name] for unit in units if unit.name in at_work}
