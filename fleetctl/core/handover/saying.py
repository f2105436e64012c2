"""What is found of a unit, said in a language: arithmetic, answers of rooms, what is to be looked after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fleetctl.core.commissioning.burn_in import WHY
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.commissioning.standing import State
from fleetctl.core.handover.curves import Picture
from fleetctl.core.handover.measured import Check, Measured, number
from fleetctl.core.handover.report import StageReport, UnitReport
from fleetctl.core.words import handover as words
from fleetctl.core.words.speech import Speech
from fleetctl.core.words.stages import STAGES

_UNITS: Mapping[str, tuple[str, int]] = {"w": ("W", 0), "k": ("K", 1), "c": ("°C", 1), "min": ("min", 0)}
"""Unit and decimals by the end of a number's name in the ledger."""
_FINE = "rise"
"""A check whose numbers are small."""
_PLACES = {"W": 0, "°C": 1}
_STATES = {
    State.FAILED: words.FAILED_STAGE,
    State.PENDING: words.PENDING_STAGE,
    State.SKIPPED: words.SKIPPED_STAGE,
    State.VOID: words.VOID_STAGE,
}


def arithmetic(check: Check, speech: Speech) -> str:
    """Say the arithmetic of a check; in the ledger's English where it has no numbers that can be said."""
    why = check.about.get(WHY)
    text = words.ARITHMETICS.get(f"{check.name}:{why}" if why else check.name)
    try:
        return speech.say(text, **_numbers(check, speech)) if text else check.text
    except KeyError:
        return check.text


def _numbers(check: Check, speech: Speech) -> Mapping[str, str]:
    finer = 1 if check.name == _FINE else 0
    said = {name: _number(name, value, finer, speech) for name, value in check.about.items()}
    measured_w, expected_w = (number(check.about.get(name)) for name in ("measured_w", "expected_w"))
    if measured_w is not None and expected_w:
        off = measured_w / expected_w - 1
        said["off"] = ("+" if off > 0 else "") + speech.quantity(100 * off, "%", 1)
    return said


def _number(name: str, value: object, finer: int, speech: Speech) -> str:
    as_number = number(value)
    if as_number is None:
        return str(value)
    if name == "share":
        return speech.quantity(100 * as_number, "%")
    unit, places = _UNITS.get(name.rpartition("_")[2], ("", 0))
    return speech.quantity(as_number, unit, places + finer) if unit else speech.decimal(as_number, 0)


def answer(proof: Measured, speech: Speech) -> str:
    """Say which room answered to a unit; empty if nothing was found."""
    found = proof.text("answer")
    if found == "other" and not proof.text("heats"):
        found = "other_unknown"
    text = words.ANSWERS.get(found)
    if text is None:
        return proof.text("text")
    said = speech.say(text, heats=proof.text("heats"), with_unit=proof.text("with"))
    is_swapped = found == "other" and proof.text("with")
    return f"{said}, {speech.say(words.SWAPPED, unit=proof.text('with'))}" if is_swapped else said


def responses(proof: Measured, most: int, speech: Speech) -> str:
    """Say how much sensors answered, those that answered most."""
    return speech.listed(
        speech.say(
            words.RESPONSE,
            sensor=each.sensor,
            rise=("+" if each.rise_k > 0 else "") + speech.quantity(each.rise_k, "K", 2),
            error=speech.decimal(each.error_k, 2),
        )
        for each in proof.responses[:most]
    )


def attention(unit: UnitReport, speech: Speech) -> Iterator[str]:
    """Yield what is to be looked after at a unit."""
    mark = words.MARKS.get(unit.lifecycle)
    if mark is not None:
        yield speech.say(mark, reason=unit.marked or speech.say(words.NO_REASON))
    if unit.serial and unit.serial != unit.unit.serial:
        yield speech.say(words.OTHER_SERIAL, installed=unit.serial, declared=unit.unit.serial or "–")
    for stage in unit.stages:
        if stage.state in _STATES:
            yield stage_said(stage, reason_of(unit, stage, speech), speech)
        elif stage.stage is Stage.ROOM_PROOF and stage.state is State.CONFIRMED:
            yield speech.say(words.VOUCHED, person=stage.by)


def stage_said(stage: StageReport, reason: str, speech: Speech) -> str:
    """Say how a stage that failed, waits, was left out or is void stands."""
    said = reason or speech.say(words.NO_REASON)
    return speech.say(_STATES[stage.state], stage=speech.say(STAGES[stage.stage]), reason=said)


def reason_of(unit: UnitReport, stage: StageReport, speech: Speech) -> str:
    """Say why a stage stands as it does: by what was measured where that can be said, else as it was written."""
    if stage.state not in (State.FAILED, State.PENDING):
        return stage.reason
    if stage.stage is Stage.ROOM_PROOF and unit.room_proof.text("answer") in words.ANSWERS:
        return answer(unit.room_proof, speech)
    failed = [check for check in unit.burn_in.checks if check.holds is False]
    if stage.stage is Stage.BURN_IN and failed:
        return "; ".join(f"{check_name(check, speech)} {arithmetic(check, speech)}" for check in failed)
    return stage.reason


def check_name(check: Check, speech: Speech) -> str:
    """Say which figure a check is about."""
    text = words.CHECKS.get(check.name)
    return speech.say(text) if text else check.name


def curve_said(picture: Picture, speech: Speech) -> str:
    """Say a curve to those who do not see it."""
    unit = picture.curve.unit
    places = _PLACES.get(unit, 1)
    least, most = (speech.quantity(value, unit, places) for value in (picture.least, picture.most))
    name = words.CURVES.get(picture.curve.name)
    said = speech.say(
        words.CURVE_SAID,
        curve=speech.say(name) if name else picture.curve.name,
        duration=speech.duration(picture.seconds),
        least=least,
        most=most,
    )
    return said + band_said(picture, speech)


def band_said(picture: Picture, speech: Speech) -> str:
    """Say the band of a curve, after a semicolon; nothing if it has none."""
    low, high, unit = picture.curve.low, picture.curve.high, picture.curve.unit
    if low is None or high is None:
        return ""
    places = _PLACES.get(unit, 1)
    band = {"low": speech.quantity(low, unit, places), "high": speech.quantity(high, unit, places)}
    return "; " + speech.say(words.BAND_SAID, **band)
