"""A rollout's report as plain data, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.report.decisions import WaveReport
from fleetctl.core.report.heat import SpaceReport
from fleetctl.core.rollout.state import Noted
from fleetctl.core.rollout_report import Attempt, RolloutReport, UnitReport

SCHEMA = "fleetctl/report/v1"


def to_document(report: RolloutReport) -> dict[str, Any]:
    """Return the report as plain data of schema `fleetctl/report/v1`."""
    rollout = report.rollout
    return {
        "schema": SCHEMA,
        "rollout": rollout.id,
        "fleet": rollout.fleet,
        "plan": rollout.plan,
        "policy": rollout.policy.name,
        "actor": rollout.actor,
        "status": rollout.status.value,
        "reason": rollout.reason,
        "created": to_text(report.began),
        "ended": to_text(report.ended) if rollout.status.is_end else None,
        "made": to_text(report.made),
        "duration_s": round(report.duration_s, 3),
        "counts": dict(report.counts),
        "units": [_unit_document(unit) for unit in report.units],
        "left_out": [{"unit": unit, "reason": reason} for unit, reason in rollout.left_out.items()],
        "waves": [wave_document(wave) for wave in report.waves],
        "halted_sites": dict(rollout.halted_sites),
        "spaces": [_space_document(space) for space in report.spaces],
        "heat_not_delivered_kwh": round(sum(space.lacked_kwh or 0.0 for space in report.spaces), 4),
        "mixed": [{"config": m.config.value, "version": m.version, "units": list(m.units)} for m in report.mixed],
        "jobs_lost": [_note_document(note) for note in report.jobs_lost],
        "decisions": {each.title: [_note_document(note) for note in each.notes] for each in report.decisions},
        "log": [_note_document(note) for note in report.log],
    }


def _unit_document(unit: UnitReport) -> dict[str, Any]:
    progress = unit.progress
    return {
        "unit": progress.unit,
        "site": progress.site,
        "kind": progress.kind.value,
        "actions": [action.value for action in progress.actions],
        "config_digest": progress.config_digest,
        "release": progress.release or None,
        "component": progress.component or None,
        "phase": progress.phase.value,
        "in_doubt": progress.in_doubt,
        "cause": progress.cause.value if progress.cause else None,
        "reason": progress.reason,
        "duration_s": round(unit.duration_s, 3),
        "attempts": [_attempt_document(attempt) for attempt in unit.attempts],
        "wave": progress.wave,
        "spans": [
            {"what": s.what, "began": to_text(s.began), "ended": None if s.is_open else to_text(s.ended)}
            for s in unit.spans
        ],
        "heat_interrupted": list(_stretches(unit.down)),
        "left_drained": unit.is_left_drained,
        "left_without_heat": unit.is_left_cold,
        "version": unit.standing.version,
        "config": unit.standing.config.value,
        "config_seen": unit.standing.config_digest,
    }


def _attempt_document(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "began": to_text(attempt.began),
        "ended": to_text(attempt.ended) if attempt.ended else None,
        "outcome": attempt.outcome or None,
        "text": attempt.text,
    }


def wave_document(wave: WaveReport) -> dict[str, Any]:
    """Return a wave and its gate as plain data."""
    return {
        "wave": wave.index,
        "name": wave.name,
        "units": len(wave.units),
        "succeeded": wave.succeeded,
        "standing": wave.standing,
        "gate": wave.gate,
        "began": to_text(wave.began) if wave.began else None,
        "ended": to_text(wave.ended) if wave.ended else None,
    }


def _space_document(space: SpaceReport) -> dict[str, Any]:
    lowest = space.lowest
    return {
        "space": space.name,
        "units": list(space.units),
        "setpoint_c": space.setpoint_c,
        "floor_c": space.floor_c,
        "before_c": space.before_c,
        "lowest_c": lowest.temperature_c if lowest else None,
        "lowest_at": to_text(lowest.at) if lowest else None,
        "too_cold": space.is_too_cold,
        "heat_debt_kh": None if space.debt_kh is None else round(space.debt_kh, 4),
        "heat_not_delivered_kwh": None if space.lacked_kwh is None else round(space.lacked_kwh, 4),
        "heat_interrupted": list(_stretches(space.down)),
        "temperatures": [
            {"at": to_text(p.at), "temperature_c": p.temperature_c, "setpoint_c": p.setpoint_c} for p in space.points
        ],
    }


def _stretches(down: tuple[tuple[datetime, datetime], ...]) -> Iterator[dict[str, str]]:
    for began, ended in down:
        yield {"began": to_text(began), "ended": to_text(ended)}


def _note_document(note: Noted) -> dict[str, str]:
    return {"at": to_text(note.at), "unit": note.unit, "what": note.what, "text": note.text}
