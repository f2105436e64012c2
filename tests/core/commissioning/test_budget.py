"""How long a building takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.commissioning import checklist
from fleetctl.core.commissioning.budget import TERMS, Budget, batches, budget_of, left
from fleetctl.core.commissioning.order import STAGES
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.inventory.fleet import Kind
from fleetctl.services.load import load
from tests.builders.commissioning import ledger, site, through
from tests.builders.les_sables import FOLDER, les_sables

RADIATOR = STAGES[Kind.RADIATOR]


def test_les_sables_takes_two_engineers_two_days() -> None:
    fleet = load(FolderFiles(FOLDER), NoCache())
    whole = budget_of(fleet, les_sables(), 0.9)
    assert (whole.units, whole.dwellings) == (180, 59)
    assert whole.needed_min == 180 * 4 + 59 * 20 == 1900
    assert whole.each_min == 950
    assert whole.fits
    assert whole.text == (
        "180 units x 4 min + 59 dwellings x 20 min = 31.7 h; 2 engineers x 2 days x 8 h = 32.0 h; burn-ins 0.5 h beside"
    )
    assert not Budget(replace(TERMS, engineers=1), whole.units, whole.dwellings).fits


@pytest.mark.parametrize(("subscribed_w", "goes"), [(160_000.0, 1), (100_000.0, 2), (60_000.0, 5)])
def test_burn_ins_go_in_as_many_batches_as_the_power_asks_for(subscribed_w: float, goes: int) -> None:
    assert batches(replace(les_sables(), subscribed_power_w=subscribed_w), 0.9) == goes


def test_what_is_done_is_not_left() -> None:
    whole = Budget(TERMS, 5, 2, burn_in_min=30.0)
    begun = left(checklist.fold(site(), []), whole)
    assert (begun.units, begun.dwellings, begun.burn_in_min) == (5, 2, 30.0)
    gateway = through("gw", STAGES[Kind.GATEWAY])
    some = [*gateway, *through("a2-1", RADIATOR), *through("a1-1", RADIATOR[:2])]
    later = left(checklist.fold(site(), ledger(some)), whole)
    assert later.units == 5 - 1 - 1 - 0.5
    assert later.dwellings == 1
    assert later.burn_in_min == pytest.approx(30.0 * 3 / 4)


def test_a_proof_that_failed_is_left_to_be_done() -> None:
    done = [each for each in through("a2-1", RADIATOR) if each.stage is not Stage.ROOM_PROOF]
    assert left(checklist.fold(site(), ledger(done)), Budget(TERMS, 5, 2)).dwellings == 2
