"""Asks whoever answers over SSH who it is: first its host key, and only if that is a pinned one, for itself.

A machine that proves no pinned key is told nothing but our client's version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fleetctl.adapters.discovery.looked import read_look
from fleetctl.adapters.ssh.connection import ANY_KEX, HOST_KEYS, Connection, Deadline
from fleetctl.adapters.ssh.failures import SshFailed
from fleetctl.adapters.ssh.keys import Keys
from fleetctl.adapters.ssh.openssh import host_key_algorithms
from fleetctl.adapters.ssh.reach import in_shell
from fleetctl.core.discovery.ground import Door
from fleetctl.core.discovery.sighting import Sighting, Source, safe_text
from fleetctl.core.route import Pin

LOOK = ("fleet-unit", "look")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking at one door.

    Attributes:
        sightings: of whoever answers there, and of the port that it hangs on.
        gap: why it did not say who it is although it may be asked; empty if it did, or is a stranger.
        deaf: why it does not know the port that it hangs on, if it does not.
    """

    sightings: tuple[Sighting, ...] = ()
    gap: str = ""
    deaf: str = ""


NOBODY = Answer()


def ask(
    door: Door, by: str, open_: Callable[[], Connection], keys: Keys, deadline: Deadline, kex: tuple[str, ...] = ANY_KEX
) -> Answer:
    """Ask at a door.

    Args:
        door: where.
        by: who asks.
        open_: opens a stream there.
        keys: to log in with.
        deadline: for all of it.
        kex: how keys are exchanged.
    """
    try:
        with open_() as connection:
            pin = connection.exchange(deadline, kex, _wanted(door))
            return _greeted(door, by, connection, pin, keys, deadline)
    except SshFailed:
        return NOBODY


def _wanted(door: Door) -> tuple[str, ...]:
    """Return host key types, those of pinned keys first: whoever has a pinned key shows it whatever else it has."""
    pinned = host_key_algorithms(door.hop.pins)
    return (*pinned, *(name for name in HOST_KEYS if name not in pinned))


def _greeted(door: Door, by: str, connection: Connection, pin: Pin, keys: Keys, deadline: Deadline) -> Answer:
    stranger = Sighting(Source.SSH, by, (), door.address, host_key=pin.fingerprint, said=safe_text(connection.banner))
    if pin not in door.hop.pins:
        return Answer((stranger,))
    try:
        connection.log_in(keys.for_hop(door.hop), deadline)
        _, out, _ = connection.run(in_shell(LOOK, become=door.become), b"", deadline)
        looked = read_look(out, by=door.address)
    except (SshFailed, ValueError) as reason:
        return Answer((stranger,), f"{door.address} has a pinned host key and does not say who it is: {reason}")
    macs = () if door.displaced else looked.macs
    itself = replace(stranger, macs=macs, serial=looked.serial, model=looked.model)
    if door.displaced:
        return Answer((itself,))
    return Answer((itself, *looked.heard), deaf=looked.gaps.get("lldp", ""))
