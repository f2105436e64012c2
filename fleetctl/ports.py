"""The ports: what the services need from the outside, in terms of the core alone.

Adapters fill them and are built in `fleetctl.cli.compose`; tests fill them with a fake world. A port knows no playbook,
no SQL, no socket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fleetctl.core.clock import Now
from fleetctl.core.config import Config
from fleetctl.core.document import Document, SourceFile
from fleetctl.core.facts import Observation
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.inventory.fleet import Site
from fleetctl.core.log_heads import Head, SignedHead
from fleetctl.core.plan import Plan
from fleetctl.core.problems import CouldNot
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.offer import Bundle
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import (
    Change,
    Command,
    CommandKind,
    Noted,
    Progress,
    Rollout,
    Step,
    StepResult,
    StepTaken,
)
from fleetctl.core.route import Pin, Route, Way
from fleetctl.core.verdicts import Seen

if TYPE_CHECKING:  # pydantic, which whoever only reads a cache does not need
    from fleetctl.core.templates import Templates


class Fenced(CouldNot):
    """Raised when a newer controller has taken over: this one may neither write nor touch a unit."""


class Led(CouldNot):
    """Raised when another controller leads: this process may follow, or wait."""


class Clock(Protocol):
    """Reads the clocks of this machine."""

    def now(self) -> Now:
        """Return wall clock and monotonic clock together."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine; the mark tells it from a later one with the same number."""

    pid: int
    mark: str


class Processes(Protocol):
    """Looks at processes of this machine, and ends what a controller that is gone left running."""

    def me(self) -> Process:
        """Return this process."""
        ...

    def is_alive(self, process: Process) -> bool:
        """Say whether that very process still exists, running or stopped."""
        ...

    def end_marked(self, marker: str) -> int:
        """End every process whose environment has `FLEETCTL_RUN=marker` or `marker:PART`; returns how many."""
        ...


class Secrets(Protocol):
    """Resolves secrets by name, at the edge."""

    def resolve(self, name: str) -> str:
        """Return the value of a secret.

        Raises:
            CouldNot: if the secret cannot be had; the message names the secret, never a value.
        """
        ...


class FleetFiles(Protocol):
    """Reads the files of a fleet's folder."""

    def fleet(self) -> SourceFile:
        """Return `fleet.yaml`.

        Raises:
            CouldNot: if it cannot be read.
        """
        ...

    def sites(self) -> Mapping[str, tuple[SourceFile, ...]]:
        """Return the files of every site by the site's id, both sorted.

        Raises:
            CouldNot: if one cannot be read.
        """
        ...

    def parse(self, file: SourceFile) -> Document:
        """Read a file's data; what is wrong with the text is in the document's problems."""
        ...

    def time_zones(self) -> frozenset[str]:
        """Return the names of the time zones that this machine knows; empty if it knows none."""
        ...


class Forecasts(Protocol):
    """Tells the weather to come."""

    def of(self, site: Site) -> Forecast | None:
        """Return the forecast of a site; None if nothing is known: the design temperature is reckoned with."""
        ...

    def check(self, site: Site) -> None:
        """Read the forecast file that a site declares, if it declares one.

        Raises:
            InvalidInput: with everything that is wrong with it.
        """
        ...


class SiteCache(Protocol):
    """Keeps what was computed for a site, so that it is computed once.

    For each site and purpose it holds one blob, with the key (a digest of all that the blob was computed from) that it
    answers to. Losing any of it costs time and nothing else.
    """

    def get(self, site: str, purpose: str, key: str) -> bytes | None:
        """Return the blob for `key`, or None if there is none, or it is damaged."""
        ...

    def put(self, site: str, purpose: str, key: str, blob: bytes) -> None:
        """Keep a blob in the place of the one before; a failure to write is not an error."""
        ...


