"""Models, channels and releases fit each other and the units that use them."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.inventory.invariants.places import dangling


def channels_lead_to_releases(fleet: Fleet) -> Iterator[Flaw]:
    """A channel stands for a release that is declared."""
    for channel, version in fleet.channels.items():
        if version not in fleet.releases:
            yield dangling(("fleet", "channels", channel), "release", version, channel, fleet.releases)


def components_fit_models(fleet: Fleet) -> Iterator[Flaw]:
    """A component's release is declared, and is made for that component of that model."""
    for model in fleet.models.values():
        for name, version in model.components.items():
            path, release = ("fleet", "models", model.id, "components", name), fleet.releases.get(version)
            if release is None:
                yield dangling(path, "release", version, f"{model.id}/{name}", fleet.releases)
            elif release.compatible != model.compatible_of(name):
                message = f"release '{version}' is made for '{release.compatible}', not '{model.compatible_of(name)}'"
                yield Flaw(path, "incompatible-release", message, "choose a release made for this component")


def models_fit_kinds(site: Site, context: Context) -> Iterator[Flaw]:
    """A unit's model is declared, and is of the unit's kind."""
    for unit in site.units.values():
        model = context.model(unit)
        if model is None and unit.model:
            yield dangling(unit_path(unit, "model"), "model", unit.model, unit.name, context.fleet.models)
        elif model is not None and model.kind is not unit.kind:
            fits = sorted(m.id for m in context.fleet.models.values() if m.kind is unit.kind)
            message = f"model '{model.id}' is a {model.kind}, '{unit.name}' is a {unit.kind}"
            hint = f"models of this kind: {', '.join(fits) or 'none'}"
            yield Flaw(unit_path(unit, "model"), "wrong-kind", message, hint)


def releases_fit_models(site: Site, context: Context) -> Iterator[Flaw]:
    """A unit's channel and release are declared, and the release is made for its model."""
    fleet = context.fleet
    for unit in site.units.values():
        by_channel = unit.release == fleet.channels.get(unit.channel)
        path = unit_path(unit, "channel" if by_channel else "release")
        release, model = fleet.releases.get(unit.release), context.model(unit)
        if unit.channel and unit.channel not in fleet.channels:
            yield dangling(unit_path(unit, "channel"), "channel", unit.channel, unit.name, fleet.channels)
        if unit.release and release is None and not by_channel:
            yield dangling(path, "release", unit.release, unit.name, fleet.releases)
        if release and model and release.compatible != model.compatible:
            message = (
                f"release '{release.version}' is made for '{release.compatible}', "
                f"model '{model.id}' of '{unit.name}' is '{model.compatible}'"
            )
            yield Flaw(path, "incompatible-release", message, "choose a channel or release made for this model")
