"""A sitting of a commissioning: people and instruments together, interrupted and gone on with."""

from __future__ import annotations

import pytest

from fleetctl.core.commissioning.lifecycle import Lifecycle, mark
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import State
from fleetctl.services.commissioning.discovered import DiscoveredInstrument
from tests.builders.sitting import AUTOMATIC, READY, World, discovery, met, site

LABELS = ("QR-0011", "QR-0012")


@pytest.fixture
def world() -> World:
    made = World()
    made.write(READY)
    return made


def test_a_dwelling_goes_from_labels_to_acceptance(world: World) -> None:
    sitting = world.sitting()
    for label in LABELS:
        sitting.hear(label)
    world.run(sitting)
    for line in ("dwelling A1", "confirm", "confirm", "accept"):
        assert sitting.hear(line).drafts or line.startswith("dwelling"), line
    assert sitting.checklist.dwellings["A1"].accepted
    assert not sitting.is_over


def test_instruments_look_at_all_waiting_units_at_once(world: World) -> None:
    sitting = world.sitting()
    for label in LABELS:
        sitting.hear(label)
    world.run(sitting)
    for stage in AUTOMATIC:
        assert world.instruments[stage].rounds == [("a1-1", "a1-2")], stage


def test_what_waits_is_looked_at_again_and_said_once_for_each_reason(world: World) -> None:
    discovery = world.instruments[Stage.DISCOVERED]
    discovery.outcomes["a1-1"] = "no answer"
    sitting = world.sitting()
    sitting.hear(LABELS[0])
    assert world.run(sitting, 60.0).count("waits a1-1") == 1
    assert len(discovery.rounds) > 3
    discovery.outcomes["a1-1"] = "no light on its port"
    assert world.run(sitting, 60.0).count("waits a1-1") == 1
    del discovery.outcomes["a1-1"]
    assert "stage-done a1-1" in world.run(sitting, 60.0)


def test_a_new_unit_does_not_wait_for_the_pause_of_the_others(world: World) -> None:
    world.instruments[Stage.DISCOVERED].outcomes["a1-1"] = "no answer"
    sitting = world.sitting()
    sitting.hear(LABELS[0])
    world.run(sitting, 2.0)
    sitting.hear(LABELS[1])
    world.run(sitting, 2.0)
    assert world.instruments[Stage.DISCOVERED].rounds == [("a1-1",), ("a1-1", "a1-2")]


def test_what_failed_waits_for_a_person_who_visits_it(world: World) -> None:
    burn_in = world.instruments[Stage.BURN_IN]
    burn_in.outcomes["a1-1"] = (Outcome.FAILED, {"verdict": "failed", "reason": "fan dead"})
    sitting = world.sitting()
    sitting.hear(LABELS[0])
    assert "stage-failed a1-1" in world.run(sitting)
    assert len(burn_in.rounds) == 1
    del burn_in.outcomes["a1-1"]
    sitting.hear("visit a1-1")
    world.run(sitting)
    assert len(burn_in.rounds) == 2
    assert sitting.checklist.units["s/a1-1"].of(Stage.BURN_IN).passed


def test_an_interrupted_burn_in_is_repeated_never_counted_and_not_for_ever(world: World) -> None:
    burn_in = world.instruments[Stage.BURN_IN]
    burn_in.outcomes["a1-1"] = (Outcome.NOTE, {"verdict": "interrupted", "reason": "power cut"})
    sitting = world.sitting()
    sitting.hear(LABELS[0])
    world.run(sitting, 600.0)
    assert len(burn_in.rounds) == 3
    assert sitting.checklist.units["s/a1-1"].of(Stage.BURN_IN).state is State.FAILED
    del burn_in.outcomes["a1-1"]
    sitting.hear("visit a1-1")
    world.run(sitting)
    assert sitting.checklist.units["s/a1-1"].of(Stage.BURN_IN).passed