class TemplateFiles(Protocol):
    """The templates of a fleet: those that ship with fleetctl, or the fleet's own in their place."""

    @property
    def digest(self) -> str:
        """Return the digest of every template and of the manifest; cheap, nothing is compiled."""
        ...

    def read(self) -> Templates:
        """Return the templates, held against their manifest.

        Raises:
            InvalidInput: if the manifest is wrong.
        """
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A unit to observe, and the way to it."""

    unit: str
    route: Route


class Prober(Protocol):
    """Observes units, one exec each, over one connection a gateway."""

    def submit(self, targets: Iterable[Target]) -> None:
        """Start observing; returns at once. A unit that is already being observed is not started twice."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        """Return what became known; waits up to `timeout_s` for the first. Every target gets exactly one answer."""
        ...

    def close(self) -> None:
        """End every connection."""
        ...


class Shell(Protocol):
    """Runs single commands on units, and tells which host keys a unit has."""

    def execute(self, route: Route, argv: Sequence[str], stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run a command on a unit; return its exit code, standard output and standard error.

        Raises:
            CouldNot: if the unit cannot be reached, or is not the one that it should be.
        """
        ...

    def offered_keys(self, route: Route) -> Sequence[Pin]:
        """Return the host keys that a unit proves to have, whatever is pinned for it; its gateway has to be known.

        Raises:
            CouldNot: if the unit cannot be reached.
        """
        ...


class Executor(Protocol):
    """Does steps on units. It starts them and never waits for one."""

    def submit(self, steps: Sequence[Step]) -> None:
        """Start steps whose intents are journalled; returns at once."""
        ...

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        """Return what ended; waits up to `timeout_s` for the first. Every step gets exactly one result."""
        ...

    def cancel(self, step: Step) -> None:
        """Give up waiting for a step; its result will be `no_outcome`."""
        ...

    def close(self) -> None:
        """End whatever runs, and wait for its end."""
        ...


# --- state ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Controller:
    """The one controller: a row whose epoch fences every write and every effect on a unit."""

    epoch: int
    owner: str
    host: str
    pid: int
    lease_until: datetime
    command: str = ""


class Journal(Protocol):
    """The rollouts' table. Every write is conditional on the controller's epoch."""

    def commit(self, epoch: int, changes: Sequence[Change]) -> None:
        """Commit all changes in one transaction.

        Raises:
            Fenced: if `epoch` is not the controller's any more; nothing was written.
        """
        ...

    def rollout(self, rollout: str) -> Rollout | None:
        """Return a rollout by its id, or by an unambiguous start of it."""
        ...

    def rollouts(self, *, active: bool = False) -> Sequence[Rollout]:
        """Return all rollouts, newest first; with `active`, only those that have not ended."""
        ...

    def progress(self, rollout: str) -> Sequence[Progress]:
        """Return every unit of a rollout, in the plan's order."""
        ...

    def commands(self, rollout: str) -> Sequence[Command]:
        """Return the commands that were not handled yet, oldest first."""
        ...

    def steps(self, rollout: str) -> Sequence[StepTaken]:
        """Return every step of a rollout, in the order in which they were intended."""
        ...

    def events(self, rollout: str, *, after: int = 0) -> Sequence[tuple[int, Noted]]:
        """Return the log of a rollout with its sequence numbers, oldest first."""
        ...

    def log(self, *, after: int, limit: int) -> Sequence[tuple[int, Noted]]:
        """Return entries of the log, whatever rollout they belong to, with their sequence numbers, oldest first."""
        ...


class Rollouts(Protocol):
    """What any process may add: rollouts to be run and commands to them."""

    def add(self, rollout: Rollout, units: Sequence[Progress], configs: Mapping[str, Config]) -> None:
        """Add a rollout with its frozen units and their configs (by digest) in one transaction.

        Raises:
            CouldNot: if the plan was applied before (a plan is single-use).
        """
        ...

    def command(
        self,
        rollout: str,
        kind: CommandKind,
        *,
        actor: str,
        at: datetime,
        reason: str = "",
        units: Sequence[str] = (),
        wave: str = "",
    ) -> int:
        """Append a command; returns its number."""
        ...

    def config(self, digest: str) -> Config:
        """Return a config that a rollout brought."""
        ...


