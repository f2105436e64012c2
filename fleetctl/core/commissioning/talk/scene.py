"""What a line of a person is understood by, and what follows from it: the shapes that all answers share. Pure.

Everything that one line brings about carries the line's time in its detail (`HEARD`), so that `undo` takes back the
whole line and nothing else, also after a restart and on another terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.commissioning.checklist import Checklist
from fleetctl.core.commissioning.ledger import Draft, Entry, dwelling_subject
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.talk.sayings import Code, Saying, Value, saying
from fleetctl.core.commissioning.talk.tags import Tags
from fleetctl.core.commissioning.talk.walk import OUTSIDE, Walk
from fleetctl.core.commissioning.undoing import undoing_of
from fleetctl.core.inventory.fleet import Site, Unit

HEARD = "heard"
"""Key of the details of all entries that one line of a person brought about."""
UNDO = "undo"
"""Key of the details of entries that `undo` brought about: it does not take back itself, but what was before."""
NAME = "name"
"""Key of the name that the person gave."""
_ALIASES: Mapping[str, tuple[str, ...]] = {OUTSIDE: ("plant", "technique", "local")}
"""What people call the place of units without a dwelling."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who speaks.

    Attributes:
        actor: the authenticated user.
        name: as typed; empty if none was given.
    """

    actor: str
    name: str = ""


@dataclass(frozen=True)
class Scene:
    """What a line is understood by.

    Attributes:
        tags: of all units of the site.
        place: where the person is.
        delivery: labels are scanned where machines are unloaded, not where they hang.
    """

    site: Site
    walk: Walk
    tags: Tags
    checklist: Checklist
    entries: Sequence[Entry]
    person: Person
    at: datetime
    place: str
    delivery: bool = False

    def draft(self, subject: str, stage: Stage, outcome: Outcome, **detail: Any) -> Draft:
        """Return an entry that this line brings about."""
        said = {HEARD: to_text(self.at), **({NAME: self.person.name} if self.person.name else {})}
        return Draft(self.site.id, subject, stage, outcome, self.person.actor, self.at, {**detail, **said})

    def back(self, entries: Iterable[Entry], **detail: Any) -> Iterator[Draft]:
        """Yield the entries that take others back."""
        for entry in entries:
            yield self.draft(entry.draft.subject, entry.draft.stage, Outcome.UNDONE, **undoing_of(entry), **detail)

    def named_unit(self, text: str) -> tuple[Unit | None, str]:
        """Return the unit that a text begins with, and what follows; a unit is named with or without its site."""
        word, _, rest = text.partition(" ")
        unit = self.site.units.get(word.rpartition("/")[2].casefold())
        return (unit, rest.strip()) if unit is not None and unit.name in self.walk.units else (None, text)

    def named_place(self, text: str) -> str | None:
        """Return the place that a text names; None if there is none."""
        wanted = text.casefold()
        names = ((place, (place.casefold(), *_ALIASES.get(place, ()))) for place in self.walk.places)
        return next((place for place, known in names if wanted in known), None)


@dataclass(frozen=True)
class Heard:
    """What follows from a line.

    Attributes:
        place: where the person is from now on; None if he stays.
        delivery: whether labels are scanned for delivery from now on; None if that stays.
        leaves: the person leaves.
        shows: the person wants to see how all stands.
    """

    drafts: tuple[Draft, ...] = ()
    sayings: tuple[Saying, ...] = ()
    place: str | None = None
    delivery: bool | None = None
    leaves: bool = False
    shows: bool = False


def place_subject(site: str, place: str) -> str:
    """Return what the ledger calls a place: a dwelling, or the site for what is in none."""
    return dwelling_subject(site, place) if place != OUTSIDE else site


def short(subject: str) -> str:
    """Return a subject of the ledger without its site."""
    return subject.rpartition("/")[2].rpartition(":")[2]


def says(code: Code, subject: str = "", /, **values: Value) -> Heard:
    """Return an answer that changes nothing."""
    return Heard((), (saying(code, subject, **values),))


def no_place(scene: Scene, text: str) -> Heard:
    """Return the answer to a place that there is not."""
    known = ", ".join(place for place in list(scene.walk.places)[:6] if place)
    return says(Code.NO_PLACE, place=text, known=known)
