"""Labels on machines: a serial, a MAC in any of three notations, or the text of a QR code; and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.inventory.invariants.identity import normal_serial
from fleetctl.core.mac import normal_mac

QR_PREFIX = "fleetctl:"
"""What the QR codes of printed labels begin with; the serial follows."""
_MAC = re.compile(r"[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.IGNORECASE)
_BARE_MAC = re.compile(r"[0-9a-f]{12}", re.IGNORECASE)
_SERIAL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{2,63}")


@dataclass(frozen=True, slots=True)
class Tag:
    """What a label says.

    Attributes:
        text: as read.
        serial: normalised; empty if it says none.
        mac: six pairs with colons; empty if it says none. Twelve digits may be either.
    """

    text: str
    serial: str = ""
    mac: str = ""


def tag_of(text: str) -> Tag | None:
    """Return what a scanned or typed label says; None if it cannot be one."""
    if text.casefold().startswith(QR_PREFIX):
        serial = text[len(QR_PREFIX) :].strip()
        return Tag(text, serial=normal_serial(serial)) if _SERIAL.fullmatch(serial) else None
    if _MAC.fullmatch(text):
        return Tag(text, mac=normal_mac(text))
    if _SERIAL.fullmatch(text) is None or not any(c.isdigit() for c in text):
        return None
    mac = normal_mac(text) if _BARE_MAC.fullmatch(text) else ""
    return Tag(text, normal_serial(text), mac)


class Tags:
    """The declared units by what their labels say."""

    def __init__(self, units: Iterable[Unit]) -> None:
        units = list(units)
        self._by_serial = {normal_serial(unit.serial): unit for unit in units if unit.serial}
        self._by_mac = {unit.mac: unit for unit in units if unit.mac}

    def unit_of(self, tag: Tag) -> Unit | None:
        """Return the unit whose machine carries a label; None if nobody's does."""
        return self._by_serial.get(tag.serial) or self._by_mac.get(tag.mac)
