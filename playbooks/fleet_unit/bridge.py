"""Who sends into which port of this machine, where the site's network is a bridge of its own: blank machines, too.

The kernel's table has each MAC that was heard within five minutes, so it says where a machine hangs and not that it is
there. Whoever stands behind a switch is heard on the port that leads to the switch.
"""

from __future__ import annotations

import ipaddress
import os

from fleet_unit.files import read_text
from fleet_unit.paths import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROUTES = ROOT + "/proc/net/route"
LINKS = ROOT + "/sys/class/net"
DEVICE, DESTINATION, GATEWAY, MASK = 0, 1, 2, 7
"""Columns of the kernel's table of routes."""
DIRECT = "0" * 8


def bridge_of(network: str) -> str:
    """Return the name of the bridge that leads into a network; empty if none does."""
    return next((name for name in _devices(network) if os.path.isdir(f"{LINKS}/{name}/bridge")), "")


def _devices(network: str) -> Iterator[str]:
    try:
        wanted = ipaddress.IPv4Network(network, strict=False)
    except ValueError:
        return
    table = read_text(ROUTES) if os.path.exists(ROUTES) else ""
    meant = int(wanted.network_address), int(wanted.netmask)
    for words in (line.split() for line in table.splitlines()[1:]):
        if (
            len(words) > MASK
            and words[GATEWAY] == DIRECT
            and (_number(words[DESTINATION]), _number(words[MASK])) == meant
        ):
            yield words[DEVICE]


def _number(word: str) -> int:
    """Return an address as a number; the kernel prints it in the machine's own order of bytes."""
    return int.from_bytes(bytes.fromhex(word), "little")
