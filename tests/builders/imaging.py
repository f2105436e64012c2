"""Units, machines and images for tests of imaging."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.desk import Given, Offer, Token, admit, enrol, finish, issue, request
from fleetctl.core.imaging.record import Imaging
from fleetctl.core.inventory.fleet import Fleet, Kind, Model, Site, SiteNetwork, Unit

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
OFFER = Offer("qh-1-2026.12.0")
TOKEN = Token("digest-of-a-token", NOON + timedelta(hours=1))
MODEL = Model("qh-1", Kind.RADIATOR, "fleet-qh-1", 750.0)


def later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def unit(number: int, *, serial: str | None = None, mac: str | None = None) -> Unit:
    """Return a radiator; its serial and MAC follow from its number."""
    return Unit(
        "home",
        f"r{number}",
        Kind.RADIATOR,
        MODEL.id,
        f"10.77.1.{10 + number}",
        serial=f"RAD-{number:04}" if serial is None else serial,
        mac=f"52:54:00:00:00:{number:02x}" if mac is None else mac,
        release=OFFER.release,
    )


def fleet(*units: Unit) -> Fleet:
    placed = {each.id: each for each in units or (unit(1), unit(2))}
    site = Site("home", "Home", "Europe/Paris", -5.0, 9000.0, 0.0, SiteNetwork("10.77.1.0/24"), units=placed)
    return Fleet("test", models={MODEL.id: MODEL}, sites={site.id: site})


def machine(number: int, boot: str = "") -> Claim:
    """Return what the machine that is declared for a unit says."""
    return Claim(f"RAD-{number:04}", f"52:54:00:00:00:{number:02x}", boot)


def host_key(letter: str = "A") -> str:
    """Return a public key in the form of one; nobody has its private half."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0 " + letter.encode() * 32
    return f"ssh-ed25519 {b64encode(blob).decode()}"


def requested(at: datetime = NOON) -> Imaging:
    return request("home/r1", "ada", at).record


def imaging(boot: str = "boot-one", token: Token = TOKEN) -> Imaging:
    """Return the record of a unit whose machine has its manifest."""
    admitted = admit(requested(), machine(1), (), OFFER, NOON)
    assert isinstance(admitted, Given)
    given = issue(admitted.record, machine(1, boot), OFFER, token, NOON)
    assert isinstance(given, Given)
    return given.record


def enrolled() -> Imaging:
    given = enrol(imaging(), machine(1, "boot-one"), TOKEN.digest, host_key(), NOON)
    assert isinstance(given, Given)
    return given.record


def done() -> Imaging:
    given = finish(enrolled(), machine(1, "boot-one"), TOKEN.digest, NOON)
    assert isinstance(given, Given)
    return given.record
