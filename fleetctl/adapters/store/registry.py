"""Certificates and registrations. Fills the port `Registry`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, or_, select, update

from fleetctl.adapters.store import chain
from fleetctl.adapters.store.chunks import chunks
from fleetctl.adapters.store.codec import Codec
from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.schema import CERTIFICATES, REGISTRATIONS
from fleetctl.adapters.store.times import to_column
from fleetctl.core.facts import Cause
from fleetctl.core.identity import telling
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.registration import Registration, refusal
from fleetctl.ports.identity import NotRegistered

CERTIFICATE: Codec[Certificate] = Codec(Certificate)
REGISTRATION: Codec[Registration] = Codec(Registration)


class SqlRegistry:
    """A row for each certificate that was ever issued, and one for each unit that is registered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def certificates(self, *, serial: str = "", key: str = "") -> Sequence[Certificate]:
        """Return certificates, the oldest first: all, or those of a machine, of a key, or of either."""
        wanted = select(CERTIFICATES.c.body).order_by(CERTIFICATES.c.not_after, CERTIFICATES.c.number)
        if serial or key:
            # an empty word is in no row, so it adds nothing
            wanted = wanted.where(or_(CERTIFICATES.c.serial == serial, CERTIFICATES.c.key == key))
        with self._database.read() as connection:
            return [CERTIFICATE.decode(body) for (body,) in connection.execute(wanted)]

    def certificate(self, number: str) -> Certificate | None:
        """Return the certificate of a number."""
        with self._database.read() as connection:
            return _certificate(connection, number)

    def keep(self, certificate: Certificate, at: datetime) -> None:
        """Keep a certificate that was issued; the event log says so."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            connection.execute(CERTIFICATES.insert().values(**_columns(certificate)))
            chain.append(connection, [telling.issued(certificate, at)])

    def revoke(self, numbers: Iterable[str], reason: Reason, *, actor: str, at: datetime) -> Sequence[Certificate]:
        """Revoke certificates; returns those that were not revoked before, as they are now."""
        with self._database.write() as connection:
            chain.lock_head(connection)
            found = (_certificate(connection, number) for number in dict.fromkeys(numbers))
            changed = [each.as_revoked(reason, at) for each in found if each is not None and each.revoked is None]
            for each in changed:
                row = update(CERTIFICATES).where(CERTIFICATES.c.number == each.number)
                connection.execute(row.values(**_columns(each)))
            chain.append(connection, [telling.revoked(each, actor, at) for each in changed])
        return changed

    def registrations(self, units: Iterable[str] | None = None) -> Mapping[str, Registration]:
        """Return what units are registered as, all or those named; one that is not registered has none."""
        everything = select(REGISTRATIONS.c.unit, REGISTRATIONS.c.body).order_by(REGISTRATIONS.c.unit)
        parts = (
            [everything]
            if units is None
            else [everything.where(REGISTRATIONS.c.unit.in_(chunk)) for chunk in chunks(sorted(set(units)))]
        )
        with self._database.read() as connection:
            rows = [row for part in parts for row in connection.execute(part)]
        return {row.unit: REGISTRATION.decode(row.body) for row in rows}

    def register(self, registration: Registration) -> None:
        """Remember what a unit is registered as, in the place of what it was; see the port."""
        values = {"serial": registration.serial, "body": REGISTRATION.encode(registration)}
        insert = self._database.insert(REGISTRATIONS).values(unit=registration.unit, **values)
        with self._database.write() as connection:
            chain.lock_head(connection)
            against = refusal(registration, _certificate(connection, registration.number))
            if against is not None:
                raise NotRegistered(against, cause=Cause.REFUSED)
            connection.execute(insert.on_conflict_do_update(index_elements=["unit"], set_=values))
            chain.append(connection, [telling.registered(registration)])

    def unregister(self, unit: str, *, actor: str, at: datetime) -> Registration | None:
        """Forget what a unit is registered as; returns what it was."""
        this = REGISTRATIONS.c.unit == unit
        with self._database.write() as connection:
            chain.lock_head(connection)
            body = connection.execute(select(REGISTRATIONS.c.body).where(this)).scalar()
            if body is None:
                return None
            was = REGISTRATION.decode(body)
            connection.execute(delete(REGISTRATIONS).where(this))
            chain.append(connection, [telling.unregistered(was, actor, at)])
        return was


def _certificate(connection: Connection, number: str) -> Certificate | None:
    body = connection.execute(select(CERTIFICATES.c.body).where(CERTIFICATES.c.number == number)).scalar()
    return None if body is None else CERTIFICATE.decode(body)


def _columns(certificate: Certificate) -> dict[str, object]:
    return {
        "number": certificate.number,
        "serial": certificate.serial,
        "key": certificate.key,
        "not_after": to_column(certificate.not_after),
        "revoked": to_column(certificate.revoked) if certificate.revoked else None,
        "body": CERTIFICATE.encode(certificate),
    }
