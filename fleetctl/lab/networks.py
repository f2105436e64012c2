"""The lab's networks: what to tell `ip` so that each site is a network of its own behind its gateways.

Every site has a namespace with a bridge, every unit one with its interface on that bridge, at the address that the
inventory declares. A gateway has a second one on the uplink, a bridge in the controller's namespace (the
supervisor's). Gateways do not forward packets, so their sshd is the only way from the controller to a unit.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleetctl.core.problems import CouldNot
from fleetctl.lab.layout import CONTROLLER, LAN, PORT, TUNNEL, WAN, Stand
from fleetctl.lab.system.slurm import settings as slurm

_UPLINK, _LAN, _TUNNELS = "uplink", "br0", "tunnels"
PLATFORM = "platform"
"""Namespace of the compute platform, if the lab has one: units reach it by tunnels, whatever site they are in."""
_UPLINK_MAC = "02:00:5e:00:00:01"
"""Fixed: a bridge takes the lowest address of its ports otherwise, a new port then changes it, and gateways go on
sending to the old one."""
SLOW_KBIT = 256
"""What a slow link carries in a second, unless somebody says otherwise."""


@dataclass(frozen=True)
class Batch:
    """Commands for `ip` or `tc` in one namespace; an empty name is the controller's."""

    namespace: str
    lines: tuple[str, ...]
    program: str = "ip"


def unit_namespace(stand: Stand) -> str:
    """Return the name of a unit's network namespace."""
    return f"u{stand.number}"


def site_namespace(stand: Stand) -> str:
    """Return the name of the namespace that holds the bridge of a unit's site."""
    return f"s{stand.site}"


def plumbing(stands: Sequence[Stand]) -> list[Batch]:
    """Return what makes all networks of a lab, in order."""
    sites = {site_namespace(s): [t for t in stands if t.site == s.site] for s in stands}
    return [
        _uplink(stands, sites),
        *(_site(name, members) for name, members in sites.items()),
        *_platform([stand for stand in stands if stand.platform]),
    ]


def links(stand: Stand, *, up: bool) -> list[Batch]:
    """Return what plugs a unit's cables in or pulls them out, at the far end, as a hand would."""
    state = "up" if up else "down"
    pulled = [Batch(site_namespace(stand), (f"link set {_port(stand)} {state}",))]
    if stand.uplink:
        pulled.append(Batch("", (f"link set {_uplink_port(stand)} {state}",)))
    if stand.platform:  # a tunnel goes through the cable
        pulled.append(Batch(PLATFORM, (f"link set {_tunnel(stand)} {state}",)))
    return pulled


