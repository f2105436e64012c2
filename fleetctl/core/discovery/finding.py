"""What discovery found: of each unit whether its machine stands where it belongs, and everything that is not so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleetctl.core.discovery.joining import Machine
from fleetctl.core.discovery.sighting import SwitchPort


class Presence(StrEnum):
    """How a unit's machine stands; the worst that was found."""

    PRESENT = "present"
    MISSING = "missing"
    NOT_LOOKED_FOR = "not-looked-for"
    """Its gateway could not look."""
    WRONG_ADDRESS = "wrong-address"
    WRONG_PORT = "wrong-port"
    SWAPPED = "swapped"
    WRONG_IDENTITY = "wrong-identity"
    CLAIMED_TWICE = "claimed-twice"


class Code(StrEnum):
    """What kind of thing was found."""

    CLAIMED_TWICE = "claimed-twice"
    """Two machines say that they are one unit's."""
    DUPLICATE_MAC = "duplicate-mac"
    WRONG_IDENTITY = "wrong-identity"
    SWAPPED = "swapped"
    WRONG_PORT = "wrong-port"
    WRONG_ADDRESS = "wrong-address"
    ADDRESS_CONFLICT = "address-conflict"
    """Two machines were met at one address."""
    MISSING = "missing"
    UNKNOWN = "unknown"
    """A machine that is no unit's."""
    SOURCES_DIFFER = "sources-differ"
    NOT_DECLARED = "not-declared"
    """A machine is known for its unit's, and something of it is not declared yet."""
    UNKNOWN_SWITCH = "unknown-switch"

    @property
    def is_note(self) -> bool:
        """Say whether it is only worth knowing: nothing stands wrong."""
        return self in {Code.SOURCES_DIFFER, Code.NOT_DECLARED, Code.UNKNOWN_SWITCH}

    @property
    def quarantines(self) -> bool:
        """Say whether its units are to be left alone until a person has looked."""
        return self in {Code.CLAIMED_TWICE, Code.DUPLICATE_MAC, Code.WRONG_IDENTITY}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as declared.

    Attributes:
        units: that it is about, sorted; none for a machine that is nobody's.
        message: object and fact.
        hint: the next step.
        evidence: what each source says.
    """

    code: Code
    units: tuple[str, ...]
    message: str
    hint: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Met:
    """How one unit stands.

    Attributes:
        machine: that is known to be its own; None if none was met.
    """

    unit: str
    standing: Presence
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was discovered of a site.

    Attributes:
        by: `gateway` or `here`.
        units: all of the site, in the inventory's order.
        unknown: machines that are no unit's; switches are none.
        findings: the worst first.
        gaps: what could not be asked, in words.
        here: each port that the machine hangs on which looked, with the unit that belongs there, or an empty text.
    """

    site: str
    at: datetime
    by: str
    units: tuple[Met, ...]
    unknown: tuple[Machine, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[str, ...] = ()
    here: tuple[tuple[SwitchPort, str], ...] = ()

    @property
    def is_as_declared(self) -> bool:
        """Say whether every unit's machine stands where it belongs, and nobody else does."""
        return all(met.standing is Presence.PRESENT for met in self.units) and not any(
            not finding.code.is_note for finding in self.findings
        )
