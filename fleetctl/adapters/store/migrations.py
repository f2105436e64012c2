"""Numbered migrations in code: what each version of the schema added, in SQL that is never edited afterwards.

The version that a database is at stands in its table `schema_version`. All that is missing is done in one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, inspect, select

from fleetctl.adapters.store.schema import CONTROLLER, META, SCHEMA_VERSION
from fleetctl.core.problems import InvalidInput, Problem

_TABLES = """
CREATE TABLE schema_version (version {number} PRIMARY KEY, applied TEXT NOT NULL);
CREATE TABLE meta (
    id {number} PRIMARY KEY CHECK (id = 1), uuid TEXT NOT NULL,
    last_event {number} NOT NULL, last_digest TEXT NOT NULL);
CREATE TABLE controller (
    id {number} PRIMARY KEY CHECK (id = 1), epoch {number} NOT NULL, owner TEXT NOT NULL, host TEXT NOT NULL,
    pid {number} NOT NULL, command TEXT NOT NULL, lease_until TEXT NOT NULL);
CREATE TABLE processes (
    epoch {number} NOT NULL, pid {number} NOT NULL, started TEXT NOT NULL, PRIMARY KEY (epoch, pid));
CREATE TABLE plans (id TEXT NOT NULL PRIMARY KEY, digest TEXT NOT NULL, made TEXT NOT NULL);
CREATE TABLE rollouts (
    number {counted}, id TEXT NOT NULL UNIQUE, plan TEXT NOT NULL UNIQUE, ended BOOLEAN NOT NULL,
    body {bytes} NOT NULL);
CREATE TABLE progress (
    rollout {number} NOT NULL REFERENCES rollouts (number), position {number} NOT NULL, unit TEXT NOT NULL,
    phase TEXT NOT NULL, body {bytes} NOT NULL, PRIMARY KEY (rollout, position), UNIQUE (rollout, unit));
CREATE TABLE steps (
    id TEXT NOT NULL, epoch {number} NOT NULL, rollout TEXT NOT NULL REFERENCES rollouts (id), unit TEXT NOT NULL,
    intended TEXT NOT NULL, ended TEXT, ending TEXT, step {bytes} NOT NULL, result {bytes},
    PRIMARY KEY (id, epoch));
CREATE TABLE commands (
    number {counted}, rollout TEXT NOT NULL REFERENCES rollouts (id), kind TEXT NOT NULL, body {bytes} NOT NULL,
    answer TEXT);
CREATE INDEX commands_waiting ON commands (rollout) WHERE answer IS NULL;
CREATE TABLE configs (digest TEXT NOT NULL PRIMARY KEY, packed {bytes} NOT NULL);
CREATE TABLE events (
    number {number} PRIMARY KEY, rollout TEXT NOT NULL, unit TEXT NOT NULL, body {bytes} NOT NULL,
    digest TEXT NOT NULL);
CREATE INDEX events_of_rollout ON events (rollout, number);
CREATE TABLE facts (unit TEXT NOT NULL PRIMARY KEY, facts {bytes}, failure {bytes});
CREATE TABLE placements (
    number {counted}, unit TEXT NOT NULL, serial TEXT NOT NULL, since TEXT NOT NULL, until TEXT);
CREATE UNIQUE INDEX placements_now_unit ON placements (unit) WHERE until IS NULL;
CREATE UNIQUE INDEX placements_now_serial ON placements (serial) WHERE until IS NULL;
CREATE TABLE pins (
    number {counted}, unit TEXT NOT NULL, key_type TEXT NOT NULL, key TEXT NOT NULL, actor TEXT NOT NULL,
    why TEXT NOT NULL, since TEXT NOT NULL, until TEXT);
CREATE INDEX pins_now ON pins (unit) WHERE until IS NULL;
CREATE TABLE ways (unit TEXT NOT NULL PRIMARY KEY, body {bytes} NOT NULL)
"""

_APPEND_ONLY_SQLITE = """
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append-only')\\; END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the event log is append-only')\\; END
"""

_APPEND_ONLY_POSTGRESQL = """
CREATE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'the event log is append-only'\\; END\\; $$;
CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events
FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()
"""

_ORDERS = """
CREATE TABLE holds (
    number {counted}, scope TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL,
    removed TEXT);
CREATE INDEX holds_now ON holds (number) WHERE removed IS NULL;
CREATE TABLE overrides (
    number {counted}, rule TEXT NOT NULL, scope TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
    since TEXT NOT NULL, until TEXT NOT NULL, removed TEXT);
CREATE INDEX overrides_now ON overrides (until) WHERE removed IS NULL
"""

_CURSORS = "CREATE TABLE cursors (reader TEXT NOT NULL PRIMARY KEY, number {number} NOT NULL)"

_READINGS = """
CREATE TABLE readings (
    rollout {number} NOT NULL REFERENCES rollouts (number), unit TEXT NOT NULL, minute {number} NOT NULL,
    body {bytes} NOT NULL, PRIMARY KEY (rollout, unit, minute))
