"""Gateways: what goes cold while one of them is down (G3)."""

from __future__ import annotations

from fleetctl.core.heat.premises import Gateway, Heater
from fleetctl.core.heat.question import Question
from fleetctl.core.heat.verdict import Verdict, verdict, watts


def blast_radius(question: Question, gateway: Gateway) -> Verdict:
    """G3: say what heat the gateway takes with it; whether the zones bear that is asked by G1.

    Model that `heats_without_gateway`: its units go on heating, and the reboot costs control and jobs alone.
    """
    cut_w = sum(question.premises.heaters[unit].power_w for unit in gateway.cuts)
    if not gateway.cuts:
        arithmetic = f"its {len(gateway.units)} units heat without it, {watts(0)} go down"
    else:
        arithmetic = f"{len(gateway.cuts)} of its {len(gateway.units)} units go down with it, {watts(cut_w)}"
    return verdict("G3", gateway.unit, True, arithmetic)


def gateway_is_up(question: Question, heater: Heater) -> Verdict | None:
    """G3: a unit is not taken down while its gateway is. None if its gateway is up."""
    if heater.gateway not in question.down:
        return None
    return verdict("G3", heater.unit, False, f"its gateway {heater.gateway} is down")
