"""The database: opened, brought up to date, and its transactions. The same for SQLite and PostgreSQL.

SQLite: WAL, `synchronous=FULL`, foreign keys, a busy timeout; the driver's own transactions are switched off and ours
begin explicitly, with `BEGIN IMMEDIATE` if they will write, so that none has to be upgraded half way and fail.
PostgreSQL: rows are locked where a decision hangs on them; a server that restarts is waited for, and one that was lost
in the middle of a transaction is told from whatever else can go wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, InternalError, NoSuchModuleError, OperationalError

from fleetctl.adapters.store import sqlite_file
from fleetctl.adapters.store.migrations import LATEST, check_version, migrate
from fleetctl.adapters.store.sqlite_holder import holder_of
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.ports import Lost

BUSY_TIMEOUT_S = 20.0
"""How long a writer waits for another one."""
IDLE_TIMEOUT_S = 10.0
"""How long PostgreSQL lets a transaction do nothing: a controller that was stopped, or whose machine was cut off in the
middle of one, must not keep its locks from the next. Less than the busy timeout, so that who waits gets through."""
CONNECT_TIMEOUT_S = 10
AWAY_TIMEOUT_S = 20.0
"""How long a server that answered before is waited for, as one that restarts: less than a controller's lease."""
KNOCK_EVERY_S = 0.2
ALIVE = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 15_000}
"""A connection whose other end vanished without a word is found out within the lease, not within hours."""

_HELD = "another process holds it, perhaps a controller that was stopped"
_HINTS = (
    ("is locked", f"{_HELD}: 'fuser -v FILE' names what has it open; end it and try again"),
    ("lock timeout", f"{_HELD}: the table pg_stat_activity names it; end it and try again"),
)
_AWAY = "see that its server runs and can be reached from here"
"""What to do, by what the database says."""

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert


class Database:
    """Transactions on an open database; may be used from several threads."""

    def __init__(self, engine: Engine, where: str) -> None:
        """Take the engine and the name of the database for messages; it shows no password."""
        self.where = where
        self._engine = engine
        self._is_server = engine.dialect.name != "sqlite"
        self._answered = False

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Read in one transaction.

        Raises:
            Lost: if its server went away.
            CouldNot: if the database cannot be had.
        """
        with self._speaking(), self._connection() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Write in one transaction: all of it or, if the block raises, nothing.

        Raises:
            Lost: if its server went away; if that was at the very end, all of it may be written.
            CouldNot: if the database cannot be had, is full, or stays busy.
        """
        with self._speaking(), self._connection() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def insert(self, table: Table) -> Insert:
        """Return the dialect's INSERT, which knows ON CONFLICT."""
        if self._engine.dialect.name == "sqlite":
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # a slow import that SQLite does not need

        return postgresql.insert(table)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _connection(self) -> Connection:
        """Return a connection; a server that answered before is waited for, but only once until it answers again."""
        until_s = monotonic() + (AWAY_TIMEOUT_S if self._answered else 0.0)
        while True:
            try:
                connection = self._engine.connect()
            except OperationalError as error:
                if monotonic() >= until_s:
                    self._answered = False
                    raise (self._lost(error) if self._is_server else error) from error.orig
                sleep(KNOCK_EVERY_S)
            else:
                self._answered = self._is_server
                return connection

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say in our words what the database could not do."""
        try:
            yield
        except (OperationalError, InternalError) as error:
            if error.connection_invalidated:
                raise self._lost(error) from error
            raise self._unusable(_first_line(error)) from error

    def _lost(self, error: DatabaseError) -> Lost:
        return Lost(f"the state {self.where} could not be used: {_first_line(error)}", hint=_AWAY)

    def _unusable(self, fact: str) -> CouldNot:
        message = f"the state {self.where} could not be used: {fact}"
        if "is locked" in fact and (holder := holder_of(Path(self.where))) is not None:
            return CouldNot(f"{message}; {holder}", hint=holder.cure)
        return CouldNot(message, hint=next((hint for part, hint in _HINTS if part in fact), ""))


def open_database(url: str, version: int = LATEST) -> Database:
    """Open the database of a state: create what is missing, bring an older one up to date.

    Args:
        url: SQLAlchemy URL, `sqlite:////path/state.db` or `postgresql+psycopg://user@host/name`.
        version: of the schema that it is brought to; an older one is of use to tests of the migrations alone.

    Raises:
        InvalidInput: if the URL is wrong, or the database is not a state, or a newer one; it was not changed.
        CouldNot: if it cannot be reached, created or read.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        sqlite_file.ready(Path(str(parsed.database)), partial(_create_sqlite, version))
        database = Database(_sqlite(parsed), str(parsed.database))
    else:
        database = Database(_postgresql(parsed), parsed.render_as_string(hide_password=True))
    try:
        _bring_up_to_date(database, version)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: Database, version: int) -> None:
    try:
        with database.read() as connection:
            found = check_version(connection, database.where)
        if found < version:
            with database.write() as connection:
                migrate(connection, database.where, version)
    except DatabaseError as error:
        message = f"{database.where} cannot be read as a state: {_first_line(error)}"
        raise InvalidInput([Problem("foreign-state", message, hint="restore it from a backup")]) from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _unsupported(url) from error
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or parsed.database in {None, "", ":memory:"}:
        raise _unsupported(parsed.render_as_string(hide_password=True))
    # no options: with some of them the driver would open another file than the one that was checked
    return URL.create("sqlite", database=parsed.database)


def _unsupported(shown: str) -> InvalidInput:
    hint = "use sqlite:////absolute/path/state.db or postgresql+psycopg://user@host/database"
    return InvalidInput([Problem("bad-state-url", f"'{shown}' does not name a state", hint=hint)])


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_sqlite(version: int, path: Path) -> None:
    engine = _sqlite(URL.create("sqlite", database=str(path)))
    try:
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None  # noqa: S101 - just connected
            raw.cursor().execute(f"PRAGMA application_id = {sqlite_file.APPLICATION_ID}")
            raw.cursor().execute("PRAGMA journal_mode = WAL")
        with Database(engine, str(path)).write() as connection:
            migrate(connection, str(path), version)
    finally:
        engine.dispose()


def _postgresql(url: URL) -> Engine:
    options = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "fleetctl", **ALIVE}
    try:
        engine = create_engine(url, connect_args=options, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        hint = "install fleetctl with its extra: pip install 'fleetctl[postgres]'"
        raise CouldNot("a state in PostgreSQL needs psycopg, which is not installed", hint=hint) from error
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: Any, _record: object) -> None:
    # not by the URL's `options`, which a person may need for something else
    limits = {"lock_timeout": BUSY_TIMEOUT_S, "idle_in_transaction_session_timeout": IDLE_TIMEOUT_S}
    for name, seconds in limits.items():
        connection.execute(f"SET {name} = {int(seconds * 1000)}")
    connection.commit()


def _first_line(error: DatabaseError) -> str:
    return str(error.orig).strip().partition("\n")[0]
