"""Builds what a controller works with: leadership, executor, prober and the ways to units. Part of `compose`."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.config import payload
from fleetctl.core.heat.premises import premises_of
from fleetctl.core.problems import CouldNot
from fleetctl.core.releases.catalogue import bundle_file
from fleetctl.core.releases.declaring import FOLDER
from fleetctl.core.routes import cache_url, route_to
from fleetctl.ports import Fenced, State
from fleetctl.services.drive import Hands
from fleetctl.services.lead import Identity, Succession, leading

if TYPE_CHECKING:
    from fleetctl.adapters.ansible.executor import AnsibleExecutor
    from fleetctl.adapters.carry.cargo import Cargo
    from fleetctl.adapters.losses import Losses
    from fleetctl.adapters.secrets import SecretResolver
    from fleetctl.cli.platforms import Platforms
    from fleetctl.core.clock import Now
    from fleetctl.core.heat.forecast import Forecast
    from fleetctl.core.heat.premises import SitePremises
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.policy import Policy
    from fleetctl.core.releases.freshness import Signed
    from fleetctl.core.rollout.state import Step
    from fleetctl.core.route import Route
    from fleetctl.ports import Forecasts
    from fleetctl.ports.platform import PlatformNode
    from fleetctl.services.enrolment import Registrar
    from fleetctl.services.standing_releases import Watched


@dataclass(frozen=True)
class Ground:
    """What a rollout stands on: its policy, the fleet as its folder declares it, secrets, weather, signed releases."""

    policy: Policy
    folder: Path
    fleet: Fleet
    secrets: SecretResolver
    forecasts: Forecasts
    releases: Watched
    platforms: Platforms
    registrar: Callable[[], Registrar]
    premises: dict[str, SitePremises] = field(default_factory=dict)

    def unit(self, name: str) -> Unit:
        """Return a unit.

        Raises:
            CouldNot: if it is not in the inventory any more.
        """
        found = self.fleet.by_name.get(name)
        if found is None:
            raise CouldNot(f"{name} is not in the inventory any more", hint=f"see {self.folder}")
        return found


class Footing(Protocol):
    """What an executor asks about its steps; see `Sources`."""

    def route(self, rollout: str, unit: str, /) -> Route:
        """Return the way to a unit."""
        ...

    def payload(self, step: Step) -> bytes:
        """Return what a step brings to its unit."""
        ...

    def cargo(self, step: Step) -> Cargo:
        """Return the bundle that a step brings near its unit."""
        ...

    def redact(self, text: str) -> str:
        """Return a text without secrets."""
        ...


class Registering(Protocol):
    """What an executor asks about its `register` steps; see `Sources`."""

    def enrolment(self, step: Step, answer: bytes) -> bytes:
        """Return what a unit is sent for its request."""
        ...

    def complete(self, step: Step, still: Callable[[], None]) -> str:
        """Let everybody else know a unit that has its certificate; returns what was done."""
        ...


class Grounds:
    """The fleets of the rollouts being driven; each is loaded when its rollout is first touched."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[str, Ground] = {}

    def route(self, rollout: str, unit: str) -> Route:
        """Return the way to a unit of a rollout.

        Raises:
            CouldNot: if the unit is not in the inventory any more.
        """
        ground = self._of(rollout)
        found = ground.unit(unit)
        gateway = ground.fleet.gateway_of(found)
        names = [unit] + ([gateway.name] if gateway else [])
        return route_to(ground.fleet, found, self._state.units.pins(names), self._state.units.ways(), ground.folder)

    def cargo(self, step: Step) -> Cargo:
        """Return the bundle that has to be near a unit before it stages it, and the machine that keeps it.

        Raises:
            CouldNot: if there is no way there.
        """
        from fleetctl.adapters.carry.cargo import Cargo

        ground = self._of(step.rollout)
        unit = ground.unit(step.unit)
        gateway, url = (
            ground.fleet.gateway_of(unit),
            cache_url(ground.fleet, unit, self._state.units.ways(), step.bundle),
        )
        keeper = gateway if gateway is not None and url else unit
        depot = ground.folder / FOLDER
        others = {of.sha256: depot / bundle_file(of.version) for of in ground.fleet.releases.values() if of.sha256}
        others.pop(step.bundle, None)
        file = depot / bundle_file(step.release)
        return Cargo(step, file, self.route(step.rollout, keeper.name), url, others)

    def platforms(self, rollout: str) -> Platforms:
        """Return the compute platforms of a rollout's fleet."""
        return self._of(rollout).platforms

    def standing(self, unit: str) -> PlatformNode | None:
        """Return where a unit is a node of its platform, in the fleet of whichever rollout works on it."""
        return next(filter(None, (ground.platforms.of(unit) for ground in reversed(self._known.values()))), None)

    def premises(self, rollout: str, site: str) -> SitePremises | None:
        """Return what a site heats with what; None if the inventory has it no more."""
        ground = self._of(rollout)
        if site not in ground.premises and site in ground.fleet.sites:
            ground.premises[site] = premises_of(ground.fleet, site)
        return ground.premises.get(site)

    def forecast(self, rollout: str, site: str) -> Forecast | None:
        """Return the weather to come at a site; None if nothing is known."""
        ground = self._of(rollout)
        known = ground.fleet.sites.get(site)
        return ground.forecasts.of(known) if known else None

    def zone(self, rollout: str, site: str) -> tzinfo:
        """Return a site's time zone; UTC for a site that the inventory has no more, where nothing starts anyway."""
        premises = self.premises(rollout, site)
        return ZoneInfo(premises.time_zone) if premises else UTC

    def signed(self, rollout: str, now: Now) -> Signed:
        """Return what the signed releases of a rollout's fleet say."""
        return self._of(rollout).releases.signed(now)

    def payload(self, step: Step) -> bytes:
        """Return the payload of a `configure` or `stage` step, with its secrets filled in."""
        config = replace(self._state.rollouts.config(step.config_digest), unit=step.unit)
        ground = self._of(step.rollout)
        timeout_s = ground.policy.confirm_timeout_s
        return json.dumps(payload(config, ground.secrets.resolve, confirm_timeout_s=timeout_s)).encode()

    def enrolment(self, step: Step, answer: bytes) -> bytes:
        """Return what a unit is sent for its request for a certificate."""
        ground = self._of(step.rollout)
        return ground.registrar().enrolment(ground.unit(step.unit), answer)

    def complete(self, step: Step, still: Callable[[], None]) -> str:
        """Let everybody else know a unit that has its certificate; returns what was done."""
        ground = self._of(step.rollout)
        return ground.registrar().complete(ground.unit(step.unit), still)

    def redact(self, text: str) -> str:
        """Return a text without the secrets that were resolved so far."""
        for ground in self._known.values():
            text = ground.secrets.redact(text)
        return text

    def _of(self, rollout: str) -> Ground:
        from fleetctl.cli import depot, identities
        from fleetctl.cli.platforms import platforms_of
        from fleetctl.services.standing_releases import Watched

        if rollout not in self._known:
            row = self._state.journal.rollout(rollout)
            if row is None:
                raise CouldNot(f"there is no rollout {rollout}")
            frame = Frame(inventory=Path(row.inventory))
            fleet = compose.fleet(frame)
            secrets, forecasts = compose.secrets(frame, fleet), compose.forecasts(frame)
            releases = Watched(depot.releases(frame))
            registrar = partial(identities.registrar, frame, self._state, fleet, row.actor)
            folder = Path(row.inventory)
            of_fleet = platforms_of(frame, fleet, secrets)
            self._known[rollout] = Ground(row.policy, folder, fleet, secrets, forecasts, releases, of_fleet, registrar)
        return self._known[rollout]


