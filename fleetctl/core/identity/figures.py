"""What is told to Prometheus of certificates and registrations: counts and one date, never a unit's name. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from fleetctl.core.identity.certificate import Certificate, Health
from fleetctl.core.identity.registration import Registration
from fleetctl.core.metrics import Family, Sample

ENDING_DAYS = (1, 7, 30)
_TOLD = (Health.VALID, Health.EXPIRED, Health.REVOKED)


def families(
    registrations: Collection[Registration], certificates: Iterable[Certificate], at: datetime
) -> tuple[Family, ...]:
    """Return what is told; nothing for a state that never registered a unit.

    A certificate is in force if a unit is registered with it: those count that would be missed.
    """
    numbers = {registration.number for registration in registrations}
    in_force = [certificate for certificate in certificates if certificate.number in numbers]
    if not in_force:
        return ()
    return (_registered(registrations), _healths(in_force, at), _ending(in_force, at), _earliest(in_force))


def _registered(registrations: Collection[Registration]) -> Family:
    counts = Counter(registration.platform for registration in registrations)
    samples = tuple(Sample(count, {"platform": platform}) for platform, count in sorted(counts.items()))
    return Family("fleetctl_units_registered", "gauge", "Registered units by compute platform.", samples)


def _healths(in_force: Collection[Certificate], at: datetime) -> Family:
    counts = Counter(certificate.health(at, timedelta()) for certificate in in_force)
    samples = tuple(Sample(counts[health], {"standing": health.value}) for health in _TOLD)
    return Family("fleetctl_certificates", "gauge", "Certificates that units are registered with.", samples)


def _ending(in_force: Collection[Certificate], at: datetime) -> Family:
    ends = [certificate.not_after - at for certificate in in_force]
    samples = tuple(
        Sample(sum(left <= timedelta(days=days) for left in ends), {"within_days": str(days)}) for days in ENDING_DAYS
    )
    return Family("fleetctl_certificates_ending", "gauge", "Those of them that end soon, or have ended.", samples)


def _earliest(in_force: Collection[Certificate]) -> Family:
    first = min(certificate.not_after for certificate in in_force).timestamp()
    name = "fleetctl_certificate_first_end_timestamp_seconds"
    return Family(name, "gauge", "When the first of them ends.", (Sample(first),))
