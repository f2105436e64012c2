"""A state in memory: what the services remember, for tests that need no database. Fills the port `State`.

It keeps every promise of the real one but durability; one contract suite runs against both.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fleetctl.adapters.store import refusals
from fleetctl.core.clock import next_epoch
from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.commissioning.reservation import Reserved
from fleetctl.core.config import Config
from fleetctl.core.digest import digest_of
from fleetctl.core.facts import Observation
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.registration import Registration
from fleetctl.core.imaging.desk import Answer, FromDisk, Given, noted
from fleetctl.core.imaging.record import Imaging, Stranger
from fleetctl.core.kit.record import Kit
from fleetctl.core.log_heads import Head
from fleetctl.core.plan import Plan
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import (
    Change,
    Command,
    CommandHandled,
    CommandKind,
    Noted,
    Progress,
    Rollout,
    RolloutChanged,
    SitesHalted,
    SitesWaited,
    Step,
    StepEnded,
    StepIntended,
    StepTaken,
    UnitChanged,
    WaveChanged,
    followed,
)
from fleetctl.core.route import Pin, Way
from fleetctl.core.verdicts import Seen
from fleetctl.ports import Controller, State
from tests.builders.memory_kits import MemoryKits
from tests.builders.memory_ledger import MemoryLedger
from tests.builders.memory_machines import MemoryMachines
from tests.builders.memory_registry import MemoryRegistry
from tests.builders.memory_reservations import MemoryReservations

LONG_AGO = datetime.fromtimestamp(0, UTC)

Value = TypeVar("Value")


@dataclass
class Rows:
    """What a database would hold.

    Attributes:
        controller: epoch 0 while there never was one.
        steps: every step whose intent was journalled, with what ended it.
        answers: to handled commands, by their number.
        before_commit: called with the changes before they are written; raises to fail the commit.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    controller: Controller = field(default_factory=lambda: Controller(0, "", "", 0, LONG_AGO))
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    progress: dict[str, dict[str, Progress]] = field(default_factory=dict)
    steps: dict[Step, StepEnded | None] = field(default_factory=dict)
    intended: dict[Step, datetime] = field(default_factory=dict)
    events: list[Noted] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    answers: dict[int, str] = field(default_factory=dict)
    configs: dict[str, Config] = field(default_factory=dict)
    processes: list[tuple[int, int, str]] = field(default_factory=list)
    pins: dict[str, tuple[Pin, ...]] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    facts: dict[str, Observation] = field(default_factory=dict)
    readings: dict[tuple[str, str, int], Reading] = field(default_factory=dict)
    plans: dict[str, str] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    overrides: dict[int, Override] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    imaging: dict[str, Imaging] = field(default_factory=dict)
    strangers: dict[tuple[str, str], Stranger] = field(default_factory=dict)
    ledger: list[Entry] = field(default_factory=list)
    kits: dict[str, Kit] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    registrations: dict[str, Registration] = field(default_factory=dict)
    reservations: dict[str, Reserved] = field(default_factory=dict)
    orders: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    before_commit: Callable[[Sequence[Change]], None] = lambda _: None

    def check_epoch(self, epoch: int) -> None:
        if epoch != self.controller.epoch:
            raise refusals.fenced(epoch, self.controller.epoch)


class MemoryState:
    """The state; `rows` may be looked into, and shared by several states as a database would be."""

    def __init__(self, rows: Rows | None = None, uuid: str = "state-in-memory") -> None:
        self.rows = rows or Rows()
        self.uuid = uuid
        self.journal = MemoryJournal(self.rows)
        self.rollouts = MemoryRollouts(self.rows)
        self.controllers = MemoryControllers(self.rows)
        self.units = MemoryUnits(self.rows)
        self.plans = MemoryPlans(self.rows)
        self.orders = MemoryOrders(self.rows)
        self.cursors = MemoryCursors(self.rows)
        self.imaging = MemoryImagings(self.rows, self.units)
        self.ledger = MemoryLedger(self.rows, uuid)
        self.machines = MemoryMachines(self.rows)
        self.kits = MemoryKits(self.rows)
        self.registry = MemoryRegistry(self.rows)
        self.reservations = MemoryReservations(self.rows)

    def chain_head(self) -> Head:
        with self.rows.lock:
            digests = self._digests()
        return Head(len(digests), digests[-1]) if digests else Head(0, "")

    def chain_digests(self, numbers: Iterable[int]) -> Mapping[int, str]:
        with self.rows.lock:
            digests = dict(enumerate(self._digests(), start=1))
        return {number: digests[number] for number in numbers if number in digests}

    def _digests(self) -> list[str]:
        events = map(repr, self.rows.events)
        return list(itertools.accumulate(events, lambda last, event: digest_of([last, event]), initial=""))[1:]

    def chain_flaw(self) -> str | None:
        """Find nothing: what is in memory nobody changes behind our back."""
        return None

    def close(self) -> None:
        """Keep everything: a test may look into it, or open it again."""


