"""Says a commissioning's sayings and standing in one language, for screens of forty columns and for pipes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetctl.core.clock import from_text
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.talk.sayings import Code, Saying
from fleetctl.core.commissioning.talk.walk import OUTSIDE, Ask, first_open, hindrance
from fleetctl.core.words import commissioning as words
from fleetctl.core.words.speech import Speech
from fleetctl.core.words.stages import STAGES

if TYPE_CHECKING:
    from fleetctl.core.commissioning.checklist import UnitList
    from fleetctl.services.commissioning.sitting import Sitting

_PLACES = frozenset({"place", "here"})
_MOST_NAMED = 6
LATE_MIN = 5
"""So many minutes behind plan are worth a word."""
_TOGETHER = frozenset({Code.STAGE_DONE, Code.WAITS, Code.STAGE_PENDING, Code.STAGE_NOTED})
"""Sayings about several units that are put into one line if nothing else differs."""


@dataclass(frozen=True)
class Spoken:
    """A line to be shown."""

    saying: Saying
    text: str


class Teller:
    """Says everything in one language."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech

    def text(self, saying: Saying) -> str:
        """Return a saying's text."""
        values = {name: self._value(name, value) for name, value in saying.values.items()}
        if "room" in values:  # where no room is declared, the place has to do
            values["room"] = values["room"] or values.get("place", "")
        return self.speech.say(words.TEXTS[saying.code], **values).rstrip(" :")

    def lines(self, sayings: Iterable[Saying]) -> Iterator[Spoken]:
        """Yield the lines for what is said at once; what is said of several units alike is one line."""
        groups: dict[tuple[object, ...], list[Saying]] = {}
        for number, one in enumerate(sayings):
            together = one.code in _TOGETHER
            key = (one.code, one.values.get("stage"), one.values.get("reason")) if together else (number,)
            groups.setdefault(key, []).append(one)
        for group in groups.values():
            first = group[0]
            if len(group) > 1:
                values = {**first.values, "subject": _named([str(one.values["subject"]) for one in group])}
                first = Saying(first.code, "", values)
            yield Spoken(first, self.text(first))

    @property
    def stopping(self) -> str:
        """Return what is said to whoever wants to stop."""
        return self.speech.say(words.STOPPING)

    def place(self, place: str) -> str:
        """Return what a place is called."""
        return self.speech.say(words.PLANT) if place == OUTSIDE else place

    def stage(self, stage: Stage) -> str:
        """Return what a stage is called."""
        return self.speech.say(STAGES[stage])

    def here(self, sitting: Sitting) -> str:
        """Return where the person is, and how much is done there and on the whole site."""
        units = sitting.checklist.units
        names = sitting.setting.walk.places[sitting.place]
        counts = [(sum(units[name].accepted for name in of), len(of)) for of in (names, sitting.names)]
        (here, of_here), (all_, of_all) = counts
        place = self.speech.say(words.HERE, place=self.place(sitting.place), done=here, total=of_here)
        return f"{place}, {self.speech.say(words.WHOLE, done=all_, total=of_all)}"

    def next(self, sitting: Sitting) -> str:
        """Return what is next: what the person is asked here, or where he should go on."""
        ask, place = sitting.ask, sitting.next_place
        if sitting.delivery:
            what = self.speech.say(words.ASK_DELIVERY)
        elif ask is not None:
            what = self.ask(ask, sitting)
        elif place is not None:
            what = self.speech.say(words.ASK_ELSEWHERE, place=self.place(place))
        else:
            what = self.speech.say(words.ASK_NOTHING)
        return self.speech.say(words.NEXT, ask=what)

    def ask(self, ask: Ask, sitting: Sitting) -> str:
        """Return what a person is asked."""
        if ask.stage is Stage.ACCEPTED:
            return self.speech.say(words.ASK_ACCEPTANCE, place=self.place(ask.place))
        unit = sitting.checklist.units[ask.subject].unit
        text = {Stage.IDENTIFIED: words.ASK_LAMP, Stage.ROOM_PROOF: words.ASK_ROOM}.get(ask.stage, words.ASK_LABEL)
        return self.speech.say(text, unit=unit.id, room=unit.room or self.place(unit.dwelling))

    def at_work(self, sitting: Sitting) -> str:
        """Return what instruments are at, and at how many units."""
        busy = sitting.setting.rounds.busy
        return ", ".join(f"{self.stage(stage)} {len(units)}" for stage, units in busy.items())

    def time(self, sitting: Sitting) -> str:
        """Return what is left of the building's time budget, and how far this sitting is behind it."""
        left = self.speech.duration(60 * sitting.left_min)
        if sitting.behind_min < LATE_MIN:
            return self.speech.say(words.TIME, left=left)
        return self.speech.say(words.TIME_LATE, left=left, late=self.speech.duration(60 * sitting.behind_min))

    def left(self, sitting: Sitting) -> str:
        """Return how many units stand before which stage."""
        units = [sitting.checklist.units[name] for name in sitting.names]
        nexts = Counter(first_open(unit) for unit in units if not unit.accepted)
        return ", ".join(f"{self.stage(stage)} {nexts[stage]}" for stage in Stage if nexts[stage])

    def row(self, unit: UnitList) -> tuple[str, ...]:
        """Return a unit's row of a table: name, room, how many stages are over, what is next and why not now."""
        over = sum(unit.of(stage).passed for stage in unit.stages)
        stage = first_open(unit)
        next_ = self.stage(stage) if stage is not None else "-"
        return unit.unit.name, unit.unit.room, f"{over}/{len(unit.stages)}", next_, hindrance(unit)

    def _value(self, name: str, value: object) -> object:
        if name in _PLACES:
            return self.place(str(value))
        if name == "units":
            return _named(str(value).split())
        if name == "stage":
            return self.stage(Stage(str(value)))
        return self.speech.short_moment(from_text(value)) if name == "at" and isinstance(value, str) else value


def _named(names: Sequence[str]) -> str:
    more = f" +{len(names) - _MOST_NAMED}" if len(names) > _MOST_NAMED else ""
    return " ".join(names[:_MOST_NAMED]) + more
