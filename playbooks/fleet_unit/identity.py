"""Who the unit is to others: a key that is made here and never leaves, and the request for a certificate for it.

The key that waits for its certificate is `next.pem`. A certificate that came makes a folder of its own, named by its
digest, with the key that it is for; the link `current` leads to the one in force. Nobody who reads the journal, the
outcome or what a probe sees finds a key there.
"""

from __future__ import annotations

import os

from fleet_unit.endings import Ended, Refused
from fleet_unit.files import discard, read_document, remove, replace_file, sync_directory
from fleet_unit.paths import IDENTITY, REGISTRATION
from fleet_unit.programs import run
from fleet_unit.system import release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.journal import Journal, Step
    from fleet_unit.kinds import Document

NEXT = IDENTITY + "/next.pem"
CURRENT = IDENTITY + "/current"
OPENSSL_TIMEOUT_S = 30.0


def identity(*, renew: bool) -> Callable[[Step, Journal], tuple[str, Document]]:
    """Return the effect that makes a key, if there is none to ask for, and answers with a request for a certificate.

    Args:
        renew: ask for another key than the one that is in force.
    """

    def effect(_: Step, __: Journal) -> tuple[str, Document]:
        serial = release()["serial"]
        if not serial:
            raise Refused("this machine does not say its serial, so nobody could tell whose the certificate is")
        key = f"{CURRENT}/key.pem"
        if os.path.exists(NEXT) or renew or not os.path.exists(key):
            key = NEXT
            _make_key()
        subject = "".join("\\" + c if c in "/\\+" else c for c in serial)
        request = openssl("req", "-new", "-sha256", "-key", key, "-subj", f"/serialNumber={subject}", *NO_CONFIG)
        return f"asks for a certificate of {serial}", {"serial": serial, "request": request}

    return effect


NO_CONFIG = ("-config", "/dev/null")
"""What the system's configuration of openssl adds to requests is nobody's business here."""


def _make_key() -> None:
    if os.path.exists(NEXT):
        return
    os.makedirs(IDENTITY, 0o700, exist_ok=True)
    sync_directory(os.path.dirname(IDENTITY))
    key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", secret=True)
    replace_file(NEXT, key.encode() + b"\n", 0o600)


def openssl(*arguments: str, secret: bool = False) -> str:
    """Run openssl; return what it printed.

    Args:
        arguments: of the program.
        secret: what it prints holds a key, so no message may quote it.

    Raises:
        Refused: if this unit has none.
        Ended: if it does not succeed.
    """
    code, said = run(["openssl", *arguments], OPENSSL_TIMEOUT_S, errors=not secret)
    if code == 127:
        raise Refused("there is no 'openssl' on this unit")
    if code != 0:
        raise Ended(f"openssl {arguments[0]} failed with code {code}" + ("" if secret else f": {said[-200:]}"))
    return said


def wipe_identity(_: Step, __: Journal) -> str:
    """Forget key, certificate and registration: the link first, so that nothing half wiped is in force."""
    was = read_document(REGISTRATION).get("unit", "")
    if not os.path.isdir(IDENTITY):
        return "it has no identity"
    remove(CURRENT)
    discard(IDENTITY)
    if os.path.isdir(IDENTITY):
        raise Ended(f"{IDENTITY} could not be removed: {', '.join(sorted(os.listdir(IDENTITY)))}")
    sync_directory(os.path.dirname(IDENTITY))
    return f"is not {was} any more" if was else "its identity is wiped"
