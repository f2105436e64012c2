"""One sitting of a commissioning: level-triggered, resumable at any moment.

At each tick it looks at the checklist, has every instrument look at all units that wait for its stage, and writes down
what became known. It holds nothing that is not in the ledger, on the units or in the state: killed at any moment and
begun again, it goes on where things stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from fleetctl.core.commissioning.budget import TERMS, Budget, left
from fleetctl.core.commissioning.checklist import Checklist
from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import REASON
from fleetctl.core.commissioning.standing import State as Stands
from fleetctl.core.commissioning.talk.due import due, is_last_try
from fleetctl.core.commissioning.talk.hearing import acceptance, hear
from fleetctl.core.commissioning.talk.said import Verb, understood
from fleetctl.core.commissioning.talk.sayings import Code, Saying, saying
from fleetctl.core.commissioning.talk.scene import Heard, Person, Scene, short
from fleetctl.core.commissioning.talk.tags import Tags
from fleetctl.core.commissioning.talk.walk import Ask, Walk, hindrance
from fleetctl.core.inventory.fleet import Site, Unit
from fleetctl.core.problems import CouldNot
from fleetctl.ports import Clock
from fleetctl.ports.instruments import Done, Instrument, Rounds, StageNews
from fleetctl.services.commissioning.book import Book

NO_BUDGET = Budget(TERMS, 0.0, 0)
AGAIN_S = 5.0
"""Least pause between two rounds of an instrument about the same units."""
TROUBLED_S = 15.0
"""Pause after a round that could not be done."""
_STEPS_ON = frozenset({Verb.SCAN, Verb.CONFIRM, Verb.REFUSE})
"""After these a person goes on to the next place by himself if nothing is left to do in this one."""
_CODES = {
    Outcome.DONE: Code.STAGE_DONE,
    Outcome.FAILED: Code.STAGE_FAILED,
    Outcome.PENDING: Code.STAGE_PENDING,
    Outcome.CONFIRMED: Code.STAGE_CONFIRMED,
}


@dataclass(frozen=True)
class Setting:
    """What a sitting is about, and with what.

    Attributes:
        walk: the selected units, place by place.
        instruments: at most one for each stage.
        person: who speaks, or answers for what is done unattended.
        unattended: nobody is there: what needs a person is left, and what is ready is accepted.
        budget: people's time for the whole site.
    """

    site: Site
    walk: Walk
    book: Book
    instruments: Sequence[Instrument]
    rounds: Rounds
    clock: Clock
    person: Person
    unattended: bool = False
    budget: Budget = NO_BUDGET


@dataclass
class _Pause:
    """When an instrument may look again at the units that it saw last."""

    until_s: float = 0.0
    units: frozenset[str] = frozenset()


@dataclass
class Sitting:
    """Hears people and instruments.

    Attributes:
        place: where the person is.
        delivery: labels are scanned where machines are unloaded.
        moved_s: when something last went on, by the monotonic clock.
        waits: why units wait, as instruments said last.
        alone: nobody is there (any more) to watch a lamp.
        leaving: nothing new is begun.
    """

    setting: Setting
    place: str = ""
    delivery: bool = False
    moved_s: float = 0.0
    waits: dict[tuple[str, Stage], str] = field(default_factory=dict)
    _pauses: dict[Stage, _Pause] = field(default_factory=dict)
    alone: bool = False
    leaving: bool = False
    _pending_tried: set[str] = field(default_factory=set)
    _known: Checklist | None = None
    _left: tuple[Checklist | None, float] = (None, 0.0)
    _known_due: dict[Stage, list[Unit]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.moved_s = self._began_s = self._now_s
        self._left_then = self.left_min
        self.tags = Tags(self.setting.site.units.values())
        self.names = [name for place in self.setting.walk.places.values() for name in place]
        if self.place not in self.setting.walk.places:
            self.place = next(iter(self.setting.walk.places))

    @property
    def checklist(self) -> Checklist:
        """Return how everything stands."""
        return self.setting.book.checklist

    @property
    def ask(self) -> Ask | None:
        """Return what the person is asked now; None if there is nothing to do where he is."""
        return self.setting.walk.ask(self.checklist, self.place)

    @property
    def next_place(self) -> str | None:
        """Return where else something is to be done; None if nowhere."""
        place = self.setting.walk.next_place(self.checklist, self.place)
        return place if place != self.place else None

    @property
    def is_over(self) -> bool:
        """Say whether everything selected is accepted."""
        return all(self.setting.walk.is_over(self.checklist, place) for place in self.setting.walk.places)

    @property
    def is_idle(self) -> bool:
        """Say whether no instrument has, or could have, anything to do."""
        return not self.setting.rounds.busy and not any(self._due(each.stage) for each in self.setting.instruments)

    @property
    def left(self) -> list[str]:
        """Return the selected units that are not accepted."""
        return [name for name in self.names if not self.checklist.units[name].accepted]

    @property
    def quiet_s(self) -> float:
        """Return for how long nothing has gone on, neither here nor at a unit; every round ends by itself."""
        return 0.0 if self.setting.rounds.busy else self._now_s - self.moved_s

    @property
    def left_min(self) -> int:
        """Return the minutes of people's work that are left on the site, all of them together."""
        if self._left[0] is not self.checklist:
            self._left = (self.checklist, left(self.checklist, self.setting.budget).needed_min)
        return round(self._left[1])

    @property
    def behind_min(self) -> int:
        """Return how many minutes more this sitting has taken than the plan gives for what was done in it."""
        return round((self._now_s - self._began_s) / 60 - (self._left_then - self.left_min))

    def reason(self, name: str) -> str:
        """Return why a unit does not go on, in words; empty if nothing is known to keep it."""
        unit = self.checklist.units[name]
        said = [self.waits.get((name, stage), "") for stage in unit.stages if unit.ready(stage)]
        return hindrance(unit) or next(filter(None, said), "")

    def hear(self, line: str) -> Heard:
        """Take a line of the person; returns what follows from it, which is written."""
        said = understood(line)
        if said is None:
            return Heard()
        heard = hear(self._scene(), said)
        if heard.drafts and (flaw := self._write(heard.drafts)) is not None:
            self.setting.book.drop(heard.drafts)
            return Heard((), (flaw,))
        self.place = self.place if heard.place is None else heard.place
        self.delivery = self.delivery if heard.delivery is None else heard.delivery
        onward = self._onward() if said.verb in _STEPS_ON and heard.drafts else ()
        return Heard(heard.drafts, (*heard.sayings, *onward), leaves=heard.leaves, shows=heard.shows)

    def tick(self) -> list[Saying]:
        """Take in what instruments found, and have them look at what waits for them; returns at once."""
        said = list(self._retry()) if self.setting.book.holds else []
        ended = self.setting.rounds.ended()
        said += [each for done in ended for each in self._take(done)]
        if self.setting.book.holds or self.leaving:
            return said
        self.setting.book.follow()
        if self.setting.unattended and self._known is not self.checklist:
            said += self._accept()
        return said + list(self._start())

    def _onward(self) -> Iterator[Saying]:
        if self.delivery or self.ask is not None or (place := self.next_place) is None:
            return
        self.place = place
        yield saying(Code.WENT, place=place, n=len(self.setting.walk.places[place]))

    def _start(self) -> Iterator[Saying]:
        for instrument in self.setting.instruments:
            stage = instrument.stage
            units = [] if stage in self.setting.rounds.busy else self._due(stage)
            names = frozenset(unit.name for unit in units)
            pause = self._pauses.setdefault(stage, _Pause())
            if not units or (names <= pause.units and self._now_s < pause.until_s):
                continue
            if not names <= pause.units:
                new = sorted(short(name) for name in names - pause.units)
                yield saying(Code.STAGE_BEGUN, stage=stage.value, n=len(new), units=" ".join(new))
            self._pauses[stage] = _Pause(self._now_s, names)
            self.setting.rounds.start(instrument, units)

    def _due(self, stage: Stage) -> list[Unit]:
        """Return the units that wait for an instrument; reckoned anew only when the checklist has changed."""
        if stage is Stage.IDENTIFIED and not self.setting.unattended:
            return self._before_lamp()
        if self._known is not self.checklist:
            self._known, self._known_due = self.checklist, {}
        if stage not in self._known_due:
            units = due(self.checklist, self.names, stage, unattended=self.setting.unattended)
            tried = self._pending_tried if stage is Stage.REGISTERED else ()
            self._known_due[stage] = [unit for unit in units if unit.name not in tried]
        return self._known_due[stage]

    def _before_lamp(self) -> list[Unit]:
        """Return the unit whose lamp the person is asked about: it blinks for whoever stands before it."""
        ask = None if self.alone else self.ask
        return [self.checklist.units[ask.subject].unit] if ask and ask.stage is Stage.IDENTIFIED else []

    def _take(self, done: Done) -> Iterator[Saying]:
        """Write down what a round found, and say it; what waits is said once for each reason."""
        pause = self._pauses.setdefault(done.stage, _Pause())
        pause.until_s = self._now_s + max(AGAIN_S if not done.trouble else TROUBLED_S, done.result.again_s)
        if done.trouble:
            yield saying(Code.TROUBLE, stage=done.stage.value, reason=done.trouble)
        findings = [self._settled(finding) for finding in done.result.findings if self._is_news(done.stage, finding)]
        if findings or done.result.goes_on:  # nobody is impatient with what is not looked at before its time
            self.moved_s = pause.until_s if done.result.goes_on else self._now_s
        if (flaw := self._write(map(self._draft, findings))) is not None:
            yield flaw
        yield from map(_found, findings)
        self._pending_tried |= {f.subject for f in done.result.findings if f.stage is Stage.REGISTERED}
        self._known = None
        yield from self._waiting(done)

    def _is_news(self, stage: Stage, finding: StageNews) -> bool:
        """Say whether a finding tells something: what an instrument proves on the side may be known from a person."""
        if finding.subject not in self.checklist.units:
            return True
        standing = self.checklist.units[finding.subject].of(finding.stage)
        still = finding.outcome is Outcome.PENDING and standing.state is Stands.PENDING
        return not (still and standing.reason == finding.detail.get(REASON, "")) and (
            finding.stage is stage or not standing.passed
        )

    def _settled(self, finding: StageNews) -> StageNews:
        """Let the last of several tries without a verdict fail: somebody has to look."""
        unit = self.checklist.units.get(finding.subject)
        endless = finding.outcome is Outcome.NOTE and unit is not None and is_last_try(unit, finding.stage)
        return replace(finding, outcome=Outcome.FAILED) if endless else finding

    def _waiting(self, done: Done) -> Iterator[Saying]:
        for name in done.units:
            reason = done.result.waits.get(name, "")
            if reason and self.waits.get((name, done.stage)) != reason:
                yield saying(Code.WAITS, name, subject=short(name), stage=done.stage.value, reason=reason)
            self.waits[name, done.stage] = reason

    def _accept(self) -> list[Saying]:
        scene, said, drafts = self._scene(), list[Saying](), list[Draft]()
        for place in self.setting.walk.places:
            of_place = list(acceptance(scene, place))
            drafts += of_place
            said += [saying(Code.ACCEPTED, place=place)] if of_place else []
        if not drafts:
            return []
        self.moved_s = self._now_s
        flaw = self._write(drafts)
        return said if flaw is None else [flaw]

    def _retry(self) -> Iterator[Saying]:
        if self._write(()) is None:
            yield saying(Code.KEPT)

    def _write(self, drafts: Iterable[Draft]) -> Saying | None:
        """Write entries; returns what to say if they could not be written."""
        try:
            self.setting.book.write(drafts)
        except CouldNot as reason:
            return saying(Code.NOT_KEPT, reason=str(reason))
        return None

    def _draft(self, finding: StageNews) -> Draft:
        at, actor = self.setting.clock.now().utc, self.setting.person.actor
        detail = dict(finding.detail)
        return Draft(self.setting.site.id, finding.subject, finding.stage, finding.outcome, actor, at, detail)

    def _scene(self) -> Scene:
        of, at = self.setting, self.setting.clock.now().utc
        return Scene(
            of.site, of.walk, self.tags, self.checklist, of.book.entries, of.person, at, self.place, self.delivery
        )

    @property
    def _now_s(self) -> float:
        return self.setting.clock.now().monotonic_s


def _found(finding: StageNews) -> Saying:
    code = _CODES.get(finding.outcome, Code.STAGE_NOTED)
    reason = str(finding.detail.get(REASON, ""))
    return saying(code, finding.subject, subject=short(finding.subject), stage=finding.stage.value, reason=reason)
