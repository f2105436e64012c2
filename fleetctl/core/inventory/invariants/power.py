"""Sums of power: modules in a model, units on a connection, radiators in a dwelling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from fleetctl.core.inventory.flaws import Flaw, site_path
from fleetctl.core.inventory.fleet import Fleet, Kind, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.problems import Severity

LEAST_HEATER_W = 50.0
MODULES_OVER_MODEL = 1.1
COMFORT_C = 18.0
"""18 °C must be attainable in a dwelling (CCH R171-11; WHO 2018)."""


def power_in_watts(fleet: Fleet) -> Iterator[Flaw]:
    """A machine that heats has at least 50 W; less was meant in kW."""
    for model in fleet.models.values():
        if model.kind is not Kind.GATEWAY and model.power_w < LEAST_HEATER_W:
            message = f"{model.kind} '{model.id}' heats with {model.power_w:g} W"
            hint = f"write watts: {model.power_w:g} kW is {model.power_w * 1000:g}"
            yield Flaw(("fleet", "models", model.id, "power_w"), "kilowatts", message, hint)


def modules_within_model(fleet: Fleet) -> Iterator[Flaw]:
    """The modules of a model draw at most 1.1 times what the model declares."""
    for model in fleet.models.values():
        modules_w = sum(model.modules)
        if modules_w > MODULES_OVER_MODEL * model.power_w:
            message = f"modules of '{model.id}' draw {modules_w:g} W together, the model declares {model.power_w:g} W"
            hint = f"at most {MODULES_OVER_MODEL * model.power_w:g} W"
            yield Flaw(("fleet", "models", model.id, "module_power_w"), "modules-over-power", message, hint)


def burn_in_bands(fleet: Fleet) -> Iterator[Flaw]:
    """A machine can stay within the band of its heatsink's temperature."""
    for model in fleet.models.values():
        low_k, high_k = model.burn_in.min_heatsink_rise_k, model.burn_in.max_heatsink_rise_k
        if low_k >= high_k:
            message = f"the heatsink of '{model.id}' has to become {low_k:g} K warmer at least and {high_k:g} K at most"
            path = ("fleet", "models", model.id, "burn_in", "max_heatsink_rise_k")
            yield Flaw(path, "empty-band", message, f"write more than {low_k:g}")


def subscribed(site: Site, context: Context) -> Iterator[Flaw]:
    """All units and the other load fit into the subscribed power."""
    units_w = sum(context.power_w(unit) for unit in site.units.values())
    if units_w + site.other_load_w > site.subscribed_power_w:
        message = (
            f"units draw {units_w:g} W, other load {site.other_load_w:g} W; "
            f"'{site.id}' has subscribed to {site.subscribed_power_w:g} W"
        )
        hint = "subscribe to more, or declare fewer units"
        yield Flaw(site_path(site.id, "subscribed_power_w"), "over-subscribed", message, hint)


def dwellings_stay_warm(site: Site, context: Context) -> Iterator[Flaw]:
    """The radiators of a dwelling cover `H (18 - T_design)`; a warning if not, for there may be other heating."""
    of_dwelling = _radiator_power(site, context)
    for dwelling in site.dwellings.values():
        powers = of_dwelling.get(dwelling.id, [])
        needed_w = dwelling.heat_loss_w_k * (COMFORT_C - site.design_temperature_c)
        if powers and sum(powers) < needed_w:
            message = (
                f"radiators of '{dwelling.id}' give {sum(powers):g} W, but {COMFORT_C:g} °C inside "
                f"at {site.design_temperature_c:g} °C outside takes {needed_w:.0f} W"
            )
            path = site_path(site.id, "dwellings", dwelling.id, "heat_loss_w_k")
            yield Flaw(path, "too-little-heat", message, "check the heat loss, or add a radiator", Severity.WARNING)


def _radiator_power(site: Site, context: Context) -> Mapping[str, list[float]]:
    of_dwelling: dict[str, list[float]] = defaultdict(list)
    for unit in site.units.values():
        if unit.kind is Kind.RADIATOR and context.model(unit):
            of_dwelling[unit.dwelling].append(context.power_w(unit))
    return of_dwelling