def shaping(stand: Stand, *, kbit: int) -> list[Batch]:
    """Return what limits a unit's link, or a gateway's uplink, both ways.

    A quick link may burst more: the kernel's clock has 250 ticks a second, and each has to bring all that it is due.

    Args:
        stand: the unit.
        kbit: what the link carries in a second; 0 for what makes it fast again.
    """
    burst_kb = max(8, kbit // 8 // 100)
    rule = f" root tbf rate {kbit}kbit burst {burst_kb}kb latency 500ms"
    verb, rule = ("replace", rule) if kbit else ("del", " root")
    ends = [(site_namespace(stand), _port(stand)), (unit_namespace(stand), PORT)]
    if stand.uplink:
        ends = [("", _uplink_port(stand)), (unit_namespace(stand), WAN)]
    return [Batch(name, (f"qdisc {verb} dev {device}{rule}",), "tc") for name, device in ends]


def relay_ends(stand: Stand) -> tuple[str, str]:
    """Return the names of a relay's two devices: towards the unit, and towards the rest of the network."""
    return f"n{stand.number}", f"f{stand.number}"


def at_relay(stand: Stand, command: Sequence[str]) -> list[str]:
    """Return a command that runs where the far end of a unit's cable is: in its site, or beside the controller."""
    namespace, _, _ = _far_end(stand)
    return [*(["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []), *command]


def relayed(stand: Stand, *, relay: bool) -> list[Batch]:
    """Return what plugs the far end of a unit's cable into its relay, which runs, or into its bridge again.

    A gateway's is its uplink, so that all that passes between the controller and its site goes through.
    """
    namespace, bridge, port = _far_end(stand)
    near, far = relay_ends(stand)
    joint = f"j{stand.number}"
    if not relay:
        return [Batch(namespace, (f"link set {port} master {bridge}", f"link del {joint}"))]
    lines = (
        f"link add {joint} type bridge",
        f"link set {joint} up",
        f"link set {near} master {joint} up",
        f"link set {far} master {bridge} up",
        f"link set {port} master {joint}",
    )
    return [Batch(namespace, lines)]


def foreign(stand: Stand, mac: str, address: str) -> list[Batch]:
    """Return what plugs a machine that only has a MAC and an address into the network of a unit's site."""
    namespace, port = f"f{stand.number}", f"w{stand.number}"
    add = f"link add {port} type veth peer name {PORT} address {mac} netns {namespace}"
    return [
        Batch("", (f"netns add {namespace}",)),
        Batch(site_namespace(stand), (add, f"link set {port} master {_LAN} up")),
        Batch(namespace, (f"addr add {address} dev {PORT}", f"link set {PORT} up")),
    ]


def no_foreign(stand: Stand) -> list[Batch]:
    """Return what takes that machine away; the end of its cable goes with it."""
    return [Batch(site_namespace(stand), (f"link del w{stand.number}",)), Batch("", (f"netns del f{stand.number}",))]


def another_mac(stand: Stand) -> list[Batch]:
    """Return what gives the network port of a unit that is off the MAC that its machine has now."""
    inner = _inner(stand)
    return [Batch(unit_namespace(stand), (f"link set {inner} down", f"link set {inner} address {stand.mac}"))]


def run(batches: Iterable[Batch]) -> None:
    """Run batches one after another.

    Raises:
        CouldNot: if a command is refused, with what the program said.
    """
    for batch in batches:
        where = ["-n", batch.namespace] if batch.namespace else []
        result = subprocess.run(
            [batch.program, *where, "-batch", "-"], input="\n".join(batch.lines) + "\n", text=True, capture_output=True
        )
        if result.returncode:
            raise CouldNot(f"the lab's network: {batch.program} said: {result.stderr.strip()}")


def _port(stand: Stand) -> str:
    return f"v{stand.number}"


def _inner(stand: Stand) -> str:
    return LAN if stand.is_gateway else PORT


def _uplink_port(stand: Stand) -> str:
    return f"g{stand.number}"


def _tunnel(stand: Stand) -> str:
    return f"t{stand.number}"


def _far_end(stand: Stand) -> tuple[str, str, str]:
    """Return the namespace, the bridge and the port that a unit's cable to the controller's side ends in."""
    if stand.uplink:
        return "", _UPLINK, _uplink_port(stand)
    return site_namespace(stand), _LAN, _port(stand)


def _uplink(stands: Sequence[Stand], sites: Iterable[str]) -> Batch:
    lines = [f"netns add {name}" for name in [*sites, *(unit_namespace(s) for s in stands)]]
    lines += [
        "link set lo up",
        f"link add {_UPLINK} address {_UPLINK_MAC} type bridge",
        f"addr add {CONTROLLER}/32 dev {_UPLINK}",
        f"link set {_UPLINK} up",
    ]
    for stand in stands:
        if stand.uplink:
            port = _uplink_port(stand)
            lines += [
                f"link add {port} type veth peer name {WAN} netns {unit_namespace(stand)}",
                f"link set {port} master {_UPLINK} up",
                f"route add {stand.uplink}/32 dev {_UPLINK}",
            ]
    return Batch("", tuple(lines))


def _site(name: str, stands: Sequence[Stand]) -> Batch:
    lines = [f"link add {_LAN} type bridge", f"link set {_LAN} up"]
    for stand in stands:
        address = f" address {stand.mac}" if stand.mac else ""
        lines += [
            f"link add {_port(stand)} type veth peer name {_inner(stand)}{address} netns {unit_namespace(stand)}",
            f"link set {_port(stand)} master {_LAN} up",
        ]
    return Batch(name, tuple(lines))


def _platform(nodes: Sequence[Stand]) -> list[Batch]:
    """Return what makes the platform's network; nothing if nobody is a node."""
    if not nodes:
        return []
    lines = [
        "link set lo up",
        f"link add {_TUNNELS} type bridge",
        f"addr add {slurm.LEADER}/{slurm.NETWORK.prefixlen} dev {_TUNNELS}",
        f"link set {_TUNNELS} up",
    ]
    for stand in nodes:
        lines += [
            f"link add {_tunnel(stand)} type veth peer name {TUNNEL} netns {unit_namespace(stand)}",
            f"link set {_tunnel(stand)} master {_TUNNELS} up",
        ]
    return [Batch("", (f"netns add {PLATFORM}",)), Batch(PLATFORM, tuple(lines))]
