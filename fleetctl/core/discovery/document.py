"""A discovery as data (`fleetctl/discovery/v1`) and as rows for people."""

from __future__ import annotations

from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.discovery.finding import Code, Discovery, Finding, Met
from fleetctl.core.discovery.joining import Machine

SCHEMA = "fleetctl/discovery/v1"
_TOLD = 6
"""Missing machines that are told one by one; all are in the table."""
COLUMNS = ("UNIT", "STANDING", "SERIAL", "MAC", "ADDRESS", "PORT", "SEEN BY")


def document(found: Discovery) -> dict[str, Any]:
    """Return a discovery as plain data."""
    return {
        "schema": SCHEMA,
        "site": found.site,
        "at": to_text(found.at),
        "from": found.by,
        "as_declared": found.is_as_declared,
        "units": [{"unit": met.unit, "standing": met.standing.value, **_machine(met.machine)} for met in found.units],
        "unknown": [_machine(machine) for machine in found.unknown],
        "findings": [_finding(finding) for finding in found.findings],
        "gaps": list(found.gaps),
        "here": [{"port": str(port), "unit": unit} for port, unit in found.here],
    }


def row(met: Met) -> tuple[str, ...]:
    """Return how a unit stands, for a table with `COLUMNS`."""
    told = _machine(met.machine)
    facts = (", ".join(told.get(key, ())) for key in ("serials", "macs", "addresses", "ports", "sources"))
    return (met.unit, met.standing.value, *facts)


def lines(found: Discovery) -> list[str]:
    """Return what was found and what could not be seen, for people: each finding with its next step."""
    shown, missing = _few_missing(found.findings)
    told = [line for finding in shown for line in (finding.message, f"  next: {finding.hint}")]
    told += [f"{missing} more machines were not met"] if missing else []
    told += [f"this machine hangs on {port}" + (f", where {unit} belongs" if unit else "") for port, unit in found.here]
    told += [f"not seen: {gap}" for gap in found.gaps]
    return [*told, counts(found)]


def counts(found: Discovery) -> str:
    """Return how many units stand how, in one line."""
    standings = [met.standing for met in found.units]
    parts = [f"{standings.count(each)} {each.value}" for each in dict.fromkeys(standings)]
    unknown = [f"{len(found.unknown)} unknown"] if found.unknown else []
    return f"{found.site}: {', '.join([*parts, *unknown])}"


def _few_missing(findings: tuple[Finding, ...]) -> tuple[list[Finding], int]:
    """Return the findings to tell in words, and how many more machines are missing: a dead switch is not a hundred."""
    missing = [finding for finding in findings if finding.code is Code.MISSING]
    untold = missing[_TOLD:]
    return [finding for finding in findings if finding not in untold], len(untold)


def _machine(machine: Machine | None) -> dict[str, Any]:
    if machine is None:
        return {}
    return {
        "serials": list(machine.serials),
        "macs": list(machine.macs),
        "models": list(machine.models),
        "addresses": list(machine.addresses or machine.leased),
        "ports": [str(port) for port in machine.ports],
        "host_keys": list(machine.host_keys),
        "sources": [source.value for source in machine.sources],
        "evidence": list(machine.evidence),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code.value,
        "note": finding.code.is_note,
        "quarantines": finding.code.quarantines,
        "units": list(finding.units),
        "message": finding.message,
        "hint": finding.hint,
        "evidence": list(finding.evidence),
    }
