"""The proof of rooms: which unit heats which room, by what each sensor answers to each unit's own pattern of heat.

What a sensor shows is taken for a slow drift (weather, the mass of the walls, the neighbours' usual heat) and an answer
to each unit, its heat behind the lag of air that a two-node room has; least squares tells them apart. The heat that
counts is what flowed, not what was asked for. Two facts of any passive building carry the judgement: a heater warms no
room by more than its own, and no room is warmed by a heater elsewhere as much as by one inside.

Invariant: a unit is called proven only if the sensor of its own room answers to it clearly, no other room's sensor
answers nearly as much, and no unit of another room makes its own room answer nearly as much. What is neither clear nor
clearly wrong is not proven, and a sensor that is built into the unit never proves where it is. Nothing is concluded
over a gap: who told nothing for a turn of the patterns, and came back, tells nothing of what went on meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from fleetctl.core.commissioning.burn_in import FAILED
from fleetctl.core.commissioning.codes import CHIP_S
from fleetctl.core.commissioning.fit import averaged
from fleetctl.core.commissioning.responses import (
    LEAST_K,
    SURE,
    Heating,
    NeverTogether,
    Response,
    Sensing,
    edges_of,
    responses,
)
from fleetctl.core.commissioning.silence import LeftOut, gap, heard_by
from fleetctl.core.commissioning.standing import PASSED, REASON, VERDICT

__all__ = ["Answer", "Heating", "Proof", "Response", "Sensing", "judge"]

CURVE_POINTS = 60
NEAR_SHARE = 0.7
"""Of an answer: another one from here on is as much as that."""
FOLLOWED_SHARE = 0.2
"""Of a unit's power: its heat has to have varied by so much for a pattern to be seen in it."""


class Answer(StrEnum):
    """What the proof of a unit's room came to."""

    OWN = "own"
    OTHER = "other"
    """It heats another room."""
    NONE = "none"
    """It gave heat, and no sensor answered."""
    BUILT_IN = "built_in"
    """Only its own built-in sensor answered, which moves with it: a person must confirm."""
    NOT_PROVEN = "not_proven"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of one unit.

    Attributes:
        place: that it heats; empty if that is not known.
        with_unit: with which it is swapped, if that is plain.
        text: the arithmetic.
        responses: of every sensor, by its id.
        curve: (s since it began, heat in W, temperature in °C of the sensor in its place), for the report's pictures.
    """

    unit: str
    answer: Answer
    place: str
    text: str
    with_unit: str = ""
    responses: Mapping[str, Response] = field(default_factory=dict)
    curve: tuple[tuple[float, float, float], ...] = ()

    def to_detail(self) -> dict[str, Any]:
        """Return the detail of the ledger's entry; only an own room counts as passed."""
        verdicts = {Answer.OWN: PASSED, Answer.OTHER: FAILED, Answer.NONE: FAILED}
        return {
            VERDICT: verdicts.get(self.answer, self.answer.value),
            REASON: "" if self.answer is Answer.OWN else self.text,
            "answer": self.answer.value,
            "heats": self.place,
            "with": self.with_unit,
            "text": self.text,
            "curve": [list(point) for point in self.curve],
            "responses": {id: [round(r.rise_k, 3), round(r.error_k, 3)] for id, r in self.responses.items()},
        }


def judge(heatings: Sequence[Heating], sensors: Sequence[Sensing], *, speed: float = 1.0) -> Mapping[str, Proof]:
    """Return what was found of every unit.

    Args:
        heatings: all units that were heated at the same time.
        sensors: all that were watched meanwhile, in these dwellings and beside them.
        speed: seconds that passed in rooms while one did on the clocks of the series.
    """
    turn_s = CHIP_S / speed
    unclear = {each.unit: text for each in heatings if (text := gap(each, turn_s) or _no_pattern(each))}
    followed = [each for each in heatings if each.unit not in unclear]
    found = {unit: Proof(unit, Answer.NOT_PROVEN, "", text) for unit, text in unclear.items()}
    try:
        heard, left_out = heard_by(followed, sensors, turn_s)
        answers = responses(followed, heard, speed) if followed and heard else {}
    except NeverTogether:
        return {**found, **_unclear(followed, "they were not heated at the same time")}
    except ValueError as error:
        return {**found, **_unclear(followed, f"patterns alike: {error}")}
    court = _Court(tuple(followed), heard, answers, left_out)
    return {**found, **_paired({each.unit: court.proof(each) for each in followed}, followed)}


def _unclear(heatings: Sequence[Heating], why: str) -> Mapping[str, Proof]:
    return {each.unit: Proof(each.unit, Answer.NOT_PROVEN, "", why) for each in heatings}


