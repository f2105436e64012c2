"""Adopt a machine that was not imaged by fleetctl: a person has read its host key's fingerprint off the machine."""

from __future__ import annotations

import re
from datetime import datetime

from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.route import Pin, Route
from fleetctl.ports import Shell, Units

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


def adopt(shell: Shell, memory: Units, route: Route, fingerprint: str, *, actor: str, at: datetime) -> Pin:
    """Pin the host key of a unit if it is the one with this fingerprint.

    Raises:
        InvalidInput: if `fingerprint` is none.
        CouldNot: if the unit cannot be reached or proves another key; nothing is pinned then.
    """
    if FINGERPRINT.fullmatch(fingerprint) is None:
        hint = "it is what 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' prints on the machine"
        message = f"'{fingerprint}' is not a fingerprint of the form SHA256: and 43 characters"
        raise InvalidInput([Problem("bad-fingerprint", message, hint=hint)])
    unit, offered = route.target.unit, shell.offered_keys(route)
    for pin in offered:
        if pin.fingerprint == fingerprint:
            memory.pin({unit: (pin,)}, actor=actor, at=at, why=f"adopted by fingerprint {fingerprint}")
            return pin
    keys = ", ".join(f"{pin.fingerprint} ({pin.key_type})" for pin in offered)
    hint = "read the fingerprint on the machine itself again; if it is right, somebody stands in between"
    raise CouldNot(f"{unit}: it offers {keys}, and none of them is {fingerprint}", hint=hint)
