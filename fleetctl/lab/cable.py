"""A unit's cable with a relay in it: put one in, take it out again.

Nothing on the unit's side is touched: interface, addresses, routes and hardware address stay, so that no neighbour's
ARP entry grows stale and a unit may reboot meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import astuple

from fleetctl.core.problems import CouldNot
from fleetctl.lab import networks, relay
from fleetctl.lab.layout import Stand
from fleetctl.lab.line import Line

Relay = subprocess.Popen[str]
"""The process of a relay. It ends with the lab, for it runs in the supervisor's PID namespace."""


def put_in(stand: Stand, line: Line) -> Relay:
    """Put a relay into the cable of a unit, or into the uplink of a gateway, before all units of its site.

    Raises:
        CouldNot: if this user may not make TAP devices, or the network refuses.
    """
    numbers = [str(number) for number in astuple(line)]
    command = [sys.executable, "-m", relay.__name__, *networks.relay_ends(stand), *numbers]
    process = subprocess.Popen(
        networks.at_relay(stand, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        _wait_until_ready(stand, process)
        networks.run(networks.relayed(stand, relay=True))
    except CouldNot:
        _end(process)
        raise
    return process


def take_out(stand: Stand, process: Relay) -> None:
    """Make the cable whole again; what is under way is lost.

    Raises:
        CouldNot: if the network refuses.
    """
    networks.run(networks.relayed(stand, relay=False))
    _end(process)


def _wait_until_ready(stand: Stand, process: Relay) -> None:
    said = process.stdout.readline().strip() if process.stdout else ""
    if said != relay.READY:
        raise CouldNot(
            f"{stand.unit}: a lossy line needs a TAP device: {said or 'the relay ended (see the supervisor log)'}",
            hint="run the lab as root, or let this user read and write /dev/net/tun",
        )


def _end(process: Relay) -> None:
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
