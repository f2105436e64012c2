"""Everything that is remembered, and who may write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fleetctl.core.problems import CouldNot

if TYPE_CHECKING:
    from fleetctl.core.config import Config
    from fleetctl.core.log_heads import Head
    from fleetctl.core.plan import Plan
    from fleetctl.core.rollout.holds import Hold, Override
    from fleetctl.core.rollout.state import Change, Command, CommandKind, Noted, Progress, Rollout, StepTaken
    from fleetctl.ports.commissioning import Ledger, Reservations
    from fleetctl.ports.identity import Registry
    from fleetctl.ports.imaging import Imagings
    from fleetctl.ports.kits import Kits
    from fleetctl.ports.machines import Machines
    from fleetctl.ports.units import Units


class Fenced(CouldNot):
    """Raised when a newer controller has taken over: this one may neither write nor touch a unit."""


class Lost(CouldNot):
    """Raised when the state's server went away: what was being written is there as a whole, or not at all."""


class Led(CouldNot):
    """Raised when another controller leads: this process may follow, or wait."""


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

    def note(self, notes: Sequence[Noted]) -> None:
        """Log orders that are carried out elsewhere, on a compute platform, and so have no rows here."""
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

    @property
    def imaging(self) -> Imagings:
        """Return what is remembered of imaging over the network."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Return the ledger of commissionings."""
        ...

    @property
    def machines(self) -> Machines:
        """Return which machines are in maintenance, quarantined or retired."""
        ...

    @property
    def kits(self) -> Kits:
        """Return the kits that left."""
        ...

    @property
    def registry(self) -> Registry:
        """Return the certificates that were issued, and what units are registered as."""
        ...

    @property
    def reservations(self) -> Reservations:
        """Return the loads that units were admitted to in commissionings."""
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
