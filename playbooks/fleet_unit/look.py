"""What this machine sees on the wire: DHCP leases, its neighbours, LLDP, its bridge; and what it is itself.

Texts are handed on as their programs print them; whoever asked reads them, and believes nothing in them. What could not
be had is a gap, with the reason.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import time

from fleet_unit.bridge import bridge_of
from fleet_unit.files import dump, read_text
from fleet_unit.lldp import heard
from fleet_unit.paths import ROOT
from fleet_unit.programs import program, run
from fleet_unit.system import boot_id, release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.kinds import Document

LOOK_SCHEMA = "fleetctl/unit-look/v1"
LEASES = (ROOT + "/var/lib/misc/dnsmasq.leases", ROOT + "/var/lib/dnsmasq/dnsmasq.leases")
LINKS = ROOT + "/sys/class/net"
LONGEST = 160_000
"""Characters of each text: all of them fit into what the controller reads of one answer."""
MOST_ADDRESSES = 1022
ANSWER_S = 10.0
DISCARD = 9
SETTLED_S = 0.8
"""The kernel asks three times, a second apart; who is there answers the first time."""
SWEEP_S = 3.0


def look(sweep: str) -> Document:
    """Return what is seen.

    Args:
        sweep: a network; each of its addresses is called first, so that the neighbour table tells who is there now and
            not who was. Empty to disturb nobody.
    """
    called = _call_everybody(sweep) if sweep else ""
    neighbours = _printed(["ip", "-j", "neigh"])
    return {
        "schema": LOOK_SCHEMA,
        "boot_id": boot_id(),
        "release": release(),
        "now_s": round(time.time(), 3),
        "links": dict(_links()),
        "leases": _leases(),
        "neighbours": {**neighbours, "gap": neighbours["gap"] or called},
        "lldp": _lldp(),
        "bridge": _bridge(sweep),
    }


def _links() -> Iterator[tuple[str, str]]:
    """Yield names and hardware addresses of network ports: those that are hardware, or all if none shows that it is."""
    names = [name for name in sorted(os.listdir(LINKS)) if name != "lo"] if os.path.isdir(LINKS) else []
    real = [name for name in names if os.path.exists(f"{LINKS}/{name}/device")]
    for name in real or names:
        address = read_text(f"{LINKS}/{name}/address").strip()
        if address:
            yield name, address


def _leases() -> Document:
    for path in LEASES:
        if os.path.exists(path):
            return _bounded(read_text(path))
    return _gap("no lease file: this machine gives no addresses")


def _lldp() -> Document:
    found = program("lldpctl")
    if found:
        return _printed([found, "-f", "json"])
    told = heard()
    if told is None:
        return _gap("nothing listens to LLDP: neither lldpd nor, with LLDP=yes, systemd-networkd")
    return _bounded(dump(told).decode())


def _bridge(network: str) -> Document:
    name, found = bridge_of(network), program("bridge")
    return _printed([found, "-j", "fdb", "show", "br", name]) if name and found else _bounded("")


def _printed(argv: list[str]) -> Document:
    code, said = run(argv, ANSWER_S, errors=False, most=LONGEST + 1)
    return _bounded(said) if code == 0 else _gap(f"{os.path.basename(argv[0])} ended with code {code}")


def _bounded(text: str) -> Document:
    return {"text": text, "gap": ""} if len(text) <= LONGEST else _gap(f"more than {LONGEST} characters")


def _gap(reason: str) -> Document:
    return {"text": "", "gap": reason}


def _call_everybody(sweep: str) -> str:
    """Forget who was met in a network and call each of its addresses; returns why not, or nothing."""
    try:
        network = ipaddress.ip_network(sweep, strict=False)
    except ValueError:
        return f"{sweep} is no network"
    if network.version != 4 or network.num_addresses - 2 > MOST_ADDRESSES:
        return f"{sweep} is too large to call everybody: only whom this machine has met of late"
    run(
        ["ip", "neigh", "flush", "to", str(network)], ANSWER_S
    )  # else who was pulled out seems to be there for a minute
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)  # only on this machine's own wires
        if not all(_call(caller, str(address)) for address in network.hosts()):
            return f"this machine is not in {sweep}: only whom it has met of late"
    _wait_until_settled(str(network))
    return ""


def _call(caller: socket.socket, address: str) -> bool:
    """Call one address; say whether it is on a wire of this machine."""
    try:
        caller.sendto(b"", (address, DISCARD))
    except OSError as error:  # a full queue, or nobody there, which the neighbour table says too
        return error.errno != errno.ENETUNREACH
    return True


def _wait_until_settled(network: str) -> None:
    """Wait until nobody new has answered for a while."""
    since = start = time.monotonic()
    known = 0
    while time.monotonic() - since < SETTLED_S and time.monotonic() - start < SWEEP_S:
        time.sleep(0.1)
        _, said = run(["ip", "-j", "neigh", "show", "to", network, "nud", "reachable"], ANSWER_S, False, LONGEST)
        if said.count("lladdr") != known:
            known, since = said.count("lladdr"), time.monotonic()
