"""Taking kits in: all of it, once, in any order, with conflicts that wait for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.adapters.kit.seed import bring_imaging
from fleetctl.adapters.site_cache import NoCache
from fleetctl.adapters.yaml_edit import edited
from fleetctl.core.commissioning.ledger import Draft, Entry, chain_flaw
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import recorded
from fleetctl.core.commissioning.undoing import effective
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.imaging.record import Stage as ImagingStage
from fleetctl.core.kit.conflicts import conflicts
from fleetctl.core.kit.dispute import Dispute, Side
from fleetctl.core.kit.knowledge import Knowledge
from fleetctl.core.kit.results import Repinned
from fleetctl.core.problems import InvalidInput
from fleetctl.core.route import Pin
from fleetctl.services.kit.inventory import Edits
from fleetctl.services.kit.merge import Decide, Merged, Merger
from tests.builders.inventories import TextFiles, a_folder
from tests.builders.kits import FLEET, NOON, SITE, manifest, out, returned, said
from tests.builders.memory_state import MemoryState
from tests.builders.rollouts import facts as observed

OFFICE = "state-in-memory"
EVENING = NOON + timedelta(hours=9)
OLD, NEW, OTHER = Pin("ssh-ed25519", "AAAA"), Pin("ssh-ed25519", "BBBB"), Pin("ssh-ed25519", "CCCC")


PATH = f"sites/{SITE}.yaml"


def later(_: Dispute) -> Side | None:
    return None


def always(side: Side) -> Callable[[Dispute], Side | None]:
    return lambda _: side


def contents(office: Office) -> dict[str, bytes]:
    return {path: text.encode() for path, text in office.texts.items()}


class Office:
    """A state, an inventory, and kits that left."""

    def __init__(self, kits: Sequence[str] = ("k-1", "k-2")) -> None:
        self.state = MemoryState()
        folder = a_folder()
        self.texts = {"fleet.yaml": folder["fleet.yaml"], PATH: folder["sites/here.yaml"]}
        self.manifests = {kit: manifest(kit) for kit in kits}
        for kit, of in self.manifests.items():
            self.manifests[kit] = replace(of, known=out(self.state, of).known)

    @property
    def site_file(self) -> str:
        return self.texts[PATH]

    def write(self, files: Mapping[str, tuple[bytes, bytes]]) -> None:
        for path, (before, after) in files.items():
            assert self.texts[path] == before.decode()
            self.texts[path] = after.decode()

    def merge(self, kit: str, drafts: Sequence[Draft] = (), decide: Decide = later, **rest: Any) -> Merged:
        edits = Edits(TextFiles(self.texts), NoCache(), edited, self.write)
        merger = Merger(self.state, FLEET, edits, bring_imaging)
        return merger.merge(returned(self.manifests[kit], drafts, **rest), decide, "ops", EVENING)

    def disputed(self) -> set[frozenset[str]]:
        knowledge = Knowledge(OFFICE, {kit.id: kit for kit in self.state.kits.kits()})
        entries = self.state.ledger.entries()
        found = (each for kit in self.manifests for each in conflicts(entries, kit, knowledge))
        return {frozenset((each.ours.digest, each.theirs.digest)) for each in found}

    def standings(self) -> Mapping[str, Mapping[Stage, str]]:
        told: dict[str, list[Entry]] = {}
        for entry in effective(self.state.ledger.entries()):
            told.setdefault(entry.draft.subject, []).append(entry)
        return {
            unit: {stage: of.state.value for stage, of in recorded(entries).standings.items()}
            for unit, entries in told.items()
        }


def test_everything_that_was_done_is_taken_in_once() -> None:
    office = Office()
    drafts = [said("r1", Stage.INSTALLED, serial="S1"), said("r1", Stage.DISCOVERED, minute=3)]
    first = office.merge("k-1", drafts)
    assert [entry.writer for entry in first.new] == ["k-1", "k-1"]
    assert (first.kit.entries, first.kit.merged) == (2, EVENING)
    events = len(office.state.rows.events)
    again = office.merge("k-1", drafts)
    assert not again.changed
    assert len(office.state.rows.events) == events
    assert again.kit == first.kit


def test_the_second_day_of_a_kit_adds_to_the_first() -> None:
    office = Office()
    day = [said("r1", Stage.INSTALLED)]
    office.merge("k-1", day)
    merged = office.merge("k-1", [*day, said("r2", Stage.INSTALLED, minute=900)])
    assert [entry.number for entry in merged.new] == [2]
    assert len(merged.kit.merges) == 2


def test_a_kit_that_may_not_be_taken_in_changes_nothing() -> None:
    office = Office()
    state = replace(office.manifests["k-1"], state="another")
    office.manifests["k-1"] = state
    with pytest.raises(InvalidInput, match="another state"):
        office.merge("k-1", [said("r1", Stage.INSTALLED)])
    assert office.state.ledger.entries() == []


def test_two_engineers_contradict_each_other_and_nothing_is_lost() -> None:
    office = Office()
    office.merge("k-1", [said("r1", Stage.ACCEPTED)])
    merged = office.merge("k-2", [said("r1", Stage.ACCEPTED, Outcome.FAILED, minute=7)])
    (dispute,) = merged.open
    assert dispute.subject == "home/r1"
    assert len(office.state.ledger.entries()) == 2


@pytest.mark.parametrize(("side", "stands"), [(Side.OURS, "done"), (Side.THEIRS, "failed")])
def test_a_person_decides_and_is_not_asked_again(side: Side, stands: str) -> None:
    office = Office()
    failed = [said("r1", Stage.ACCEPTED, Outcome.FAILED, n) for n in (1, 2, 3)]
    office.merge("k-1", [said("r1", Stage.ACCEPTED)])
    merged = office.merge("k-2", failed, always(side))
    assert merged.open == ()
    assert office.standings()["home/r1"][Stage.ACCEPTED] == stands
    assert not office.merge("k-2", failed).changed
    assert office.merge("k-1", [said("r1", Stage.ACCEPTED)]).open == ()


def test_a_host_key_that_changed_in_the_basement_is_pinned() -> None:
    office = Office()
    office.state.units.pin({"home/r1": (OLD,)}, actor="ops", at=NOON, why="adopted")
    assert office.merge("k-1", pins=(Repinned("home/r1", (OLD,), (NEW,)),)).pinned == ("home/r1",)
    assert office.state.units.pins()["home/r1"] == (NEW,)
    assert office.merge("k-1", pins=(Repinned("home/r1", (OLD,), (NEW,)),)).pinned == ()


def test_two_host_keys_for_one_unit_wait_for_a_person() -> None:
    office = Office()
    office.merge("k-1", pins=(Repinned("home/r1", (), (NEW,)),))
    theirs = (Repinned("home/r1", (), (OTHER,)),)
    merged = office.merge("k-2", pins=theirs)
    assert [each.subject for each in merged.open] == ["home/r1"]
    assert office.state.units.pins()["home/r1"] == (NEW,)
    office.merge("k-2", pins=theirs, decide=always(Side.OURS))
    assert office.merge("k-2", pins=theirs).open == ()
    office = Office()
    office.merge("k-1", pins=(Repinned("home/r1", (), (NEW,)),))
    office.merge("k-2", pins=theirs, decide=always(Side.THEIRS))
    assert office.state.units.pins()["home/r1"] == (OTHER,)


def test_the_newer_imaging_record_and_the_newer_facts_count() -> None:
    office = Office()
    older = Imaging("home/r1", ImagingStage.REQUESTED, "ops", NOON, NOON)
    newer = replace(older, stage=ImagingStage.DONE, at=NOON + timedelta(hours=2), host_key="ssh-ed25519 BBBB")
    bring_imaging(office.state, older)
    facts = replace(observed("home/r1"), at=NOON + timedelta(hours=3))
    merged = office.merge("k-1", imaging=(newer,), facts=(facts,))
    assert (merged.imaged, merged.observed) == (("home/r1",), ("home/r1",))
    assert office.state.imaging.records()["home/r1"] == newer
    again = office.merge("k-2", imaging=(older,), facts=(replace(facts, at=NOON),))
    assert (again.imaged, again.observed) == ((), ())


def test_edits_of_the_basement_reach_the_inventory_and_its_comments_stay() -> None:
    office = Office()
    before = contents(office)
    theirs = office.site_file.replace("serial: QR-1,", "serial: QR-9,")
    merged = office.merge("k-1", before=before, inventory={PATH: theirs})
    assert merged.inventory.lines == (f"{PATH}: radiators.a101-1.serial: QR-1 -> QR-9",)
    assert office.site_file == theirs
    assert not office.merge("k-1", before=before, inventory={PATH: theirs}).changed


def test_a_command_that_would_be_run_at_home_is_left_to_a_person_with_the_rest_put_in() -> None:
    office = Office()
    before, text = contents(office), office.site_file
    theirs = text.replace("serial: QR-1,", "serial: QR-9,").replace("10.76.1.2}", "10.76.1.2, dial: [evil]}")
    assert "dial: [evil]" in theirs
    merged = office.merge("k-1", before=before, inventory={PATH: theirs})
    assert len(merged.inventory.by_hand) == 1
    assert "dial: nothing -> " in merged.inventory.by_hand[0]
    assert office.site_file == text.replace("serial: QR-1,", "serial: QR-9,")


def test_a_kit_says_nothing_of_the_fleet_or_of_another_site_by_itself() -> None:
    office = Office()
    office.texts["sites/next.yaml"] = office.site_file.replace("QR-", "QN-")
    before = {"fleet.yaml": office.texts["fleet.yaml"].encode(), "templates/a.j2": b"a"}
    edited_there = {"fleet.yaml": "x: 1\n", "sites/next.yaml": "x: 1\n", "templates/a.j2": "b", "templates/b.j2": "b"}
    kept = dict(office.texts)
    merged = office.merge("k-1", before=before, inventory=edited_there)
    assert merged.inventory.by_hand == (
        "fleet.yaml: changed in the kit",
        "sites/next.yaml: added in the kit",
        "templates/a.j2: changed in the kit",
        "templates/b.j2: added in the kit",
    )
    assert office.texts == kept


def test_edits_on_both_sides_are_put_together_and_the_same_key_waits() -> None:
    office = Office()
    before, text = contents(office), office.site_file
    office.merge("k-1", before=before, inventory={PATH: text.replace("QR-1", "QR-7")})
    theirs = text.replace("QR-1", "QR-9").replace("QR-2", "QR-8")
    merged = office.merge("k-2", before=before, inventory={PATH: theirs})
    assert [each.subject for each in merged.open] == [f"{SITE}/a101-1"]
    assert office.site_file == text.replace("QR-1", "QR-7").replace("QR-2", "QR-8")
    office.merge("k-2", before=before, inventory={PATH: theirs}, decide=always(Side.THEIRS))
    assert office.site_file == theirs


def test_an_inventory_that_would_not_be_valid_is_refused_before_anything_is_taken_in() -> None:
    office = Office()
    before = contents(office)
    twice = office.site_file.replace("QR-1", "QR-2")
    with pytest.raises(InvalidInput, match="QR-2"):
        office.merge("k-1", [said("r1", Stage.INSTALLED)], before=before, inventory={PATH: twice})
    assert office.state.ledger.entries() == []
    assert contents(office) == before


STEP = st.builds(
    said,
    st.sampled_from(["r1", "r2"]),
    st.sampled_from([Stage.INSTALLED, Stage.CONFIGURED, Stage.ACCEPTED]),
    st.sampled_from([Outcome.DONE, Outcome.FAILED, Outcome.SKIPPED, Outcome.UNDONE, Outcome.PENDING, Outcome.NOTE]),
    st.integers(0, 600),
    serial=st.sampled_from(["S1", "S2"]),
)
STEPS = st.lists(STEP, max_size=6)
KEYS = st.sampled_from([OLD, NEW, OTHER])


@given(STEPS, STEPS, STEPS, KEYS, KEYS)
def test_two_kits_merge_in_any_order_to_the_same(
    at_home: list[Draft], one: list[Draft], other: list[Draft], key: Pin, other_key: Pin
) -> None:
    def merged(*order: str) -> Office:
        office = Office()
        office.state.ledger.append(at_home)
        drafts = {"k-1": one, "k-2": other}
        pins = {"k-1": (Repinned("home/r1", (), (key,)),), "k-2": (Repinned("home/r1", (), (other_key,)),)}
        for kit in order:
            office.merge(kit, drafts[kit], pins=pins[kit])
        assert not any(office.merge(kit, drafts[kit], pins=pins[kit]).changed for kit in order)
        return office

    a, b = merged("k-1", "k-2"), merged("k-2", "k-1")
    assert a.state.ledger.entries() == b.state.ledger.entries()
    assert chain_flaw(a.state.ledger.entries()) is None
    assert len(a.state.ledger.entries()) == len(at_home) + len(one) + len(other)
    assert a.standings() == b.standings()
    assert a.disputed() == b.disputed()
    if key == other_key:
        assert a.state.units.pins() == b.state.units.pins()


@given(STEPS, STEPS, st.sampled_from(list(Side)))
def test_decisions_leave_no_conflict(one: list[Draft], other: list[Draft], side: Side) -> None:
    office = Office()
    office.merge("k-1", one)
    assert office.merge("k-2", other, always(side)).open == ()
    assert office.merge("k-2", other).open == ()
