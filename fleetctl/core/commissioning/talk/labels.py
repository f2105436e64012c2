"""What follows from a label that was read: a machine is where it should be, or it is not. Pure."""

from __future__ import annotations

from fleetctl.core.clock import to_text
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import SERIAL
from fleetctl.core.commissioning.talk.said import Said
from fleetctl.core.commissioning.talk.sayings import Code, saying
from fleetctl.core.commissioning.talk.scene import Heard, Scene, says
from fleetctl.core.commissioning.talk.tags import Tag
from fleetctl.core.inventory.fleet import Unit


def scan(scene: Scene, said: Said) -> Heard:
    """Return what follows from a label: it counts once, in the place where its machine is declared to be."""
    unit = scene.tags.unit_of(said.tag) if said.tag else None
    if unit is None or said.tag is None:
        return says(Code.LABEL_UNKNOWN, label=said.rest)
    if unit.name not in scene.walk.units:
        return says(Code.LABEL_NOT_SELECTED, unit.name, label=said.tag.text, unit=unit.id, place=unit.dwelling)
    stage = Stage.DELIVERED if scene.delivery else Stage.INSTALLED
    used = scene.checklist.units[unit.name].of(stage)
    if used.passed and used.entry is not None:
        at, who = used.entry.draft.at, used.entry.draft.actor
        where = {"unit": unit.id, "place": unit.dwelling, "room": unit.room}
        return says(Code.LABEL_USED, unit.name, label=said.tag.text, at=to_text(at), who=who, **where)
    if scene.delivery:
        return _delivered(scene, unit, said.tag)
    if unit.dwelling != scene.place:
        where = {"place": unit.dwelling, "room": unit.room, "here": scene.place}
        return says(Code.LABEL_ELSEWHERE, unit.name, label=said.tag.text, unit=unit.id, **where)
    return _installed(scene, unit, said.tag)


def _delivered(scene: Scene, unit: Unit, tag: Tag) -> Heard:
    draft = scene.draft(unit.name, Stage.DELIVERED, Outcome.DONE, label=tag.text)
    return Heard((draft,), (saying(Code.DELIVERED, unit.name, unit=unit.id, place=unit.dwelling),))


def _installed(scene: Scene, unit: Unit, tag: Tag) -> Heard:
    """Take a label that was read where its machine hangs: what hangs there was delivered, too."""
    machine = {SERIAL: unit.serial, "mac": unit.mac, "place": f"{unit.dwelling} {unit.room}".strip()}
    drafts = [scene.draft(unit.name, Stage.INSTALLED, Outcome.DONE, label=tag.text, **machine)]
    if not scene.checklist.units[unit.name].of(Stage.DELIVERED).passed:
        drafts.insert(0, scene.draft(unit.name, Stage.DELIVERED, Outcome.DONE, label=tag.text))
    return Heard(tuple(drafts), (saying(Code.INSTALLED, unit.name, unit=unit.id, room=unit.room, place=unit.dwelling),))
