"""What LLDP has heard of the switch, without a daemon of its own: systemd-networkd keeps the frames (`LLDP=yes`).

`/run/systemd/netif/lldp/INDEX` holds the frames of one interface, each behind its length in eight bytes, little end
first. They are handed on in the form of lldpd's JSON. Whatever is not a frame of IEEE 802.1AB is passed over.
"""

from __future__ import annotations

import os

from fleet_unit.files import read_text
from fleet_unit.paths import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet_unit.kinds import Document

HEARD = ROOT + "/run/systemd/netif/lldp"
LINKS = ROOT + "/sys/class/net"
LONGEST = 1 << 20
LENGTH, HEADER = 8, 14
ETHERTYPE = b"\x88\xcc"
CHASSIS, PORT, PORT_NAME, NAME, CAPABILITIES = 1, 2, 4, 5, 7
MAC_OF = {CHASSIS: 4, PORT: 3}
"""Subtype that says that an identifier is a MAC."""
BRIDGE, STATION = 0x04, 0x80


def heard() -> Document | None:
    """Return who was heard on each interface; None if networkd does not listen."""
    if not os.path.isdir(HEARD):
        return None
    interfaces = [{name: told} for name, index in _indexes() for told in _neighbours(f"{HEARD}/{index}")]
    return {"lldp": {"interface": interfaces}}


def _indexes() -> Iterator[tuple[str, str]]:
    for name in sorted(os.listdir(LINKS)) if os.path.isdir(LINKS) else ():
        index = read_text(f"{LINKS}/{name}/ifindex").strip()
        if index and os.path.exists(f"{HEARD}/{index}"):
            yield name, index


def _neighbours(path: str) -> Iterator[Document]:
    with open(path, "rb") as file:
        content = file.read(LONGEST)
    at = 0
    while at + LENGTH <= len(content):
        size = int.from_bytes(content[at : at + LENGTH], "little")
        frame = content[at + LENGTH : at + LENGTH + size]
        at += LENGTH + size
        if len(frame) == size and frame[12:HEADER] == ETHERTYPE:
            yield _neighbour(dict(_parts(frame[HEADER:])))


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and value of each part (7 bits of type, 9 of length), up to the end or to one that is cut."""
    at = 0
    while at + 2 <= len(content):
        head = int.from_bytes(content[at : at + 2], "big")
        kind, size = head >> 9, head & 0x1FF
        value = content[at + 2 : at + 2 + size]
        at += 2 + size
        if kind == 0 or len(value) != size:
            return
        yield kind, value


def _neighbour(parts: dict[int, bytes]) -> Document:
    capabilities = int.from_bytes(parts.get(CAPABILITIES, b"")[2:4], "big")
    told = [("Bridge", BRIDGE), ("Station", STATION)] if CAPABILITIES in parts else []
    chassis = {
        "id": _identifier(CHASSIS, parts),
        "capability": [{"type": name, "enabled": bool(capabilities & bit)} for name, bit in told],
    }
    name = _text(parts.get(NAME, b""))
    port = {"id": _identifier(PORT, parts), "descr": _text(parts.get(PORT_NAME, b""))}
    return {"via": "LLDP", "chassis": {name: chassis} if name else chassis, "port": port}


def _identifier(part: int, parts: dict[int, bytes]) -> Document:
    value = parts.get(part, b"")
    if value[:1] == bytes([MAC_OF[part]]):
        return {"type": "mac", "value": value[1:].hex(":")}
    return {"type": "local", "value": _text(value[1:])}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").rstrip("\0")
