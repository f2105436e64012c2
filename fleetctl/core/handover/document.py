"""The handover report as plain data: what is signed, whatever language or form people read it in."""

from __future__ import annotations

from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.handover.measured import Curve, Measured
from fleetctl.core.handover.report import DwellingReport, Handover, StageReport, UnitReport
from fleetctl.core.handover.reserves import Reserve


def to_document(report: Handover) -> dict[str, Any]:
    """Return the report as JSON data; two reports of the same facts and the same issue are the same data."""
    return {
        "issue": report.issue.to_document(),
        "title": report.title,
        "time_zone": report.time_zone,
        "acceptance": _stage(report.acceptance) if report.acceptance else None,
        "dwellings": [_dwelling(each) for each in report.dwellings],
        "plant": [_unit(each) for each in report.plant],
        "reserves": [reserve_document(each) for each in report.reserves],
        "ledger": [{"writer": e.writer, "number": e.number, "digest": e.digest} for e in report.ledger],
    }


def _dwelling(report: DwellingReport) -> dict[str, Any]:
    dwelling = report.dwelling
    return {
        "id": dwelling.id,
        "building": dwelling.building,
        "floor": dwelling.floor,
        "area_m2": dwelling.area_m2,
        "accepted": report.accepted,
        "acceptance": _stage(report.acceptance),
        "skipped": _stage(report.skipped) if report.skipped else None,
        "units": [_unit(each) for each in report.units],
    }


def _unit(report: UnitReport) -> dict[str, Any]:
    unit = report.unit
    return {
        "unit": unit.name,
        "kind": unit.kind.value,
        "model": unit.model,
        "building": unit.building,
        "room": unit.room,
        "loop": unit.loop,
        "serial": unit.serial,
        "installed_serial": report.serial,
        "mac": unit.mac,
        "address": unit.address,
        "port": unit.port,
        "lifecycle": report.lifecycle.value,
        "marked": report.marked,
        "accepted": report.accepted,
        "vouched_by_a_person": report.is_vouched,
        "fingerprints": [{"of": each.of, "fingerprint": each.text} for each in report.fingerprints],
        "stages": [_stage(each) for each in report.stages],
        "burn_in": _measured(report.burn_in),
        "room_proof": _measured(report.room_proof),
    }


def _stage(stage: StageReport) -> dict[str, Any]:
    return {
        "stage": stage.stage.value,
        "state": stage.state.value,
        "name": stage.person,
        "actor": stage.actor,
        "at": to_text(stage.at) if stage.at else None,
        "reason": stage.reason,
        "tries": stage.tries,
        "entry": stage.entry,
    }


def _measured(of: Measured) -> dict[str, Any] | None:
    if not of.verdict and not of.checks and not of.curves:
        return None
    checks = [{"name": c.name, "holds": c.holds, "text": c.text, "about": dict(c.about)} for c in of.checks]
    curves = [_curve(each) for each in of.curves]
    responses = {each.sensor: [each.rise_k, each.error_k] for each in of.responses}
    proof = {"responses": responses, "found": dict(of.about)}
    return {"verdict": of.verdict, "checks": checks, "curves": curves, **proof}


def _curve(curve: Curve) -> dict[str, Any]:
    points = [[at, value] for at, value in curve.points]
    return {"of": curve.name, "unit": curve.unit, "low": curve.low, "high": curve.high, "points": points}


def reserve_document(reserve: Reserve) -> dict[str, Any]:
    """Return a reserve as JSON data, with its lifting if it was lifted."""
    return {
        "name": reserve.name,
        "subject": reserve.subject,
        "text": reserve.text,
        "noted": _entry(reserve.entry),
        "lifted": {**_entry(reserve.lifting), "text": reserve.lifted_because} if reserve.lifting else None,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    draft = entry.draft
    return {
        "name": str(draft.detail.get("name", "")),
        "actor": draft.actor,
        "at": to_text(draft.at),
        "entry": entry.digest,
    }
