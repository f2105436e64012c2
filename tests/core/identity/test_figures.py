"""What Prometheus is told of certificates: only those that would be missed, and no unit by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.figures import families
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.registration import Registration
from fleetctl.core.metrics import text

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST = Certificate("a1", "QR-1", "s/r1", "k", "f", NOON, NOON + timedelta(days=5), "PEM", "ada")
ENTRY = Registration("s/r1", "QR-1", "d", "a1", "slurm", "s-r1", "", NOON, "ada")


def test_a_state_that_never_registered_anybody_tells_nothing() -> None:
    assert families([], [], NOON) == ()
    assert families([], [FIRST], NOON) == ()


def test_what_ends_soon_is_counted_among_those_in_force() -> None:
    later = replace(FIRST, number="a2", not_after=NOON + timedelta(days=80))
    revoked = replace(later, number="a3").as_revoked(Reason.UNSPECIFIED, NOON)
    superseded = replace(FIRST, number="a0", not_after=NOON - timedelta(days=1))
    entries = [replace(ENTRY, unit=f"s/r{n}", number=f"a{n}") for n in (1, 2, 3)]
    said = text(families(entries, [superseded, FIRST, later, revoked], NOON)).splitlines()
    for line in (
        'fleetctl_units_registered{platform="slurm"} 3',
        'fleetctl_certificates{standing="valid"} 2',
        'fleetctl_certificates{standing="expired"} 0',
        'fleetctl_certificates{standing="revoked"} 1',
        'fleetctl_certificates_ending{within_days="1"} 0',
        'fleetctl_certificates_ending{within_days="7"} 1',
        f"fleetctl_certificate_first_end_timestamp_seconds {int(FIRST.not_after.timestamp())}",
    ):
        assert line in said
    assert not [line for line in said if "s/r" in line]
