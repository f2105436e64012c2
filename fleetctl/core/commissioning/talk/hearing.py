"""What follows from a command of a person. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fleetctl.core.commissioning.ledger import Draft, Entry, dwelling_subject
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import REASON, State
from fleetctl.core.commissioning.talk.labels import scan
from fleetctl.core.commissioning.talk.said import Said, Verb
from fleetctl.core.commissioning.talk.sayings import Code, Saying, saying
from fleetctl.core.commissioning.talk.scene import HEARD, UNDO, Heard, Scene, no_place, place_subject, says, short
from fleetctl.core.commissioning.talk.walk import OUTSIDE, Ask, first_open
from fleetctl.core.commissioning.undoing import effective
from fleetctl.core.handover.reserves import NUMBER, lifting_draft, reserve_draft
from fleetctl.core.problems import InvalidInput


def hear(scene: Scene, said: Said) -> Heard:
    """Return what follows from a line."""
    return _ANSWERS[said.verb](scene, said)


def _undo(scene: Scene, _: Said) -> Heard:
    mine = [e for e in effective(scene.entries) if e.draft.actor == scene.person.actor and HEARD in e.draft.detail]
    open_to = [entry for entry in mine if UNDO not in entry.draft.detail]
    if not open_to:
        return says(Code.NOTHING_TO_UNDO)
    line = open_to[-1].draft.detail[HEARD]
    taken = [entry for entry in open_to if entry.draft.detail[HEARD] == line]
    return Heard(tuple(scene.back(taken, **{UNDO: True})), (_taken_back(taken[-1]),))


def _taken_back(entry: Entry) -> Saying:
    draft = entry.draft
    return saying(Code.UNDONE, draft.subject, subject=short(draft.subject), stage=draft.stage.value)


def _skip(scene: Scene, said: Said) -> Heard:
    unit, reason = scene.named_unit(said.rest)
    if not reason:
        return says(Code.NEEDS_REASON)
    if unit is not None or scene.place == OUTSIDE:
        ask = scene.walk.ask(scene.checklist, scene.place)
        name = unit.name if unit else ask.subject if ask and ask.subject in scene.checklist.units else ""
        return _skip_unit(scene, name, reason) if name else says(Code.NOTHING_TO_SKIP)
    subject = dwelling_subject(scene.site.id, scene.place)
    stage = _first_open(scene)
    draft = scene.draft(subject, stage, Outcome.SKIPPED, **{REASON: reason})
    told = saying(Code.PLACE_SKIPPED, subject, place=scene.place, reason=reason, stage=stage.value)
    return Heard((draft,), (told,), place=scene.walk.next_place(scene.checklist, scene.place))


def _skip_unit(scene: Scene, name: str, reason: str) -> Heard:
    stage = first_open(scene.checklist.units[name])
    if stage is None:
        return says(Code.NOTHING_TO_SKIP)
    draft = scene.draft(name, stage, Outcome.SKIPPED, **{REASON: reason})
    return Heard((draft,), (saying(Code.UNIT_SKIPPED, name, unit=short(name), stage=stage.value, reason=reason),))


def _first_open(scene: Scene) -> Stage:
    """Return the first stage that some unit of the place has before it: the dwelling is left out from there on."""
    nexts = [first_open(scene.checklist.units[name]) for name in scene.walk.places[scene.place]]
    order = list(Stage)
    return min((stage for stage in nexts if stage is not None), key=order.index, default=Stage.ACCEPTED)


def _visit(scene: Scene, said: Said) -> Heard:
    """Open again what was left out or failed, in a place or of one unit."""
    unit, _ = scene.named_unit(said.rest)
    place = unit.dwelling if unit else scene.named_place(said.rest) if said.rest else scene.place
    if place is None:
        return no_place(scene, said.rest)
    names = [unit.name] if unit else list(scene.walk.places[place])
    entries = list(_left_open(scene, names, None if unit else place))
    if not entries:
        return Heard((), (saying(Code.NOTHING_TO_VISIT, place=place),), place=place)
    told = saying(Code.VISITED, unit.name if unit else "", place=place, unit=unit.id if unit else "")
    return Heard(tuple(scene.back(entries)), (told,), place=place)


def _left_open(scene: Scene, names: Iterable[str], place: str | None) -> Iterator[Entry]:
    dwelling = scene.checklist.dwellings.get(place) if place is not None else None
    if dwelling is not None and dwelling.skip is not None and dwelling.skip.entry is not None:
        yield dwelling.skip.entry
    for name in names:
        unit = scene.checklist.units[name]
        for standing in map(unit.of, unit.stages):
            if standing.state in (State.FAILED, State.SKIPPED) and standing.entry is not None:
                yield standing.entry


def _go(scene: Scene, said: Said) -> Heard:
    place = scene.named_place(said.rest)
    if place is None:
        return no_place(scene, said.rest)
    told = saying(Code.WENT, place=place, n=len(scene.walk.places[place]))
    return Heard((), (told,), place=place, delivery=False)


def _confirm(scene: Scene, said: Said) -> Heard:
    ask = _asked(scene, said.rest)
    if ask is None:
        return says(Code.NOTHING_TO_CONFIRM)
    if ask.stage is Stage.IDENTIFIED:
        draft = scene.draft(ask.subject, ask.stage, Outcome.DONE, by="blink")
        return Heard((draft,), (saying(Code.SEEN, ask.subject, unit=short(ask.subject)),))
    room = scene.checklist.units[ask.subject].unit.room
    draft = scene.draft(ask.subject, ask.stage, Outcome.CONFIRMED, **_measured(scene, ask))
    return Heard((draft,), (saying(Code.VOUCHED, ask.subject, unit=short(ask.subject), room=room),))


def _measured(scene: Scene, ask: Ask) -> Mapping[str, Any]:
    """Return what instruments had to say of a stage before a person vouches for it: it stays beside his word."""
    entry = scene.checklist.units[ask.subject].of(ask.stage).entry
    return dict(entry.draft.detail) if entry else {}


def _refuse(scene: Scene, said: Said) -> Heard:
    ask = _asked(scene, said.rest)
    if ask is None:
        return says(Code.NOTHING_TO_CONFIRM)
    room = scene.checklist.units[ask.subject].unit.room
    is_lamp = ask.stage is Stage.IDENTIFIED
    code, what = (Code.NOT_SEEN, "nobody saw it blink") if is_lamp else (Code.NOT_VOUCHED, "a person denies its room")
    draft = scene.draft(ask.subject, ask.stage, Outcome.FAILED, **{REASON: f"{what} ({room})"})
    return Heard((draft,), (saying(code, ask.subject, unit=short(ask.subject), room=room),))


def _asked(scene: Scene, rest: str) -> Ask | None:
    """Return what is confirmed: of the unit named, or what is asked first, labels aside."""
    unit, _ = scene.named_unit(rest)
    place = unit.dwelling if unit else scene.place
    asks = [a for a in scene.walk.asks(scene.checklist, place) if a.stage in (Stage.IDENTIFIED, Stage.ROOM_PROOF)]
    return next((ask for ask in asks if unit is None or ask.subject == unit.name), None)


def _accept(scene: Scene, said: Said) -> Heard:
    place = scene.named_place(said.rest) if said.rest else scene.place
    if place is None:
        return no_place(scene, said.rest)
    drafts = tuple(acceptance(scene, place))
    if not drafts:
        return Heard((), (saying(Code.NOT_ACCEPTED, place=place, reason=_hindrance(scene, place)),))
    return Heard(drafts, (saying(Code.ACCEPTED, place=place),), place=scene.walk.next_place(scene.checklist, place))


def acceptance(scene: Scene, place: str) -> Iterator[Draft]:
    """Yield the entries that accept a place: its units, then itself if it is a dwelling; none if it is not ready."""
    names = scene.walk.places[place]
    units = [scene.checklist.units[name] for name in names]
    if not all(each.accepted or each.ready(Stage.ACCEPTED) for each in units):
        return
    yield from (scene.draft(u.unit.name, Stage.ACCEPTED, Outcome.DONE) for u in units if not u.accepted)
    dwelling = scene.checklist.dwellings.get(place)
    if dwelling is not None and not dwelling.accepted and set(dwelling.units) <= set(names):
        yield scene.draft(dwelling.subject, Stage.ACCEPTED, Outcome.DONE)


def _hindrance(scene: Scene, place: str) -> str:
    for name in scene.walk.places[place]:
        unit = scene.checklist.units[name]
        block = unit.blocked(Stage.ACCEPTED)
        if not unit.accepted and block is not None:
            return f"{unit.unit.id}: {block.text}"
    return "-"


def _note(scene: Scene, said: Said) -> Heard:
    """Note a reserve about a unit that the text begins with, or about the place."""
    unit, text = scene.named_unit(said.rest)
    if not text:
        return says(Code.NEEDS_REASON)
    subject = unit.name if unit else place_subject(scene.site.id, scene.place)
    try:
        made = reserve_draft(scene.entries, scene.site.id, subject, text, scene.person.actor, scene.at)
    except InvalidInput as wrong:
        return says(Code.BAD_RESERVE, reason=str(wrong))
    draft = scene.draft(subject, made.stage, made.outcome, **made.detail)
    return Heard((draft,), (saying(Code.NOTED, subject, subject=short(subject), reserve=str(made.detail[NUMBER])),))


def _lift(scene: Scene, said: Said) -> Heard:
    name, _, text = said.rest.partition(" ")
    try:
        made = lifting_draft(scene.entries, name, text, scene.person.actor, scene.at)
    except InvalidInput as wrong:
        return says(Code.BAD_RESERVE, reason=str(wrong))
    draft = scene.draft(made.subject, made.stage, made.outcome, **made.detail)
    return Heard((draft,), (saying(Code.LIFTED, made.subject, reserve=name),))


_ANSWERS: Mapping[Verb, Callable[[Scene, Said], Heard]] = {
    Verb.SCAN: scan,
    Verb.UNDO: _undo,
    Verb.SKIP: _skip,
    Verb.VISIT: _visit,
    Verb.GO: _go,
    Verb.DELIVERY: lambda *_: Heard((), (saying(Code.DELIVERY),), delivery=True),
    Verb.CONFIRM: _confirm,
    Verb.REFUSE: _refuse,
    Verb.ACCEPT: _accept,
    Verb.NOTE: _note,
    Verb.LIFT: _lift,
    Verb.SHOW: lambda *_: Heard(shows=True),
    Verb.HELP: lambda *_: says(Code.HELP),
    Verb.QUIT: lambda *_: Heard(leaves=True),
    Verb.UNKNOWN: lambda _, said: says(Code.NOT_UNDERSTOOD, line=said.rest),
}