"""

_IMAGING = """
CREATE TABLE imaging (unit TEXT NOT NULL PRIMARY KEY, body {bytes} NOT NULL);
CREATE TABLE strangers (
    mac TEXT NOT NULL, serial TEXT NOT NULL, last TEXT NOT NULL, body {bytes} NOT NULL, PRIMARY KEY (mac, serial))
"""

_COMMISSIONING = """
CREATE TABLE ledger (
    writer TEXT NOT NULL, number {number} NOT NULL, site TEXT NOT NULL, body {bytes} NOT NULL,
    digest TEXT NOT NULL UNIQUE, PRIMARY KEY (writer, number));
CREATE INDEX ledger_of_site ON ledger (site);
CREATE TABLE kits (id TEXT NOT NULL PRIMARY KEY, site TEXT NOT NULL, body {bytes} NOT NULL);
CREATE TABLE machines (
    serial TEXT NOT NULL PRIMARY KEY, unit TEXT, lifecycle TEXT NOT NULL, body {bytes} NOT NULL);
CREATE TABLE certificates (
    number TEXT NOT NULL PRIMARY KEY, serial TEXT NOT NULL, key TEXT NOT NULL, not_after TEXT NOT NULL, revoked TEXT,
    body {bytes} NOT NULL);
CREATE INDEX certificates_of_machine ON certificates (serial);
CREATE INDEX certificates_of_key ON certificates (key);
CREATE TABLE registrations (unit TEXT NOT NULL PRIMARY KEY, serial TEXT NOT NULL, body {bytes} NOT NULL)
"""

_RESERVATIONS = """
CREATE TABLE reservations (unit TEXT NOT NULL PRIMARY KEY, site TEXT NOT NULL, body {bytes} NOT NULL);
CREATE INDEX reservations_of_site ON reservations (site)
"""

MIGRATIONS: Sequence[Mapping[str, str]] = (
    {"sqlite": _TABLES, "postgresql": _TABLES},
    {"sqlite": _APPEND_ONLY_SQLITE, "postgresql": _APPEND_ONLY_POSTGRESQL},
    {"sqlite": _ORDERS, "postgresql": _ORDERS},
    {"sqlite": _CURSORS, "postgresql": _CURSORS},
    {"sqlite": _READINGS, "postgresql": _READINGS},
    {"sqlite": _IMAGING, "postgresql": _IMAGING},
    {"sqlite": _COMMISSIONING, "postgresql": _COMMISSIONING},
    {"sqlite": _RESERVATIONS, "postgresql": _RESERVATIONS},
)
"""Version 1 first; statements end with a semicolon, one that belongs to a statement has a backslash in front."""

LATEST = len(MIGRATIONS)

_TYPES = {
    "sqlite": {"number": "INTEGER", "counted": "INTEGER PRIMARY KEY AUTOINCREMENT", "bytes": "BLOB"},
    "postgresql": {
        "number": "BIGINT",
        "counted": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
    },
}
_LOCK = 0x666C656574  # "fleet": two processes that create a state at once take turns


def check_version(connection: Connection, where: str) -> int:
    """Return the version that a database is at; 0 if it is empty. Changes nothing.

    Raises:
        InvalidInput: if it belongs to a newer fleetctl, or to something else.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return 0
    if not {SCHEMA_VERSION.name, META.name, CONTROLLER.name} <= tables:
        hint = "name another file or database with --state or FLEETCTL_STATE"
        raise InvalidInput([Problem("foreign-state", f"{where} is a database of something else", hint=hint)])
    version = connection.execute(select(func.max(SCHEMA_VERSION.c.version))).scalar_one() or 0
    if version > LATEST:
        message = f"{where} was written by a newer fleetctl: its schema is {version}, this one knows {LATEST}"
        raise InvalidInput([Problem("newer-state", message, hint="install the newer fleetctl")])
    return int(version)


def migrate(connection: Connection, where: str, to: int) -> None:
    """Bring a database to a version, within the caller's transaction.

    Raises:
        InvalidInput: as `check_version`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    for version in range(check_version(connection, where) + 1, to + 1):
        for statement in _statements(MIGRATIONS[version - 1], connection.dialect.name):
            connection.exec_driver_sql(statement)
        if version == 1:
            _first_rows(connection)
        connection.execute(SCHEMA_VERSION.insert().values(version=version, applied=datetime.now(UTC).isoformat()))


def _statements(migration: Mapping[str, str], dialect: str) -> list[str]:
    marked = migration[dialect].replace("\\;", "\0").format(**_TYPES[dialect])
    return [statement.replace("\0", ";").strip() for statement in marked.split(";")]


def _first_rows(connection: Connection) -> None:
    connection.execute(META.insert().values(id=1, uuid=str(uuid.uuid4()), last_event=0, last_digest=""))
    connection.execute(CONTROLLER.insert().values(id=1, epoch=0, owner="", host="", pid=0, command="", lease_until=""))
