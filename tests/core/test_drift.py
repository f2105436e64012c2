"""Drift, its sentences and kinds, and the forms of a probe's report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fleetctl.core.drift import DriftKind, drift
from fleetctl.core.facts import Cause, Facts, Heat, Unobserved
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.observed import COLUMNS, counts, document, report, reports, row
from fleetctl.core.plan import Desired

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
WANT = Desired(
    unit="site/r1",
    site="site",
    kind=Kind.RADIATOR,
    gateway="gw",
    release="1.2.0",
    config_digest="a" * 64,
    serial="QR-1",
    files={"/etc/a": "1", "/etc/b": "2"},
)
SEEN = Facts(
    unit="site/r1",
    at=AT,
    boot_id="boot",
    serial="QR-1",
    model="qh-1",
    kind="radiator",
    version="1.2.0",
    booted="A",
    primary="A",
    config_digest="a" * 64,
    files={"/etc/a": "1", "/etc/b": "2"},
    heat=Heat(1.0, 480.0, 500.0, zone_temperature_c=19.5),
)
SILENT = Unobserved("site/r2", AT, Cause.GATEWAY_DOWN, "its gateway cannot be used", "look at it")


def test_a_unit_as_declared_has_no_drift() -> None:
    assert drift(WANT, SEEN) == ()


DRIFTS: list[tuple[dict[str, Any], DriftKind, str]] = [
    ({"config_digest": "", "files": {}}, DriftKind.CONFIG, "it has no config, declared is aaaaaaaaaaaa"),
    ({"config_digest": "b" * 64}, DriftKind.CONFIG, "it has config bbbbbbbbbbbb, declared is aaaaaaaaaaaa"),
    ({"config_changed": ("/etc/a",)}, DriftKind.EDITED, "edited on the unit: /etc/a"),
    ({"unconfirmed": "a" * 64}, DriftKind.UNCONFIRMED, "config aaaaaaaaaaaa waits for its confirmation"),
    ({"reboot_needed": True}, DriftKind.REBOOT, "an applied file takes effect only after a reboot"),
    ({"version": "1.1.0"}, DriftKind.VERSION, "it runs version 1.1.0, declared is 1.2.0"),
    ({"serial": "QR-9"}, DriftKind.IDENTITY, "the machine there has serial QR-9, declared is QR-1"),
    (
        {"booted": "B"},
        DriftKind.SLOT,
        "it runs slot B while A is the primary: it fell back, or waits for a reboot",
    ),
]


@pytest.mark.parametrize(("change", "kind", "message"), DRIFTS, ids=[kind.value for _, kind, _ in DRIFTS])
def test_a_slot_that_went_back_and_every_other_difference_is_drift(
    change: dict[str, Any], kind: DriftKind, message: str
) -> None:
    (found,) = drift(WANT, replace(SEEN, **change))
    assert (found.kind, found.message) == (kind, message)


def test_drift_of_the_config_names_the_files() -> None:
    (found,) = drift(WANT, replace(SEEN, config_digest="b" * 64, files={"/etc/a": "1", "/etc/b": "9", "/etc/c": "3"}))
    assert found.files == ("/etc/b", "/etc/c")


def test_the_residents_setpoint_is_no_drift() -> None:
    assert drift(WANT, replace(SEEN, heat=Heat(1.0, 0.0, 0.0, setpoint_c=25.0))) == ()


def test_a_report_is_a_row_and_a_document() -> None:
    drifted = report(WANT, replace(SEEN, version="1.1.0"))
    assert row(drifted) == (
        "site/r1",
        "A",
        "1.1.0",
        "a" * 12,
        "480 of 500 W 19.5 °C",
        "it runs version 1.1.0, declared is 1.2.0",
    )
    assert len(row(drifted)) == len(COLUMNS)
    (unit,) = json.loads(json.dumps(document([drifted])))["units"]
    assert unit["observed"]
    assert unit["facts"]["heat"]["power_w"] == 480.0
    assert unit["drift"] == [{"kind": "version", "message": drifted.drift[0].message, "files": []}]


def test_a_unit_that_was_not_observed_says_why() -> None:
    silent = report(WANT, SILENT)
    assert row(silent)[-1] == "not observed (gateway down)"
    (unit,) = document([silent])["units"]
    assert (unit["observed"], unit["cause"]) == (False, "gateway_down")


def test_reports_are_of_units_that_were_asked_and_are_summed_up() -> None:
    wanted = [WANT, replace(WANT, unit="site/r2"), replace(WANT, unit="site/r3")]
    found = reports(wanted, {"site/r1": SEEN, "site/r2": SILENT})
    assert [each.unit for each in found] == ["site/r1", "site/r2"]
    assert counts(found) == "2 units: 1 as declared, 1 not observed"
