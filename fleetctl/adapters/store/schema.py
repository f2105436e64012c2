"""The tables as they are now. `migrations` is how a database gets there; a test holds the two equal.

What is asked for stands in columns of its own, the rest of a value in `body` (see `codec`).
Times are text of one length, in UTC with microseconds, so that they sort.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, MetaData, Table, Text

METADATA = MetaData()


def _table(name: str, *columns: Column[str] | Column[int] | Column[bytes] | Column[bool]) -> Table:
    return Table(name, METADATA, *columns)


def _number(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    # SQLite numbers rows by itself only in a column of type INTEGER
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=key, nullable=null)


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


SCHEMA_VERSION = _table("schema_version", _number("version", key=True), _text("applied"))

META = _table("meta", _number("id", key=True), _text("uuid"), _number("last_event"), _text("last_digest"))
"""One row: the state's identity, and the head of the event chain."""

CONTROLLER = _table(
    "controller",
    _number("id", key=True),
    _number("epoch"),
    _text("owner"),
    _text("host"),
    _number("pid"),
    _text("command"),
    _text("lease_until"),
)
"""One row; epoch 0 while there never was a controller."""

PROCESSES = _table("processes", _number("epoch", key=True), _number("pid", key=True), _text("started"))

PLANS = _table("plans", _text("id", key=True), _text("digest"), _text("made"))

ROLLOUTS = _table(
    "rollouts",
    _number("number", key=True),
    _text("id"),
    _text("plan"),
    Column("ended", Boolean, nullable=False),
    _bytes("body"),
)
"""`plan` is unique: the database itself holds that a plan is applied once."""

PROGRESS = _table(
    "progress",
    _number("rollout", key=True),
    _number("position", key=True),
    _text("unit"),
    _text("phase"),
    _bytes("body"),
)

STEPS = _table(
    "steps",
    _text("id", key=True),
    _number("epoch", key=True),
    _text("rollout"),
    _text("unit"),
    _text("intended"),
    _text("ended", null=True),
    _text("ending", null=True),
    _bytes("step"),
    _bytes("result", null=True),
)

COMMANDS = _table(
    "commands", _number("number", key=True), _text("rollout"), _text("kind"), _bytes("body"), _text("answer", null=True)
)

CONFIGS = _table("configs", _text("digest", key=True), _bytes("packed"))

EVENTS = _table("events", _number("number", key=True), _text("rollout"), _text("unit"), _bytes("body"), _text("digest"))
"""Append-only: triggers refuse UPDATE and DELETE, and each digest covers the one before."""

FACTS = _table("facts", _text("unit", key=True), _bytes("facts", null=True), _bytes("failure", null=True))
"""The latest facts of a unit; beside them the cause, if it could not be observed since."""

READINGS = _table(
    "readings", _number("rollout", key=True), _text("unit", key=True), _number("minute", key=True), _bytes("body")
)
"""What rollouts saw of their units; facts are replaced, these stay. At most one a unit and minute."""

PLACEMENTS = _table(
    "placements",
    _number("number", key=True),
    _text("unit"),
    _text("serial"),
    _text("since"),
    _text("until", null=True),
)
"""Which machine stood where: a unit is a place, a machine is known by its serial and keeps its history."""

PINS = _table(
    "pins",
    _number("number", key=True),
    _text("unit"),
    _text("key_type"),
    _text("key"),
    _text("actor"),
    _text("why"),
    _text("since"),
    _text("until", null=True),
)

WAYS = _table("ways", _text("unit", key=True), _bytes("body"))

CURSORS = _table("cursors", _text("reader", key=True), _number("number"))
"""How far each reader of the event log has come."""

HOLDS = _table(
    "holds",
    _number("number", key=True),
    _text("scope"),
    _text("actor"),
    _text("reason"),
    _text("since"),
    _text("removed", null=True),
)

OVERRIDES = _table(
    "overrides",
    _number("number", key=True),
    _text("rule"),
    _text("scope"),
    _text("actor"),
    _text("reason"),
    _text("since"),
    _text("until"),
    _text("removed", null=True),
)
"""Holds and overrides are never deleted: what is over has a time in `removed`, or is past `until`."""

IMAGING = _table("imaging", _text("unit", key=True), _bytes("body"))
"""The units that were asked to be imaged: the last request of each, and how far it is."""

STRANGERS = _table("strangers", _text("mac", key=True), _text("serial", key=True), _text("last"), _bytes("body"))
"""The machines that were refused an image."""

LEDGER = _table(
    "ledger",
    _text("writer", key=True),
    _number("number", key=True),
    _text("site"),
    _bytes("body"),
    _text("digest"),
)
"""What was done in the field. Never changed; of each writer (a state, a kit) a chain of its own."""

KITS = _table("kits", _text("id", key=True), _text("site"), _bytes("body"))
"""The folders that were taken to a building, and what became of them."""

MACHINES = _table("machines", _text("serial", key=True), _text("unit", null=True), _text("lifecycle"), _bytes("body"))
"""What is known of each machine, wherever it stands."""

CERTIFICATES = _table(
    "certificates",
    _text("number", key=True),
    _text("serial"),
    _text("key"),
    _text("not_after"),
    _text("revoked", null=True),
    _bytes("body"),
)
"""Every certificate that the fleet's CA has issued, by its number in hexadecimal; `serial` is the machine's, `key` the
digest of its public key."""

REGISTRATIONS = _table("registrations", _text("unit", key=True), _text("serial"), _bytes("body"))
"""What each unit is registered as."""

RESERVATIONS = _table("reservations", _text("unit", key=True), _text("site"), _bytes("body"))
"""The loads that units were admitted to: what they take of their site's power counts before anybody has seen it."""
