"""Certificates and registrations in memory. Fills the port `Registry`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from fleetctl.core.facts import Cause
from fleetctl.core.identity import telling
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.registration import Registration, refusal
from fleetctl.core.rollout.state import Noted
from fleetctl.ports.identity import NotRegistered


class Cabinet(Protocol):
    """Where it keeps its rows, and the log that it tells of them."""

    lock: threading.RLock
    certificates: dict[str, Certificate]
    registrations: dict[str, Registration]
    events: list[Noted]


class MemoryRegistry:
    """Two mappings."""

    def __init__(self, rows: Cabinet) -> None:
        self.rows = rows

    def certificates(self, *, serial: str = "", key: str = "") -> Sequence[Certificate]:
        with self.rows.lock:
            known = sorted(self.rows.certificates.values(), key=lambda c: (c.not_after, c.number))
        if not (serial or key):
            return known
        return [c for c in known if c.serial == serial or c.key == key]

    def certificate(self, number: str) -> Certificate | None:
        with self.rows.lock:
            return self.rows.certificates.get(number)

    def keep(self, certificate: Certificate, at: datetime) -> None:
        with self.rows.lock:
            assert certificate.number not in self.rows.certificates
            self.rows.certificates[certificate.number] = certificate
            self.rows.events.append(telling.issued(certificate, at))

    def revoke(self, numbers: Iterable[str], reason: Reason, *, actor: str, at: datetime) -> Sequence[Certificate]:
        with self.rows.lock:
            found = [self.rows.certificates.get(number) for number in dict.fromkeys(numbers)]
            changed = [c.as_revoked(reason, at) for c in found if c is not None and c.revoked is None]
            self.rows.certificates.update({c.number: c for c in changed})
            self.rows.events += [telling.revoked(c, actor, at) for c in changed]
        return changed

    def registrations(self, units: Iterable[str] | None = None) -> Mapping[str, Registration]:
        with self.rows.lock:
            known = dict(sorted(self.rows.registrations.items()))
        named = None if units is None else set(units)
        return {unit: each for unit, each in known.items() if named is None or unit in named}

    def register(self, registration: Registration) -> None:
        with self.rows.lock:
            against = refusal(registration, self.rows.certificates.get(registration.number))
            if against is not None:
                raise NotRegistered(against, cause=Cause.REFUSED)
            self.rows.registrations[registration.unit] = registration
            self.rows.events.append(telling.registered(registration))

    def unregister(self, unit: str, *, actor: str, at: datetime) -> Registration | None:
        with self.rows.lock:
            was = self.rows.registrations.pop(unit, None)
            if was is not None:
                self.rows.events.append(telling.unregistered(was, actor, at))
        return was
