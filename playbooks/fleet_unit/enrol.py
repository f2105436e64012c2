"""Take in a certificate: it is in force with its key, its chain and what the unit is registered as, or not at all."""

from __future__ import annotations

import binascii
import hashlib
import json
import os
import sys

from fleet_unit.endings import Ended, Refused
from fleet_unit.files import discard, dump, remove, replace_link, sync_directory, write_synced
from fleet_unit.hooks import objection
from fleet_unit.identity import CURRENT, NEXT, openssl
from fleet_unit.paths import IDENTITY
from fleet_unit.system import release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.journal import Journal, Step
    from fleet_unit.kinds import Document

MAX_BYTES = 64 << 10
TEXTS = ("certificate", "chain", "root")
TOLD = ("digest", "unit", "serial", "number", "not_after")
SERVICE = "identity"
"""Whose hook is asked to reload when there is a new certificate."""


def read_enrolment() -> Document:
    """Read from standard input what a unit is enrolled as.

    Raises:
        Refused: if it is something else.
    """
    text = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        enrolment = json.loads(text[:MAX_BYTES])
    except ValueError as error:
        raise Refused("the enrolment is not JSON; it may have been cut on the way") from error
    told = enrolment.get("registration") if isinstance(enrolment, dict) else None
    texts = [enrolment.get(key) for key in TEXTS] if isinstance(told, dict) else [None]
    texts += [told.get(key) for key in TOLD] if isinstance(told, dict) else []
    if not all(isinstance(text, str) for text in texts):
        raise Refused(f"an enrolment has {', '.join(TEXTS)} and registration ({', '.join(TOLD)})")
    return dict(enrolment)


def enrol(enrolment: Document) -> Callable[[Step, Journal], str]:
    """Return the effect that puts a certificate in force; what was in force before goes in the same step of a link."""

    def effect(_: Step, __: Journal) -> str:
        told = enrolment["registration"]
        if told["serial"] != release()["serial"]:
            raise Refused(f"this machine is {release()['serial'] or 'of no serial'}, not {told['serial']}")
        name = hashlib.sha256(_der(enrolment["certificate"])).hexdigest()
        if not os.path.isdir(f"{IDENTITY}/{name}"):
            _stage(f"{IDENTITY}/{name}", enrolment)
        replace_link(CURRENT, name)
        _tidy(name)
        said = objection(SERVICE, "reload", private=True)
        return f"is {told['unit']} until {told['not_after']}" + (f"; {said}" if said else "")

    return effect


def _stage(folder: str, enrolment: Document) -> None:
    staged = folder + ".new"
    discard(staged)
    os.makedirs(staged, 0o700)
    try:
        write_synced(f"{staged}/certificate.pem", (enrolment["certificate"] + enrolment["chain"]).encode(), 0o644)
        write_synced(f"{staged}/root.pem", enrolment["root"].encode(), 0o644)
        write_synced(f"{staged}/registration.json", dump(enrolment["registration"]), 0o644)
        os.link(_key_of(staged), f"{staged}/key.pem")
    except Ended:
        discard(staged)
        raise
    sync_directory(staged)
    os.rename(staged, folder)
    sync_directory(IDENTITY)


def _key_of(staged: str) -> str:
    """Return the key that a staged certificate is for.

    Raises:
        Refused: if it is for none of ours, or its chain does not lead to the root. A unit's clock may be wrong before
            it has seen the network's, so it is the issuer's business that the certificate is valid now.
    """
    certificate = f"{staged}/certificate.pem"
    try:
        openssl("verify", "-no_check_time", "-CAfile", f"{staged}/root.pem", "-untrusted", certificate, certificate)
        public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    except Ended as error:
        raise Refused(f"the certificate does not hold: {error}") from error
    for key in (NEXT, f"{CURRENT}/key.pem"):
        if os.path.exists(key) and openssl("pkey", "-in", key, "-pubout") == public:
            return key
    raise Refused("the certificate is for a key that is not on this unit")


def _tidy(name: str) -> None:
    """Remove what is not in force any more, and what a cut has left half written."""
    for other in os.listdir(IDENTITY):
        if other in (name, os.path.basename(CURRENT)):
            continue
        path = f"{IDENTITY}/{other}"
        (discard if os.path.isdir(path) else remove)(path)


def _der(certificate: str) -> bytes:
    lines = [line for line in certificate.splitlines() if line and not line.startswith("-----")]
    try:
        return binascii.a2b_base64("".join(lines))
    except binascii.Error as error:
        raise Refused("the certificate is not in PEM") from error