def test_a_wrong_identity_is_quarantined_and_nothing_more_is_done_to_it(world: World) -> None:
    wrong = mark(Lifecycle.QUARANTINED, "answers as QR-0099")
    world.instruments[Stage.DISCOVERED].outcomes["a1-1"] = (Outcome.FAILED, wrong)
    sitting = world.sitting()
    for label in LABELS:
        sitting.hear(label)
    world.run(sitting)
    unit = sitting.checklist.units["s/a1-1"]
    assert unit.lifecycle is Lifecycle.QUARANTINED
    assert "QR-0099" in sitting.reason("s/a1-1")
    assert all("a1-1" not in names for stage in AUTOMATIC[1:] for names in world.instruments[stage].rounds)
    del world.instruments[Stage.DISCOVERED].outcomes["a1-1"]
    sitting.hear("visit a1-1")
    world.run(sitting)
    assert sitting.checklist.units["s/a1-1"].of(Stage.REGISTERED).passed


def test_a_sitting_begun_anew_at_any_moment_goes_on_where_things_stand() -> None:
    """Killed after each tick: the ledger and the instruments' world are all that is left."""
    world = World()
    world.write(READY)
    first = world.sitting()
    for label in LABELS:
        first.hear(label)
    for _ in range(60):
        world.sitting().tick()  # starts a round that nobody ever asks for
        world.run(world.sitting(), 2.0)
    done = world.sitting().checklist.units["s/a1-1"]
    assert done.of(Stage.REGISTERED).passed
    stages = [entry.draft.stage for entry in world.state.ledger.entries("s") if entry.draft.subject == "s/a1-1"]
    assert sorted(stages) == sorted(set(stages)), "nothing is written twice"


def test_unattended_everything_is_done_and_accepted_that_needs_nobody() -> None:
    world = World()
    discover = DiscoveredInstrument(lambda units: discovery(*map(met, units)), unattended=True)
    del world.instruments[Stage.DISCOVERED]
    world.more.append(discover)
    sitting = world.sitting(list(site().units.values()), unattended=True)
    world.run(sitting, 300.0)
    assert sitting.is_over
    assert sitting.checklist.accepted
    by = sitting.checklist.units["s/a1-1"].of(Stage.IDENTIFIED).entry
    assert by is not None
    assert by.draft.detail["by"] == "port"


def test_unattended_nobody_vouches_for_a_room() -> None:
    world = World()
    world.write(READY)
    world.more.append(DiscoveredInstrument(lambda units: discovery(*map(met, units)), unattended=True))
    del world.instruments[Stage.DISCOVERED]
    world.instruments[Stage.ROOM_PROOF].outcomes["a1-1"] = (Outcome.PENDING, {"reason": "built in"})
    sitting = world.sitting(unattended=True)
    world.run(sitting, 300.0)
    assert sitting.left == ["s/a1-1", "s/a1-2"], "a dwelling is handed over as a whole"
    assert sitting.checklist.dwellings["A2"].accepted
    assert sitting.is_idle


def test_a_full_disk_is_said_nothing_is_lost_and_nothing_new_is_begun(world: World) -> None:
    sitting = world.sitting()
    sitting.hear(LABELS[0])
    world.disk.full = True
    assert [one.code.value for one in sitting.hear(LABELS[1]).sayings] == ["not-kept"]
    told = world.run(sitting, 30.0)
    assert "not-kept" in told
    assert world.instruments[Stage.IMAGED].rounds == []
    world.disk.full = False
    assert "kept" in world.run(sitting, 30.0)
    unit = sitting.checklist.units["s/a1-1"]
    assert unit.of(Stage.DISCOVERED).passed
    assert len(world.instruments[Stage.DISCOVERED].rounds) == 1


def test_what_instruments_found_is_held_although_a_person_has_to_say_his_line_again(world: World) -> None:
    sitting = world.sitting()
    sitting.hear(LABELS[0])
    world.disk.full = True
    assert "not-kept" in world.run(sitting, 5.0)
    assert [one.code.value for one in sitting.hear(LABELS[1]).sayings] == ["not-kept"]
    assert sitting.setting.book.holds
    world.disk.full = False
    world.run(sitting, 5.0)
    assert len(world.instruments[Stage.DISCOVERED].rounds) == 1
    assert sitting.checklist.units["s/a1-1"].of(Stage.DISCOVERED).passed
    assert not sitting.checklist.units["s/a1-2"].of(Stage.INSTALLED).passed