class MemoryJournal:
    """The rollouts' table."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def commit(self, epoch: int, changes: Sequence[Change]) -> None:
        with self.rows.lock:
            self.rows.check_epoch(epoch)
            self.rows.before_commit(changes)
            for change in changes:
                self._write(change)

    def rollout(self, rollout: str) -> Rollout | None:
        with self.rows.lock:
            if rollout in self.rows.rollouts:
                return self.rows.rollouts[rollout]
            found = refusals.one_of(rollout, [id for id in self.rows.rollouts if id.startswith(rollout)])
            return self.rows.rollouts[found] if found else None

    def rollouts(self, *, active: bool = False) -> Sequence[Rollout]:
        with self.rows.lock:
            added = reversed(list(self.rows.rollouts.values()))
        return [row for row in added if not (active and row.status.is_end)]

    def progress(self, rollout: str) -> Sequence[Progress]:
        with self.rows.lock:
            return list(self.rows.progress.get(rollout, {}).values())

    def commands(self, rollout: str) -> Sequence[Command]:
        with self.rows.lock:
            return [c for c in self.rows.commands if c.rollout == rollout and c.id not in self.rows.answers]

    def steps(self, rollout: str) -> Sequence[StepTaken]:
        with self.rows.lock:
            taken = [_taken(step, at, self.rows.steps[step]) for step, at in self.rows.intended.items()]
        return sorted((t for t in taken if t.step.rollout == rollout), key=lambda t: (t.intended, t.step.id))

    def events(self, rollout: str, *, after: int = 0) -> Sequence[tuple[int, Noted]]:
        with self.rows.lock:
            numbered = list(enumerate(self.rows.events, start=1))
        return [(number, note) for number, note in numbered[after:] if note.rollout == rollout]

    def log(self, *, after: int, limit: int) -> Sequence[tuple[int, Noted]]:
        with self.rows.lock:
            return list(enumerate(self.rows.events, start=1))[after : after + limit]

    def _write(self, change: Change) -> None:
        rows = self.rows
        match change:
            case RolloutChanged() | WaveChanged() | SitesHalted() | SitesWaited():
                rows.rollouts[change.rollout] = followed(rows.rollouts[change.rollout], change)
            case UnitChanged(rollout, progress):
                rows.progress[rollout][progress.unit] = progress
            case StepIntended(step, at):
                rows.steps[step] = None
                rows.intended[step] = at
            case StepEnded(result):
                rows.steps[result.step] = change
            case CommandHandled(command, answer):
                rows.answers[command] = answer
            case Noted():
                rows.events.append(change)


class MemoryRollouts:
    """What any process may add."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def add(self, rollout: Rollout, units: Sequence[Progress], configs: Mapping[str, Config]) -> None:
        with self.rows.lock:
            for known in self.rows.rollouts.values():
                if known.plan == rollout.plan:
                    raise refusals.used_plan(rollout.plan, known.id)
            if rollout.id in self.rows.rollouts:
                raise refusals.known_rollout(rollout.id)
            self.rows.rollouts[rollout.id] = rollout
            self.rows.progress[rollout.id] = {unit.unit: unit for unit in units}
            self.rows.configs = {**configs, **self.rows.configs}

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
        with self.rows.lock:
            if rollout not in self.rows.rollouts:
                raise refusals.unknown_rollout(rollout)
            number = len(self.rows.commands) + 1
            self.rows.commands.append(Command(number, rollout, kind, actor, at, reason, tuple(units), wave))
            return number

    def config(self, digest: str) -> Config:
        with self.rows.lock:
            if digest not in self.rows.configs:
                raise refusals.unknown_config(digest)
            return self.rows.configs[digest]