class Controllers(Protocol):
    """Leadership: one controller at a time."""

    def acquire(self, *, owner: str, host: str, pid: int, command: str, now: datetime, lease_s: float) -> int:
        """Take over with a new epoch if there is no controller or its lease has ended.

        Raises:
            Led: if another controller holds the lease; says who, where, until when and with what command.
        """
        ...

    def renew(self, epoch: int, *, now: datetime, lease_s: float) -> None:
        """Extend the lease.

        Raises:
            Fenced: if another controller has taken over.
        """
        ...

    def release(self, epoch: int) -> None:
        """Give up the lease; the epoch stays used up."""
        ...

    def current(self) -> Controller | None:
        """Return the controller's row, or None if there never was one."""
        ...

    def record_process(self, epoch: int, pid: int, started: str) -> None:
        """Record a process group that this controller started, so that a successor can end it."""
        ...

    def forget_process(self, epoch: int, pid: int) -> None:
        """Forget a process group that has ended."""
        ...

    def processes(self) -> Sequence[tuple[int, int, str]]:
        """Return recorded process groups: epoch, pid, start mark."""
        ...


class Units(Protocol):
    """What is known about units: host keys, ways to gateways, facts."""

    def pins(self, units: Iterable[str] | None = None) -> Mapping[str, tuple[Pin, ...]]:
        """Return the pinned host keys, of all units or of those named."""
        ...

    def pin(self, pins: Mapping[str, tuple[Pin, ...]], *, actor: str, at: datetime, why: str) -> None:
        """Pin host keys: replaces what was pinned for these units, and is recorded in the event log."""
        ...

    def ways(self) -> Mapping[str, Way]:
        """Return the ways that this state knows and the inventory does not (the lab's), by the unit's name."""
        ...

    def set_ways(self, ways: Mapping[str, Way]) -> None:
        """Replace all ways."""
        ...

    def save_facts(self, observations: Iterable[Observation], readings: Iterable[Reading] = ()) -> None:
        """Store what was observed; of a unit that could not be observed the last facts are kept beside the cause.

        Readings are kept in the same transaction, the last of each minute and unit of a rollout.
        """
        ...

    def readings(self, rollout: str) -> Sequence[Reading]:
        """Return the readings of a rollout, oldest first."""
        ...

    def facts(self, units: Iterable[str] | None = None) -> Mapping[str, Observation]:
        """Return the latest observation of each unit."""
        ...

    def seen(self) -> Mapping[str, Seen]:
        """Return what is held of each site, by the site's id: enough to know that nothing has changed."""
        ...


class Plans(Protocol):
    """Plans that were made with this state, to refuse what was not, or was edited."""

    def save(self, plan: Plan, digest: str) -> None:
        """Record a plan and the digest of its document."""
        ...

    def digest(self, plan_id: str) -> str | None:
        """Return the digest recorded for a plan, or None if this state never made it."""
        ...

    def used_by(self, plan_id: str) -> str | None:
        """Return the rollout that used the plan, or None."""
        ...


class Orders(Protocol):
    """Holds and overrides. Any process may give an order; it acts at the next tick, and is in the event log."""

    def holds(self) -> Sequence[Hold]:
        """Return the holds that stand, oldest first."""
        ...

    def add_hold(self, scope: str, *, actor: str, at: datetime, reason: str) -> Hold:
        """Hold a scope."""
        ...

    def remove_hold(self, hold: int, *, actor: str, at: datetime, reason: str = "") -> Hold:
        """Remove a hold; returns what it was.

        Raises:
            InvalidInput: if no such hold stands.
        """
        ...

    def overrides(self, *, at: datetime | None = None) -> Sequence[Override]:
        """Return the overrides that nobody took back, oldest first; with `at`, without those that ended before."""
        ...

    def add_override(
        self, rule: str, scope: str, *, actor: str, at: datetime, until: datetime, reason: str
    ) -> Override:
        """Override a rule for a scope until a time."""
        ...

    def remove_override(self, override: int, *, actor: str, at: datetime, reason: str = "") -> Override:
        """Take an override back before its time; returns what it was.

        Raises:
            InvalidInput: if there is no such override, or it has ended.
        """
        ...


class Cursors(Protocol):
    """How far readers of the event log have come."""

    def get(self, reader: str) -> int | None:
        """Return the number of the last entry that a reader is done with; None if it never read."""
        ...

    def set(self, reader: str, number: int) -> None:
        """Note that a reader is done with everything up to an entry."""
        ...


