"""A sitting of a commissioning with instruments that do as they are told, in memory and at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from fleetctl.core.commissioning.checklist import fold
from fleetctl.core.commissioning.ledger import Draft, Entry
from fleetctl.core.commissioning.order import STAGES
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.talk.hearing import hear
from fleetctl.core.commissioning.talk.said import understood
from fleetctl.core.commissioning.talk.scene import Heard, Person, Scene
from fleetctl.core.commissioning.talk.tags import Tags
from fleetctl.core.commissioning.talk.walk import walk_of
from fleetctl.core.discovery.finding import Discovery, Finding, Met, Presence
from fleetctl.core.discovery.joining import Machine
from fleetctl.core.discovery.sighting import Sighting, Source, SwitchPort
from fleetctl.core.inventory.fleet import Kind, Site, Unit
from fleetctl.core.problems import CouldNot
from fleetctl.ports.commissioning import Ledger
from fleetctl.ports.instruments import Done, Instrument, Round, StageNews
from fleetctl.services.commissioning.book import Book
from fleetctl.services.commissioning.sitting import Setting, Sitting
from tests.builders import commissioning
from tests.builders.commissioning import START, ledger, through
from tests.builders.memory_state import MemoryState
from tests.builders.world import FakeClock

ROOMS = {"a1-1": "living", "a1-2": "bedroom", "a2-1": "living"}
SERIALS = {"gw": "QG-1", "boiler": "QB-1", "a1-1": "QR-0011", "a1-2": "QR-0012", "a2-1": "QR-0021"}
MACS = {id: f"02:00:00:00:00:{number:02x}" for number, id in enumerate(SERIALS, start=1)}
READY = [*through("gw", STAGES[Kind.GATEWAY])]
"""What makes the gateway ready: the units behind it can be gone on with."""
PERSON = Person("alix", "Alix")


def site() -> Site:
    """Return the site of `builders.commissioning` with labels on its machines, and rooms."""
    plain = commissioning.site()
    units = {
        id: replace(unit, serial=SERIALS[id], mac=MACS[id], room=ROOMS.get(id, ""), port=f"sw/{id}")
        for id, unit in plain.units.items()
    }
    return replace(plain, units=units)


def radiators() -> list[Unit]:
    return [unit for unit in site().units.values() if unit.kind is Kind.RADIATOR]


@dataclass
class Talk:
    """Says lines one after the other, and keeps what follows as the ledger would."""

    place: str = "A1"
    person: Person = PERSON
    delivery: bool = False
    drafts: list[Draft] = field(default_factory=lambda: list(READY))
    lines: int = 0

    def __call__(self, line: str) -> Heard:
        said = understood(line)
        assert said is not None
        heard = hear(self.scene, said)
        self.lines += 1
        self.drafts += heard.drafts
        self.place = self.place if heard.place is None else heard.place
        self.delivery = self.delivery if heard.delivery is None else heard.delivery
        return heard

    @property
    def entries(self) -> list[Entry]:
        return ledger(self.drafts)

    @property
    def scene(self) -> Scene:
        at = START + timedelta(hours=1, minutes=self.lines)
        of, entries = site(), self.entries
        walk, tags = walk_of(list(of.units.values())), Tags(of.units.values())
        return Scene(of, walk, tags, fold(of, entries), entries, self.person, at, self.place, self.delivery)

    def codes(self, line: str) -> list[str]:
        return [said.code.value for said in self(line).sayings]

    def passed(self, id: str) -> set[Stage]:
        unit = self.scene.checklist.units[f"s/{id}"]
        return {stage for stage in unit.stages if unit.of(stage).passed}


@dataclass
class FakeInstrument:
    """Finds every unit well, but for those of which it was told something else.

    Attributes:
        outcomes: what is found of a unit instead, with its detail; a text is why it waits.
        rounds: the units of each round.
        trouble: raised in the place of a round.
    """

    stage: Stage
    outcomes: dict[str, tuple[Outcome, Mapping[str, str]] | str] = field(default_factory=dict)
    rounds: list[tuple[str, ...]] = field(default_factory=list)
    trouble: str = ""
    goes_on: bool = False
    again_s: float = 0.0

    def round(self, units: Sequence[Unit]) -> Round:
        self.rounds.append(tuple(unit.id for unit in units))
        if self.trouble:
            raise CouldNot(self.trouble)
        findings, waits = [], {}
        for unit in units:
            told = self.outcomes.get(unit.id, (Outcome.DONE, {}))
            if isinstance(told, str):
                waits[unit.name] = told
            else:
                passed = {"verdict": "passed"} if told[0] is Outcome.DONE else {}
                findings.append(StageNews(unit.name, self.stage, told[0], {**passed, **told[1]}))
        return Round(tuple(findings), waits, self.again_s, self.goes_on)


class FakeRounds:
    """Does a round when it is asked what ended: at the next tick, that is."""

    def __init__(self) -> None:
        self._started: list[tuple[Instrument, tuple[Unit, ...]]] = []

    @property
    def busy(self) -> Mapping[Stage, Sequence[str]]:
        return {each.stage: [unit.name for unit in units] for each, units in self._started}

    def start(self, instrument: Instrument, units: Sequence[Unit]) -> None:
        assert instrument.stage not in self.busy, "one round of an instrument at a time"
        self._started.append((instrument, tuple(units)))

    def ended(self) -> Sequence[Done]:
        started, self._started = self._started, []
        return [_done(instrument, units) for instrument, units in started]


def _done(instrument: Instrument, units: Sequence[Unit]) -> Done:
    names = tuple(unit.name for unit in units)
    try:
        return Done(instrument.stage, names, instrument.round(units))
    except CouldNot as reason:
        return Done(instrument.stage, names, Round(), str(reason))


@dataclass
class Disk:
    """A ledger on a disk that may be full. Fills the port `Ledger`."""

    ledger: Ledger
    full: bool = False

    def append(self, drafts: Iterable[Draft]) -> Sequence[Entry]:
        if self.full:
            raise CouldNot("the state could not be used: database or disk is full")
        return self.ledger.append(drafts)

    def entries(self, site: str | None = None, *, beyond: Mapping[str, int] | None = None) -> Sequence[Entry]:
        return self.ledger.entries(site, beyond=beyond)

    def merge(self, entries: Iterable[Entry]) -> Sequence[Entry]:
        return self.ledger.merge(entries)


def met(unit: Unit, standing: Presence = Presence.PRESENT) -> Met:
    """Return a machine that answers as a unit's, on the unit's port."""
    port = SwitchPort(*unit.port.split("/")) if unit.port else None
    sighting = Sighting(Source.LLDP, "gw", (unit.mac,), unit.address, unit.serial, port=port)
    return Met(unit.name, standing, Machine((sighting,)))


def discovery(*mets: Met, findings: Sequence[Finding] = ()) -> Discovery:
    return Discovery(commissioning.SITE, START, "gateway", mets, findings=tuple(findings))


AUTOMATIC = (
    Stage.DISCOVERED,
    Stage.IMAGED,
    Stage.CONFIGURED,
    Stage.BURN_IN,
    Stage.ROOM_PROOF,
    Stage.REGISTERED,
)


@dataclass
class World:
    """A state, a clock and instruments; sittings over them come and go."""

    state: MemoryState = field(default_factory=MemoryState)
    clock: FakeClock = field(default_factory=FakeClock)
    instruments: dict[Stage, FakeInstrument] = field(
        default_factory=lambda: {stage: FakeInstrument(stage) for stage in AUTOMATIC}
    )

    more: list[Instrument] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.disk = Disk(self.state.ledger)
        self.clock.jump((START - self.clock.now().utc).total_seconds() + 86_400)

    def write(self, drafts: Iterable[Draft]) -> None:
        self.state.ledger.append(drafts)

    def sitting(self, units: Sequence[Unit] = (), *, unattended: bool = False, person: Person = PERSON) -> Sitting:
        of = site()
        book = Book(self.disk, of, self.clock)
        walk = walk_of(list(units) or radiators())
        instruments = [*self.instruments.values(), *self.more]
        return Sitting(Setting(of, walk, book, instruments, FakeRounds(), self.clock, person, unattended))

    def run(self, sitting: Sitting, seconds: float = 120.0) -> list[str]:
        """Tick for so long; returns the codes of everything that was said, with subjects."""
        said = []
        until_s = self.clock.now().monotonic_s + seconds
        while self.clock.now().monotonic_s < until_s:
            said += [f"{one.code.value} {one.values.get('subject', '')}".strip() for one in sitting.tick()]
            self.clock.wait(1.0)
        return said
