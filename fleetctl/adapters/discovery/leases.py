"""Reads dnsmasq's lease file: `expiry MAC address host-name client-id`, one lease a line (see dnsmasq(8))."""

from __future__ import annotations

from fleetctl.adapters.discovery.parsing import Parsed, address_of, bounded, mac_of
from fleetctl.core.discovery.sighting import Sighting, Source, safe_text

_NO_NAME = "*"


def read_leases(text: str, *, by: str, now_s: float) -> Parsed[Sighting]:
    """Return the leases that have not ended.

    Args:
        text: of the file; leases of IPv6, which name no MAC, stand behind a line `duid …` and are passed over.
        by: whose leases they are.
        now_s: by the clock of the machine that wrote the file.
    """
    found: list[Sighting] = []
    bad = 0
    lines, flaws = bounded(text.splitlines(), "leases")
    for line in lines:
        if line.startswith("duid "):
            break
        sighting = _lease(line, by)
        bad += sighting is None
        if sighting is not None and not _has_ended(line, now_s):
            found.append(sighting)
    return Parsed(tuple(found), (*flaws, *([f"{bad} lines of the lease file cannot be read"] if bad else [])))


def _lease(line: str, by: str) -> Sighting | None:
    words = line.split(" ")
    if len(words) < 4 or not words[0].isascii() or not words[0].isdigit():
        return None
    mac, address = mac_of(words[1]), address_of(words[2])
    if mac is None or address is None:
        return None
    return Sighting(Source.LEASE, by, (mac,), address, said="" if words[3] == _NO_NAME else safe_text(words[3]))


def _has_ended(line: str, now_s: float) -> bool:
    expiry = line.partition(" ")[0]
    return expiry != "0" and (len(expiry) < 16 and int(expiry) < now_s)  # 0: it never ends
