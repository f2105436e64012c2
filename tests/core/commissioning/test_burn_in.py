"""Burn-ins, from samples and played on the lab's physical model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.commissioning.burn_in import (
    Expected,
    Interrupted,
    Reference,
    Verdict,
    expected_rise_k,
    judge,
    plan,
    reference_of,
    verdict_from,
)
from fleetctl.core.commissioning.load import Load, LoadKind, LoadState, Run, Sample, run_from
from fleetctl.core.heat.premises import Zone
from fleetctl.core.inventory.fleet import BurnIn

BANDS = BurnIn()
SECONDS = 1800.0
LOAD = Load("burn:1", LoadKind.BURN_IN, LoadState.DONE, "", 1000.0, 1000.0 + SECONDS, 61)
EXPECTED = Expected(650.0, 1.0, Reference(20.2, "t-a101"))


def sample(index: int, **changes: Any) -> Sample:
    """Return a sample of a machine that is well, half a minute after the one before."""
    share = index / 60
    well = Sample(
        1000.0 + 30 * index, 648.0, 650.0, room_c=20.0 + share, heatsink_c=20.0 + share + min(1.0, 5 * share) * 38
    )
    return replace(well, **changes)


def run(change: Callable[[int], dict[str, Any]] = lambda _: {}, load: Load = LOAD) -> Run:
    return Run(load, [sample(index, **change(index)) for index in range(61)])


def judged(found: Run, expected: Expected = EXPECTED) -> Verdict:
    verdict = judge(found, BANDS, expected)
    assert isinstance(verdict, Verdict), verdict.reason
    return verdict


def failed(verdict: Verdict) -> set[str]:
    return {check.name for check in verdict.checks if check.holds is False}


def test_a_machine_that_is_well_passes_with_its_arithmetic() -> None:
    verdict = judged(run())
    assert verdict.passed
    texts = {check.name: check.text for check in verdict.checks}
    assert texts["power"] == "648 W of 650 W (-0.3 %), 10 % allowed"
    assert texts["sensor"] == "its sensor told 20 °C, t-a101 20.2 °C (-0.2 K), 1 K allowed"
    assert texts["throttling"] == "0 times throttled, 0 allowed"
    assert set(texts) == {"power", "heatsink", "rise", "throttling", "network", "sensor"}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda _: {"power_w": 584.0}, {"power"}),
        (lambda _: {"power_w": 716.0}, {"power"}),
        (lambda _: {"heatsink_c": 85.0}, {"heatsink"}),
        (lambda _: {"heatsink_c": 21.0}, {"heatsink"}),
        (lambda _: {"room_c": 20.0}, {"rise"}),
        (lambda index: {"throttles": index // 20}, {"throttling"}),
        (lambda index: {"nic_errors": 7 + (index > 30)}, {"network"}),
        (lambda index: {"room_c": 22.0 + index / 60}, {"sensor"}),
        (lambda _: {"room_c": None}, {"rise"}),
        (lambda index: {"room_c": None} if 20 < index < 40 else {}, {"rise"}),
    ],
)
def test_each_band_is_held(change: Callable[[int], dict[str, Any]], names: set[str]) -> None:
    verdict = judged(run(change))
    assert failed(verdict) == names
    assert not verdict.passed
    assert verdict.to_detail()["verdict"] == "failed"
    assert verdict.reason


def test_a_sensor_that_fell_silent_and_came_back_is_said_to_have() -> None:
    verdict = judged(run(lambda index: {"room_c": None} if 20 < index < 40 else {}))
    assert verdict.reason == "its sensor told no temperature for 10 min, after 10 min"
    (rise,) = [check for check in verdict.checks if check.name == "rise"]
    assert rise.about == {"why": "gap", "for_min": 10.0, "after_min": 10.0}
    assert judged(run(lambda index: {"room_c": None} if index in (20, 21, 40) else {})).passed, "once in a while it may"


@pytest.mark.parametrize("power_w", [585.5, 650.0, 714.5])
def test_power_within_ten_percent_passes(power_w: float) -> None:
    assert judged(run(lambda _: {"power_w": power_w})).passed


def test_the_first_minutes_may_be_anything() -> None:
    assert judged(run(lambda index: {"power_w": 20.0} if index < 12 else {})).passed


def test_errors_from_before_do_not_count() -> None:
    assert judged(run(lambda _: {"nic_errors": 900, "throttles": 4})).passed


@pytest.mark.parametrize(
    ("found", "because"),
    [
        (
            run(load=replace(LOAD, state=LoadState.INTERRUPTED, because="the unit booted meanwhile")),
            "the unit booted meanwhile",
        ),
        (run(load=replace(LOAD, state=LoadState.RUNNING)), "it is running"),
        (run(load=replace(LOAD, kind=LoadKind.HEAT_PATTERN)), "it was a heat-pattern"),
        (Run(LOAD, ()), "samples cover 0 s of 30 min"),
        (Run(LOAD, run().samples[:50]), "samples cover 24 min of 30 min"),
        (Run(LOAD, [*run().samples[:20], *run().samples[40:]]), "no samples for 10 min"),
    ],
)
def test_what_was_cut_short_has_no_verdict(found: Run, because: str) -> None:
    verdict = judge(found, BANDS, EXPECTED)
    assert isinstance(verdict, Interrupted)
    assert verdict.reason == because
    assert verdict.to_detail()["verdict"] == "interrupted"


def test_what_cannot_be_judged_is_said_and_fails_nobody() -> None:
    verdict = judged(run(), Expected(650.0, rise_k=0.1))
    unknown = {check.name: check.text for check in verdict.checks if check.holds is None}
    assert unknown == {
        "rise": "+0.92 K, +0.10 K expected: too little to tell",
        "sensor": "nothing to compare its sensor with",
    }
    assert verdict.passed


def test_a_verdict_comes_back_from_the_ledger() -> None:
    verdict = judged(run(lambda _: {"power_w": 300.0}))
    assert verdict_from(verdict.to_detail()) == verdict


def test_a_shortened_burn_in_has_as_many_samples() -> None:
    assert plan(BANDS, 23.0) == replace(plan(BANDS, 23.0, shortened=1.0), seconds=1800.0, every_s=30.0)
    assert plan(BANDS, 23.0, shortened=60.0).seconds == 30.0
    assert plan(BANDS, 23.0, shortened=60.0).every_s == 0.5


def test_the_rise_that_is_expected_is_that_of_two_nodes() -> None:
    zone = Zone("A101", "A101", "a", h_w_k=72.0, c_kj_k=10560.0, setpoint_c=20.0)
    assert expected_rise_k(zone, 1000.0, 1000.0, SECONDS) == pytest.approx(0.0)
    # 950 W more, half of it into the air: 475 W / (72 + 591 W/K) of 0.72 K, reached by 91 % in 30 min, and the mass.
    assert expected_rise_k(zone, 1000.0, 1950.0, SECONDS) == pytest.approx(0.8, abs=0.15)


def references(*temperatures_c: float) -> Sequence[Reference]:
    return [Reference(c, f"s{index}") for index, c in enumerate(temperatures_c)]


def test_a_sensor_of_the_room_is_the_best_reference_and_else_the_middle_of_its_neighbours() -> None:
    own = Reference(20.0, "t-a101")
    assert reference_of(own, references(25.0)) == own
    assert reference_of(None, references(19.0, 30.0, 20.0)) == Reference(20.0, "s2")
    assert reference_of(None, references(19.0, 20.0)) == Reference(19.5, "s0 and s1")
    assert reference_of(None, ()) is None


def test_samples_are_read_as_the_unit_prints_them() -> None:
    load = {
        "id": "burn:1",
        "kind": "burn-in",
        "state": "done",
        "because": "",
        "began_at": 1,
        "ends_at": 9,
        "samples": 2,
    }
    rows = [
        {"at": 5, "power_w": 600, "commanded_w": 650, "zone_temperature_c": 20.5, "heatsink_c": 50, "throttles": 1},
        {"at": 1, "power_w": 0, "commanded_w": 0, "water_out_c": 55, "water_return_c": 50},
    ]
    found = run_from({"schema": "fleetctl/unit-samples/v1", "load": load, "samples": rows})
    assert [each.at for each in found.samples] == [1.0, 5.0]
    assert (found.samples[0].ambient_c, found.samples[1].throttles) == (50.0, 1)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"schema": "x"}, "expected a document of schema fleetctl/unit-samples/v1"),
        ({"schema": "fleetctl/unit-samples/v1", "load": None, "samples": []}, "given no load"),
        ({"schema": "fleetctl/unit-samples/v1", "load": {"id": 1}, "samples": []}, "lack or misshape 'kind'"),
    ],
)
def test_other_documents_are_refused(document: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        run_from(document)