class State(Protocol):
    """Everything that is remembered, in one database with one identity."""

    @property
    def uuid(self) -> str:
        """Return the state's identity; every plan carries it."""
        ...

    @property
    def journal(self) -> Journal:
        """Return the controller's side: every write is fenced."""
        ...

    @property
    def rollouts(self) -> Rollouts:
        """Return what any process may add."""
        ...

    @property
    def controllers(self) -> Controllers:
        """Return leadership."""
        ...

    @property
    def units(self) -> Units:
        """Return what is known about units."""
        ...

    @property
    def plans(self) -> Plans:
        """Return the plans that were made."""
        ...

    @property
    def orders(self) -> Orders:
        """Return what people ordered beside the rollouts: holds and overrides."""
        ...

    @property
    def cursors(self) -> Cursors:
        """Return how far readers of the event log have come."""
        ...

    def chain_head(self) -> Head:
        """Return the event log's head."""
        ...

    def chain_digests(self, numbers: Iterable[int]) -> Mapping[int, str]:
        """Return the digests of these entries of the event log, as far as there are any."""
        ...

    def chain_flaw(self) -> str | None:
        """Return what is wrong with the event log's chain, in words; None if it is whole."""
        ...

    def close(self) -> None:
        """Close the database."""
        ...


class Signer(Protocol):
    """Vouches for heads of the event log."""

    @property
    def public(self) -> str:
        """Return the public key, `ssh-ed25519 AAAA…`.

        Raises:
            CouldNot: if the key cannot be had.
        """
        ...

    def sign(self, message: bytes) -> str:
        """Return a signature in base64.

        Raises:
            CouldNot: if the key cannot be had.
        """
        ...


class Heads(Protocol):
    """Keeps signed heads of event logs, where whoever can change the state cannot change them."""

    def add(self, head: SignedHead) -> None:
        """Keep a head.

        Raises:
            CouldNot: if it cannot be kept.
        """
        ...

    def heads(self, state: str) -> Sequence[SignedHead]:
        """Return the heads of a state's log, oldest first.

        Raises:
            CouldNot: if they cannot be read, or are damaged.
        """
        ...


class Poster(Protocol):
    """Posts messages to webhooks."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Post a message; returns the status of the answer.

        Raises:
            CouldNot: if there was no answer.
        """
        ...


# --- releases -------------------------------------------------------------------------------------------------------


class Bundles(Protocol):
    """Reads bundles, and checks who signed them."""

    def read(self, path: Path, now: datetime) -> Bundle:
        """Return a bundle with everything that is wrong with it.

        Raises:
            InvalidInput: if there is no such file.
            CouldNot: if it, or what it is checked with, cannot be read.
        """
        ...


class Releases(Protocol):
    """The fleet's signed releases. What cannot be verified is never returned."""

    @property
    def is_kept(self) -> bool:
        """Say whether this fleet has signed releases, or ever had some that this machine trusted."""
        ...

    def catalogue(self) -> Catalogue:
        """Return every release that was signed. Ones that expired are returned too: ask `freshness` before new work.

        Raises:
            InvalidInput: if what is signed is missing, not signed by whom it should be, damaged, or older than what
                this machine has seen before.
            CouldNot: if it cannot be read.
        """
        ...

    def freshness(self, now: datetime) -> str | None:
        """Return why no new work may begin: the metadata expired or cannot be verified. None if it may.

        A fleet without signed releases has nothing that expires: None.
        """
        ...

    def publish(self, catalogue: Catalogue, now: datetime) -> None:
        """Sign a catalogue in the place of the one before, fresh from `now` on.

        Raises:
            InvalidInput: if what stands cannot be verified.
            CouldNot: if this machine has not the keys, the catalogue stems from one that was replaced meanwhile, or it
                cannot be written.
        """
        ...

    def renew(self, now: datetime) -> None:
        """Sign again what is signed, as far as its life comes to an end; the catalogue stays.

        Raises:
            InvalidInput: if what stands cannot be verified.
            CouldNot: if this machine has not the keys for what is due, or it cannot be written.
        """
        ...

    def keep(self, bundle: Path, published: Published) -> None:
        """Copy a bundle to where releases are kept; one that is there is kept.

        Raises:
            CouldNot: if it cannot be copied, or is not what it was when it was checked.
        """
        ...

    def damage(self, published: Published) -> str | None:
        """Return why a release's kept bundle is not what was signed, in words; None if it is."""
        ...