@contextmanager
def lead(frame: Frame, state: State, linger_s: float | None = None) -> Iterator[tuple[Hands, int]]:
    """Lead for the length of a block, and yield what to drive with and the epoch; see `executing` for `linger_s`.

    Raises:
        Led: if another controller holds the lease.
    """
    from fleetctl.adapters.losses import LosingExecutor, Losses
    from fleetctl.cli.platforms import on_platforms

    with leading(_succession(state), _identity(frame)) as epoch, ExitStack() as stack:
        grounds, losses = Grounds(state), Losses()
        units = executing(frame, state, grounds, epoch, stack, registering=grounds, losses=losses, linger_s=linger_s)
        check_leading = losses.noticed(fence(state, epoch))
        executor, prober = on_platforms(units, compose.prober(epoch=epoch), grounds, check_leading)
        stack.callback(prober.close)
        stack.callback(executor.close)
        yield Hands(state, LosingExecutor(executor, losses), prober, compose.clock(), grounds), epoch


def present_epoch(frame: Frame, state: State) -> int:
    """Return the epoch of whoever leads or led last, for one order that does not wait for a leader to leave.

    Where nobody ever led, this process did, for a moment.
    """
    current = state.controllers.current()
    if current is not None:
        return current.epoch
    with leading(_succession(state), _identity(frame)) as epoch:
        return epoch


