"""A kit that came back is taken in only if it is ours, whole, sealed, and was used in its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.commissioning.ledger import written
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.kit.record import Kit
from fleetctl.core.kit.results import Repinned
from fleetctl.core.kit.returned import Returned, refusals
from fleetctl.core.route import Pin
from tests.builders.kits import FLEET, NOON, manifest, record, returned, said
from tests.builders.rollouts import facts as observed

OF = manifest()
GOOD = returned(OF, [said("r1", Stage.INSTALLED, minute=1), said("r2", Stage.INSTALLED, minute=2)])
assert GOOD.results is not None
LATE = 3 * 24 * 60


def reasons(of: Returned, known: Kit | None = None, fleet: str = FLEET, state: str = OF.state) -> str:
    return "\n".join(refusals(of, fleet, state, known or record(OF)))


def test_a_whole_kit_of_ours_is_taken_in() -> None:
    assert reasons(GOOD) == ""


def test_foreign_kits_are_refused_by_name() -> None:
    assert "another fleet: 'les-sables', not 'florestine'" in reasons(GOOD, fleet="florestine")
    assert "another state" in reasons(GOOD, state="other")
    assert "never made a kit k-1" in "".join(refusals(GOOD, FLEET, OF.state, None))


def test_a_revoked_kit_is_refused_with_who_and_why() -> None:
    lost = record(OF).after_revocation("eve", NOON, "left in a train")
    assert "revoked by eve: left in a train" in reasons(GOOD, lost)


results = GOOD.results


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (replace(GOOD, signed=False), "manifest of kit k-1 was changed"),
        (replace(GOOD, digest="0" * 64), "manifest of kit k-1 was changed"),
        (replace(GOOD, tampered=("launch.py was added",)), "launch.py was added"),
        (replace(GOOD, sealed=False), "changed after they were sealed"),
        (replace(GOOD, results=None), "no sealed results"),
        (replace(GOOD, unsealed=2), "2 ledger entries were written after the seal"),
        (replace(GOOD, results=replace(results, kit="k-2")), "results are of kit k-2"),
        (replace(GOOD, results=replace(results, entries=results.entries[1:])), "some are missing"),
        (
            replace(GOOD, results=replace(results, entries=tuple(written("k-2", None, [said("r1", Stage.INSTALLED)])))),
            "was not written by the kit",
        ),
        (returned(OF, [said("r1", Stage.INSTALLED, minute=LATE)]), "after the kit expired"),
        (returned(OF, [replace(said("r1", Stage.INSTALLED), site="b", subject="b/r1")]), "not about home"),
        (
            replace(GOOD, results=replace(results, pins=(Repinned("b/r1", (), (Pin("ssh-ed25519", "AAAA"),)),))),
            "b/r1 is",
        ),
        (replace(GOOD, results=replace(results, facts=(observed("b/r1"),))), "b/r1 is not of home"),
    ],
)
def test_what_is_wrong_with_a_kit_is_said(spoilt: Returned, reason: str) -> None:
    assert reason in reasons(spoilt)


def test_results_written_before_the_end_are_taken_in_after_it() -> None:
    last_minute = returned(OF, [said("r1", Stage.INSTALLED, minute=LATE - 1)])
    assert last_minute.results is not None
    sealed_late = replace(last_minute.results, sealed=NOON + timedelta(days=9))
    assert reasons(replace(last_minute, results=sealed_late)) == ""
