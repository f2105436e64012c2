"""Plans of updates: which release a unit gets, what is frozen of it, and why one that should get it does not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fleetctl.core.facts import Facts
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.plan import Desired, LeftOut, UnitPlan
from fleetctl.core.plan_document import from_document, summary, to_document, to_text_lines
from fleetctl.core.planning import Circumstances, Occasion, make_plan, moved, plan_unit
from fleetctl.core.policy import Policy
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.wanted import Supply
from fleetctl.core.rollout.enlist import Terms, admit, enlist
from fleetctl.core.rollout.state import Action
from tests.builders.world import START

NEW, OLD = "26.11.0", "26.10.1"
WANT = Desired("s/r1", "s", Kind.RADIATOR, "gw", NEW, "config-2", files={"/etc/motd": "m"})
RUNS_OLD = Facts("s/r1", START, "b1", "QR-1", "qh-1", "radiator", OLD, "A", "A", "config-2", files=WANT.files)
SIGNED = Published(NEW, "heat-qh", Kind.RADIATOR, ("qh-1",), 90_000_000, "a" * 64)
CATALOGUE = Catalogue({NEW: SIGNED, OLD: replace(SIGNED, version=OLD, sha256="b" * 64)})
SUPPLY = Supply(kept=True, catalogue=CATALOGUE)
OCCASION = Occasion("p-1", "f", "state-1", START)


def planned(want: Desired = WANT, seen: Facts = RUNS_OLD, supply: Supply = SUPPLY) -> UnitPlan:
    found = plan_unit(want, seen, supply)
    assert isinstance(found, UnitPlan), found
    return found


def left_out(want: Desired = WANT, seen: Facts = RUNS_OLD, supply: Supply = SUPPLY) -> str:
    found = plan_unit(want, seen, supply)
    assert isinstance(found, LeftOut), found
    return found.reason


def test_a_unit_that_runs_another_version_is_updated_with_the_bundle_that_was_signed() -> None:
    unit = planned()
    assert (unit.actions, unit.reasons) == ((Action.UPDATE,), ("runs 26.10.1, release 26.11.0 is wanted",))
    assert (unit.release, unit.bundle, unit.bundle_bytes) == (NEW, "a" * 64, 90_000_000)
    assert unit.reboot


def test_a_unit_that_has_the_release_is_left_alone() -> None:
    assert plan_unit(WANT, replace(RUNS_OLD, version=NEW, booted="B"), SUPPLY) is None


def test_a_config_that_differs_goes_with_the_update_and_needs_no_reboot_of_its_own() -> None:
    want = replace(WANT, config_digest="config-3", files={"/etc/motd": "n"}, reboots=frozenset({"/etc/motd"}))
    assert planned(want).actions == (Action.UPDATE, Action.CONFIGURE)
    assert planned(seen=replace(RUNS_OLD, reboot_needed=True)).actions == (Action.UPDATE,)


def test_a_downgrade_needs_to_be_meant() -> None:
    back = replace(WANT, release=OLD)
    new = replace(RUNS_OLD, version=NEW)
    assert (
        left_out(back, new) == "runs 26.11.0, release 26.10.1 is wanted, which is older: '--allow-downgrade' goes back"
    )
    assert planned(back, new, replace(SUPPLY, allow_downgrade=True)).bundle == "b" * 64


def test_without_signed_releases_updates_are_left_out_and_the_rest_is_planned_as_before() -> None:
    assert "keeps no signed releases: 'fleetctl release add' signs one" in left_out(supply=Supply())
    unit = planned(seen=replace(RUNS_OLD, config_digest="config-1", files={"/etc/motd": "l"}), supply=Supply())
    assert (unit.actions, unit.release) == ((Action.CONFIGURE,), "")
    assert unit.reasons[0] == "config differs in /etc/motd"
    assert unit.reasons[1].startswith("runs 26.10.1, release 26.11.0 is wanted, but")


def test_a_unit_without_a_declared_release_is_never_updated() -> None:
    assert plan_unit(replace(WANT, release=""), RUNS_OLD, SUPPLY) is None


def test_what_is_signed_is_part_of_what_a_plan_is_remembered_by() -> None:
    another = Catalogue({NEW: replace(SIGNED, sha256="c" * 64)})
    digests = [SUPPLY.digest, Supply().digest, replace(SUPPLY, catalogue=another).digest]
    digests.append(replace(SUPPLY, allow_downgrade=True).digest)
    assert len(set(digests)) == 4


def test_a_saved_plan_keeps_release_digest_and_length_of_the_bundle() -> None:
    plan = make_plan(OCCASION, [WANT], {"s/r1": RUNS_OLD}, {"s": "d"}, supply=SUPPLY)
    document = json.loads(json.dumps(to_document(plan)))
    assert document["units"][0]["bundle"] == {"sha256": "a" * 64, "size_bytes": 90_000_000}
    assert from_document(document) == plan
    assert summary(plan) == "1 to update, 0 unchanged"
    assert "  update: r1" in to_text_lines(plan)


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        ({"releases": {"s/r1": "26.12.0"}}, "release 26.12.0 is wanted now, the plan has 26.11.0"),
        ({"catalogue": Catalogue({NEW: replace(SIGNED, sha256="c" * 64)})}, "not signed as it was"),
        ({"catalogue": Catalogue()}, "not signed as it was"),
    ],
)
def test_a_plan_does_not_stand_with_another_release_than_it_froze(standing: dict[str, object], why: str) -> None:
    plan = make_plan(OCCASION, [WANT], {"s/r1": RUNS_OLD}, {"s": "d"}, supply=SUPPLY)
    base = Circumstances(
        "state-1", START, {"s": "d"}, {"s/r1": "config-2"}, {"s/r1": RUNS_OLD}, {"s/r1": NEW}, CATALOGUE
    )
    assert moved(plan, base) == {}
    changed = replace(base, **standing)  # type: ignore[arg-type]  # the parameters name real fields
    assert why in moved(plan, changed)["s/r1"]


def test_the_frozen_set_knows_what_each_unit_is_updated_to() -> None:
    plan = make_plan(OCCASION, [WANT], {"s/r1": RUNS_OLD}, {"s": "d"}, supply=SUPPLY)
    base = Circumstances(
        "state-1", START, {"s": "d"}, {"s/r1": "config-2"}, {"s/r1": RUNS_OLD}, {"s/r1": NEW}, CATALOGUE
    )
    _, (unit,) = enlist(plan, admit(plan, base), Terms("r1", Policy("p"), "/fleet", "operator", START))
    assert (unit.release, unit.bundle, unit.bundle_bytes) == (NEW, "a" * 64, 90_000_000)