def _no_pattern(heating: Heating) -> str:
    """Return that no pattern is to be seen in a unit's heat; empty if one is."""
    watts = [value for _, value in heating.powers] or [0.0]
    if len(watts) > 2 and max(watts) - min(watts) >= FOLLOWED_SHARE * heating.power_w:
        return ""
    return f"its heat went from {min(watts):.0f} to {max(watts):.0f} W of {heating.power_w:.0f} W: no pattern to see"


@dataclass(frozen=True)
class _Court:
    """Judges units by the responses of sensors; of others it says only that they were left out."""

    heatings: Sequence[Heating]
    sensors: Sequence[Sensing]
    answers: Mapping[tuple[str, str], Response]
    left_out: Sequence[LeftOut]

    def proof(self, heating: Heating) -> Proof:
        """Return what was found of a unit."""
        answers = {each.id: self.answers[each.id, heating.unit] for each in self.sensors}
        judged, left_out = self._judged(heating), self._said_of_left_out(heating)
        text = f"{judged.text}; {left_out}" if left_out else judged.text
        return replace(judged, text=text, responses=answers, curve=tuple(self._curve(heating)))

    def _missing(self, heating: Heating) -> list[LeftOut]:
        """Return the sensors that would have been of use to a unit and were left out."""
        return [out for out in self.left_out if _is_of_use(out.sensor, heating)]

    def _said_of_left_out(self, heating: Heating) -> str:
        """Return which they were, and why; empty if none."""
        told = [f"{out.sensor.id}, which {out.why}" for out in self._missing(heating)]
        return f"left out: {'; '.join(told)}" if told else ""

    def _curve(self, heating: Heating) -> Iterator[tuple[float, float, float]]:
        here = [each for each in self.sensors if _is_of_use(each, heating)]
        if here:
            sensor = min(here, key=lambda each: each.unit)  # one of its own before one that is built in
            edges = edges_of([heating.powers, sensor.temperatures], CURVE_POINTS)
            averages = zip(edges, averaged(heating.powers, edges), averaged(sensor.temperatures, edges), strict=False)
            yield from ((round(at - edges[0], 1), round(w, 1), round(c, 2)) for at, w, c in averages)

    def _judged(self, heating: Heating) -> Proof:
        own = [each for each in self._standing if each.place == heating.place]
        if not own and any(out.came_back and not out.sensor.unit for out in self._missing(heating)):
            return Proof(heating.unit, Answer.NOT_PROVEN, "", f"no sensor in {heating.place} told all the time")
        strongest = self._strongest(heating, self._standing)
        if strongest is not None and strongest.place != heating.place:
            doubt = self._doubt(heating, strongest)
            if doubt is None:
                text = f"heats {strongest.place}, not {heating.place}: {self._said(strongest, heating)}"
                return Proof(heating.unit, Answer.OTHER, strongest.place, text)
        if not own:
            return self._without_sensor(heating)
        if strongest is None or strongest not in own:
            return self._silent(heating, own[0])
        doubt = self._doubt(heating, strongest)
        if doubt is None:
            return Proof(heating.unit, Answer.OWN, heating.place, self._said(strongest, heating))
        rival = self._rival(heating, strongest)
        if rival is not None and self._outdone(heating, strongest, rival):
            text = f"{strongest.id} in {heating.place} answers to {rival.unit}: {doubt}"
            return Proof(heating.unit, Answer.OTHER, "", text, rival.unit)
        return Proof(heating.unit, Answer.NOT_PROVEN, "", doubt)

    @property
    def _standing(self) -> list[Sensing]:
        """Return the sensors that do not move with a unit."""
        return [each for each in self.sensors if not each.unit]

    def _strongest(self, heating: Heating, sensors: Sequence[Sensing]) -> Sensing | None:
        clear = [each for each in sensors if self._rise(each, heating).is_clear]
        return max(clear, key=lambda each: self._rise(each, heating).rise_k, default=None)

    def _doubt(self, heating: Heating, sensor: Sensing) -> str | None:
        """Return why it is not certain that a unit stands where a sensor does; None if it is."""
        near_k = NEAR_SHARE * self._rise(sensor, heating).rise_k
        for other in self._standing:
            if other.place != sensor.place and self._at_most(other, heating) > near_k:
                return f"{self._said(sensor, heating)}, nearly as much: {self._said(other, heating)}"
        for rival in self.heatings:
            if rival.unit != heating.unit and self._contradicts(rival, heating, sensor):
                return f"{self._said(sensor, heating)}, {self._said(sensor, rival)}"
        return self._own_sensor_apart(heating, sensor)

    def _contradicts(self, rival: Heating, heating: Heating, sensor: Sensing) -> bool:
        """Say whether what a sensor answers to another unit lets doubt that this one stands there.

        One that is declared to be in the same place has to do about as much, per W; one of another place far less.
        """
        scale = heating.power_w / rival.power_w
        here, there = self._rise(sensor, heating), self._rise(sensor, rival)
        if rival.place == heating.place:
            return NEAR_SHARE * scale * there.rise_k > here.rise_k + 2 * here.error_k
        return scale * self._at_most(sensor, rival) > NEAR_SHARE * here.rise_k

    def _own_sensor_apart(self, heating: Heating, sensor: Sensing) -> str | None:
        """Return that the unit's built-in sensor feels far more heat than the room's: then they are not in one room."""
        for inside in self.sensors:
            felt = self._rise(inside, heating)
            if inside.unit == heating.unit and NEAR_SHARE**2 * felt.rise_k > self._rise(sensor, heating).rise_k:
                return f"{self._said(sensor, heating)}, but its built-in sensor {felt.rise_k:+.2f} K"
        return None

    def _rival(self, heating: Heating, sensor: Sensing) -> Heating | None:
        """Return the other unit, not of the same place, to which a sensor answers most, per W."""
        others = [each for each in self.heatings if each.place != heating.place and each.unit != heating.unit]
        return max(others, key=lambda each: self._rise(sensor, each).rise_k / each.power_w, default=None)

    def _outdone(self, heating: Heating, sensor: Sensing, rival: Heating) -> bool:
        one, two, scale = self._rise(sensor, heating), self._rise(sensor, rival), heating.power_w / rival.power_w
        return two.is_clear and NEAR_SHARE * scale * two.rise_k > one.rise_k + SURE / 2 * one.error_k

    def _silent(self, heating: Heating, own: Sensing) -> Proof:
        """Judge a unit whose own room's sensor does not answer to it, nor clearly another."""
        text = f"nothing answers in {heating.place}: {self._said(own, heating)}"
        rival = self._rival(heating, own)
        if rival is not None and self._outdone(heating, own, rival):
            text = f"{own.id} in {heating.place} answers to {rival.unit}: {self._said(own, rival)}"
            return Proof(heating.unit, Answer.OTHER, "", text, rival.unit)
        least_k = self._rise(own, heating).error_k * SURE
        if least_k > 2 * LEAST_K:
            return Proof(heating.unit, Answer.NOT_PROVEN, "", f"{text}; too much noise")
        return Proof(heating.unit, Answer.NONE, "", text)

    def _without_sensor(self, heating: Heating) -> Proof:
        inside = next((each for each in self.sensors if each.unit == heating.unit), None)
        if inside is not None and self._rise(inside, heating).is_clear:
            text = (
                f"{self._said(inside, heating)}, built in: it moves with the unit, and a person must confirm the room"
            )
            return Proof(heating.unit, Answer.BUILT_IN, "", text)
        if self._missing(heating):
            return Proof(heating.unit, Answer.NOT_PROVEN, "", f"no sensor in {heating.place} told enough")
        told = f"its built-in sensor answers {self._rise(inside, heating).rise_k:+.2f} K" if inside else "it has none"
        return Proof(heating.unit, Answer.NONE, "", f"no sensor stands in {heating.place}, and {told}")

    def _rise(self, sensor: Sensing, heating: Heating) -> Response:
        return self.answers[sensor.id, heating.unit]

    def _at_most(self, sensor: Sensing, heating: Heating) -> float:
        response = self._rise(sensor, heating)
        return response.rise_k + 2 * response.error_k

    def _said(self, sensor: Sensing, heating: Heating) -> str:
        response = self._rise(sensor, heating)
        return f"{sensor.id} answers {response.rise_k:+.2f} K (±{response.error_k:.2f}) to {heating.unit}"


def _is_of_use(sensor: Sensing, heating: Heating) -> bool:
    """Say whether a sensor stands where a unit is declared to be, or is built into it."""
    return sensor.place == heating.place and sensor.unit in ("", heating.unit)


def _paired(found: Mapping[str, Proof], heatings: Sequence[Heating]) -> Mapping[str, Proof]:
    """Say with which other unit each one that heats another room is swapped."""
    of_place = {each.place: each.unit for each in heatings}
    home = {each.unit: each.place for each in heatings}
    return {unit: _with_pair(proof, home[unit], of_place, found) for unit, proof in found.items()}


def _with_pair(proof: Proof, home: str, of_place: Mapping[str, str], found: Mapping[str, Proof]) -> Proof:
    if proof.answer is not Answer.OTHER or not proof.place:
        return proof
    other = of_place.get(proof.place, "")
    swapped = other in found and found[other].answer is not Answer.OWN and found[other].place in ("", home)
    return replace(proof, with_unit=other, text=f"{proof.text}; swapped with {other}") if swapped else proof