class MemoryControllers:
    """Leadership."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def acquire(self, *, owner: str, host: str, pid: int, command: str, now: datetime, lease_s: float) -> int:
        with self.rows.lock:
            holder = self.rows.controller
            if holder.lease_until > now:
                raise refusals.led(holder)
            until = now + timedelta(seconds=lease_s)
            self.rows.controller = Controller(next_epoch(holder.epoch, now), owner, host, pid, until, command)
            return self.rows.controller.epoch

    def renew(self, epoch: int, *, now: datetime, lease_s: float) -> None:
        with self.rows.lock:
            self.rows.check_epoch(epoch)
            self.rows.controller = replace(self.rows.controller, lease_until=now + timedelta(seconds=lease_s))

    def release(self, epoch: int) -> None:
        with self.rows.lock:
            if epoch == self.rows.controller.epoch:
                self.rows.controller = replace(self.rows.controller, lease_until=LONG_AGO)

    def current(self) -> Controller | None:
        return self.rows.controller if self.rows.controller.epoch else None

    def record_process(self, epoch: int, pid: int, started: str) -> None:
        with self.rows.lock:
            self.rows.check_epoch(epoch)
            self.rows.processes.append((epoch, pid, started))

    def forget_process(self, epoch: int, pid: int) -> None:
        with self.rows.lock:
            self.rows.processes = [p for p in self.rows.processes if p[:2] != (epoch, pid)]

    def processes(self) -> Sequence[tuple[int, int, str]]:
        with self.rows.lock:
            return sorted(self.rows.processes)


class MemoryUnits:
    """What is known about units."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def pins(self, units: Iterable[str] | None = None) -> Mapping[str, tuple[Pin, ...]]:
        with self.rows.lock:
            return {unit: pins for unit, pins in _named(self.rows.pins, units).items() if pins}

    def pin(self, pins: Mapping[str, tuple[Pin, ...]], *, actor: str, at: datetime, why: str) -> None:
        with self.rows.lock:
            self.rows.pins |= pins
            self.rows.events += refusals.pin_notes(pins, actor, at, why)

    def forget(self, unit: str, *, actor: str, at: datetime, why: str) -> None:
        with self.rows.lock:
            self.rows.facts.pop(unit, None)
            self.rows.pins.pop(unit, None)
            self.rows.events.append(refusals.forgotten_note(unit, actor, at, why))

    def ways(self) -> Mapping[str, Way]:
        with self.rows.lock:
            return dict(self.rows.ways)

    def set_ways(self, ways: Mapping[str, Way]) -> None:
        with self.rows.lock:
            self.rows.ways = dict(ways)

    def save_facts(self, observations: Iterable[Observation], readings: Iterable[Reading] = ()) -> None:
        with self.rows.lock:
            self.rows.facts |= {observation.unit: observation for observation in observations}
            self.rows.readings |= {(r.rollout, r.unit, r.minute): r for r in readings}

    def readings(self, rollout: str) -> Sequence[Reading]:
        with self.rows.lock:
            found = [reading for reading in self.rows.readings.values() if reading.rollout == rollout]
        return sorted(found, key=lambda reading: (reading.minute, reading.unit))

    def facts(self, units: Iterable[str] | None = None) -> Mapping[str, Observation]:
        with self.rows.lock:
            return _named(self.rows.facts, units)

    def seen(self) -> Mapping[str, Seen]:
        with self.rows.lock:
            of_sites: dict[str, list[str]] = {}
            for unit in sorted(self.rows.facts):
                of_sites.setdefault(unit.partition("/")[0], []).append(unit)
            facts = self.rows.facts
            return {
                site: Seen(digest_of([repr(facts[unit]) for unit in units]), tuple(units))
                for site, units in of_sites.items()
            }


