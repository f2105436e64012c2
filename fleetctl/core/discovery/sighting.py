"""What one source says of one machine: a DHCP lease, a neighbour, an LLDP frame, a bridge, an answer over SSH.

Sightings carry only what their source tells; `joining` puts together what is said of one machine. Whatever a device
says of itself may be anything: it is made safe (`safe_text`) before it becomes a sighting.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LONGEST = 64


class Source(StrEnum):
    """Who tells of machines."""

    LEASE = "dhcp"
    """A lease that has not ended; its machine may have gone."""
    NEIGHBOUR = "neighbour"
    """The kernel reached this MAC at this address."""
    LLDP = "lldp"
    BRIDGE = "bridge"
    """A gateway's bridge heard this MAC on one of its ports within some minutes; its machine may have gone."""
    SSH = "ssh"
    """An SSH server answered at the address; if its host key is a pinned one, the machine told its identity."""


@dataclass(frozen=True, slots=True, order=True)
class SwitchPort:
    """A port of a switch, as somebody names it.

    Attributes:
        switch: name of the switch; of a gateway whose own ports machines hang on, its name without the site.
        name: of the port, such as `11`, `gi11` or `GigabitEthernet1/0/11`.
    """

    switch: str
    name: str

    def __str__(self) -> str:
        return f"{self.switch}/{self.name}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one source says of one machine. What it does not tell is empty.

    Attributes:
        by: who saw it: a unit's name, or `here`.
        macs: its hardware addresses, six pairs of lower-case digits with colons.
        address: where it was seen.
        serial, model: as its `/etc/fleet/release` tells, over a connection with a pinned host key.
        host_key: fingerprint that it proved.
        port: that it hangs on.
        is_switch: it says that it is a switch, and so is no unit's machine.
        said: whatever else is worth showing: its host name, its SSH banner.
    """

    source: Source
    by: str
    macs: tuple[str, ...] = ()
    address: str = ""
    serial: str = ""
    model: str = ""
    host_key: str = ""
    port: SwitchPort | None = None
    is_switch: bool = False
    said: str = ""

    def __str__(self) -> str:
        facts = [
            f"serial {self.serial}" if self.serial else "",
            f"MAC {', '.join(self.macs)}" if self.macs else "",
            f"at {self.address}" if self.address else "",
            f"on {self.port}" if self.port else "",
            f"host key {self.host_key}" if self.host_key else "",
            f"says '{self.said}'" if self.said else "",
        ]
        return f"{self.source.value} ({self.by}): {', '.join(filter(None, facts))}"


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen of a site.

    Attributes:
        gaps: what could not be asked, each in words with its next step.
        blind: names of gateways that could not look, so that what is behind them alone is not known to be missing.
        own_ports: that the machine hangs on which looked, if it is no unit's: an engineer's laptop in a room's socket.
    """

    sightings: tuple[Sighting, ...]
    gaps: tuple[str, ...] = ()
    blind: frozenset[str] = frozenset()
    own_ports: tuple[SwitchPort, ...] = ()


def safe_text(text: str, longest: int = LONGEST) -> str:
    """Return a foreign text for a terminal: one line, what is not printable escaped, cut to `longest` characters."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: 4 * longest].strip())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