def _succession(state: State) -> Succession:
    return Succession(state.controllers, compose.processes(), compose.clock(), state.uuid)


def _identity(frame: Frame) -> Identity:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return Identity(frame.actor, socket.gethostname(), command[:200])


def executing(
    frame: Frame,
    state: State,
    grounds: Footing,
    epoch: int,
    stack: ExitStack,
    *,
    registering: Registering | None = None,
    losses: Losses | None = None,
    linger_s: float | None = None,
) -> AnsibleExecutor:
    """Return what does steps as long as nobody leads with a later epoch; the stack ends it.

    Args:
        frame: the global options.
        state: the state.
        grounds: what the steps stand on.
        epoch: the leader's.
        stack: ends it.
        registering: what `register` steps need; None if there are none.
        losses: notices that the state is lost to a step; None leaves the step without an outcome.
        linger_s: how long a step waits for others of its kind; None leaves it to the executor.
    """
    from fleetctl.adapters.ansible.executor import LINGER_S, AnsibleExecutor, Sources
    from fleetctl.adapters.ansible.run import Settings
    from fleetctl.adapters.carry.line import Reach
    from fleetctl.adapters.share import playbooks_folder
    from fleetctl.adapters.ssh.masters import MasterConnections

    marker = _succession(state).marker(epoch)
    folder = Path(tempfile.mkdtemp(prefix="fleetctl-", dir=_tmpfs()))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    masters = stack.enter_context(MasterConnections(environment={"FLEETCTL_RUN": marker}))
    sources = Sources(
        route=lambda step: grounds.route(step.rollout, step.unit),
        payload=grounds.payload,
        cargo=grounds.cargo,
        reach=Reach(masters.command, masters.environment),
        check_leading=fence(state, epoch),
        ssh_config=masters.config,
        redact=grounds.redact,
    )
    if registering is not None:
        sources = replace(sources, enrolment=registering.enrolment, complete=registering.complete)
    if losses is not None:
        sources = sources.each(losses.noticed)
    settings = Settings(playbooks_folder(frame.folder), folder, marker)
    executor = AnsibleExecutor(settings, sources, linger_s=LINGER_S if linger_s is None else linger_s)
    stack.callback(executor.close)
    return executor


def fence(state: State, epoch: int) -> Callable[[], None]:
    """Return what raises `Fenced` once another controller has taken over."""

    def check_leading() -> None:
        current = state.controllers.current()
        if current is None or current.epoch != epoch:
            raise Fenced("another controller has taken over; nothing more is done by this one")

    return check_leading


def _tmpfs() -> str | None:
    """Return a tmpfs for what Ansible writes while it runs; None leaves the choice to the system."""
    shared = "/dev/shm"  # noqa: S108 - a private folder of mode 0700 is made in it
    return shared if os.access(shared, os.W_OK) else None