class MemoryPlans:
    """Plans that were made with this state."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def save(self, plan: Plan, digest: str) -> None:
        with self.rows.lock:
            self.rows.plans[plan.id] = digest

    def digest(self, plan_id: str) -> str | None:
        return self.rows.plans.get(plan_id)

    def used_by(self, plan_id: str) -> str | None:
        with self.rows.lock:
            return next((row.id for row in self.rows.rollouts.values() if row.plan == plan_id), None)


class MemoryOrders:
    """Holds and overrides."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def holds(self) -> Sequence[Hold]:
        with self.rows.lock:
            return list(self.rows.holds.values())

    def add_hold(self, scope: str, *, actor: str, at: datetime, reason: str) -> Hold:
        with self.rows.lock:
            hold = Hold(next(self.rows.orders), scope, actor, reason, at)
            self.rows.holds[hold.id] = hold
            self.rows.events.append(refusals.hold_note(hold))
            return hold

    def remove_hold(self, hold: int, *, actor: str, at: datetime, reason: str = "") -> Hold:
        with self.rows.lock:
            if hold not in self.rows.holds:
                raise refusals.unknown_hold(hold)
            removed = self.rows.holds.pop(hold)
            self.rows.events.append(refusals.hold_removed_note(removed, actor, at, reason))
            return removed

    def overrides(self, *, at: datetime | None = None) -> Sequence[Override]:
        with self.rows.lock:
            return [o for o in self.rows.overrides.values() if at is None or o.until > at]

    def add_override(
        self, rule: str, scope: str, *, actor: str, at: datetime, until: datetime, reason: str
    ) -> Override:
        with self.rows.lock:
            override = Override(next(self.rows.orders), rule, scope, actor, reason, at, until)
            self.rows.overrides[override.id] = override
            self.rows.events.append(refusals.override_note(override))
            return override

    def remove_override(self, override: int, *, actor: str, at: datetime, reason: str = "") -> Override:
        with self.rows.lock:
            if override not in {o.id for o in self.overrides(at=at)}:
                raise refusals.unknown_override(override)
            removed = self.rows.overrides.pop(override)
            self.rows.events.append(refusals.override_removed_note(removed, actor, at, reason))
            return removed

    def note(self, notes: Sequence[Noted]) -> None:
        with self.rows.lock:
            self.rows.events += notes


class MemoryCursors:
    """How far readers of the event log have come."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def get(self, reader: str) -> int | None:
        return self.rows.cursors.get(reader)

    def set(self, reader: str, number: int) -> None:
        with self.rows.lock:
            self.rows.cursors[reader] = number


class MemoryImagings:
    """What is remembered of imaging."""

    def __init__(self, rows: Rows, units: MemoryUnits) -> None:
        self.rows, self.units = rows, units

    def records(self, units: Iterable[str] | None = None) -> Mapping[str, Imaging]:
        with self.rows.lock:
            return _named(self.rows.imaging, units)

    def change(self, unit: str, decide: Callable[[Imaging | None], Answer], at: datetime) -> Answer:
        with self.rows.lock:
            answer = decide(self.rows.imaging.get(unit))
            if not isinstance(answer, FromDisk) and answer.record is not None:
                self.rows.imaging[unit] = answer.record
            note = noted(unit, answer, at)
            self.rows.events += [note] if note else []
            if isinstance(answer, Given) and answer.pin is not None:
                self.units.pin({unit: (answer.pin,)}, actor=answer.record.actor, at=at, why=answer.text)
            return answer

    def strangers(self) -> Sequence[Stranger]:
        with self.rows.lock:
            return sorted(self.rows.strangers.values(), key=lambda s: (s.last, s.claim.mac))

    def saw(self, stranger: Stranger) -> None:
        with self.rows.lock:
            before = self.rows.strangers.get(stranger.claim.machine)
            if before is not None:
                stranger = replace(stranger, first=before.first, times=before.times + 1)
            self.rows.strangers[stranger.claim.machine] = stranger

    def forget(self, before: datetime) -> None:
        with self.rows.lock:
            kept = {key: stranger for key, stranger in self.rows.strangers.items() if stranger.last >= before}
            self.rows.strangers = kept


def _taken(step: Step, intended: datetime, ended: StepEnded | None) -> StepTaken:
    return StepTaken(step, intended, ended.at, ended.result.ending) if ended else StepTaken(step, intended)


def _named(rows: Mapping[str, Value], units: Iterable[str] | None) -> dict[str, Value]:
    return dict(rows) if units is None else {unit: rows[unit] for unit in units if unit in rows}


def _check(state: MemoryState) -> State:
    """Let the type checker hold this state against the port."""
    return state
