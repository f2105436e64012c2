"""Does what `fleet.yaml` wants agree with what was signed? And may a channel move? Every reason why not, at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Fleet, Model, Unit
from fleetctl.core.names import ID, did_you_mean
from fleetctl.core.problems import Problem
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.versions import is_downgrade

FILE = "fleet.yaml"
NO_MODELS: Mapping[str, Model] = {}


def disagreements(fleet: Fleet, catalogue: Catalogue, about: Collection[str] | None = None) -> Iterator[Problem]:
    """Yield where channels and releases of `fleet.yaml` are not what was signed.

    Args:
        fleet: declares channels and releases.
        catalogue: what is signed.
        about: only what concerns these versions; None for all of them.
    """
    for channel, version in fleet.channels.items():
        if about is None or version in about:
            yield from _channel(channel, version, catalogue)
    for version in fleet.releases:
        if about is None or version in about:
            yield from _release(version, fleet, catalogue)


@dataclass(frozen=True, slots=True)
class Gift:
    """A release that a unit is to get; `component` says for what of it, empty for its system."""

    unit: Unit
    release: str
    component: str = ""


def unit_problems(
    gifts: Iterable[Gift], catalogue: Catalogue, models: Mapping[str, Model] = NO_MODELS
) -> Iterator[Problem]:
    """Yield why units may not be given the release that they should get; `models` say how large their slots are."""
    for gift in gifts:
        unit, version = gift.unit, gift.release
        published = catalogue.releases.get(version)
        if version and (reason := catalogue.unusable(version)):
            yield Problem(
                "unusable-release", f"{unit.name}: {reason}", hint="'fleetctl release list' shows what may be"
            )
        elif published and not _is_made_for(published, gift):
            made_for = f"{published.component or 'the system'} of {published.kind} {', '.join(published.models)}"
            what = f"{gift.component} of {unit.kind}" if gift.component else unit.kind.value
            message = f"{unit.name} is a {what} {unit.model}, release '{version}' is made for {made_for}"
            yield Problem("wrong-compatible", message)
        elif published and (model := models.get(unit.model)) and 0 < model.slot_size_bytes < published.image_bytes:
            message = (
                f"{unit.name}: release '{version}' writes {published.image_bytes} bytes, "
                f"a slot of model '{model.id}' has {model.slot_size_bytes}"
            )
            yield Problem("bundle-too-large", message, hint="make the image smaller")


def promotion_problems(
    fleet: Fleet, catalogue: Catalogue, channel: str, version: str, *, downgrade: bool
) -> Iterator[Problem]:
    """Yield why a channel may not stand for a version.

    Args:
        fleet: declares channels and models.
        catalogue: what is signed.
        channel: to move, or to make.
        version: that it is to stand for.
        downgrade: the user wants to go back.
    """
    if ID.fullmatch(channel) is None:
        yield Problem(
            "bad-name", f"'{channel}' cannot be a channel's name", hint="use letters, digits, '.', '_' and '-'"
        )
    reason = catalogue.unusable(version)
    if reason is not None:
        withdrawn = version in catalogue.releases
        hint = "choose another" if withdrawn else did_you_mean(version, catalogue.releases)
        yield Problem("withdrawn-release" if withdrawn else "unknown-release", reason, hint=hint)
        return
    before = catalogue.releases.get(fleet.channels.get(channel) or catalogue.channels.get(channel, ""))
    if before is not None:
        yield from _move(channel, before, catalogue.releases[version], downgrade)


def _is_made_for(published: Published, gift: Gift) -> bool:
    fits = gift.unit.kind is published.kind and gift.unit.model in published.models
    return fits and gift.component == published.component


def _move(channel: str, before: Published, after: Published, downgrade: bool) -> Iterator[Problem]:
    if before.compatible != after.compatible:
        message = (
            f"channel '{channel}' is for '{before.compatible}', release '{after.version}' for '{after.compatible}'"
        )
        yield Problem("wrong-compatible", message, hint="choose a channel made for it")
    elif is_downgrade(before.version, after.version) and not downgrade:
        message = f"channel '{channel}' stands for '{before.version}', and '{after.version}' is older"
        yield Problem("downgrade", message, hint="--allow-downgrade if you mean it")


def _channel(channel: str, version: str, catalogue: Catalogue) -> Iterator[Problem]:
    if reason := catalogue.unusable(version):
        yield Problem("unusable-release", f"channel '{channel}': {reason}", FILE, hint="promote another release")
    elif (signed := catalogue.channels.get(channel)) != version:
        stands = f"'{signed}' was signed for it" if signed else "nothing was signed for it"
        message = f"channel '{channel}' stands for '{version}', and {stands}"
        yield Problem("channel-not-signed", message, FILE, hint=f"'fleetctl release promote {channel} {version}'")


def _release(version: str, fleet: Fleet, catalogue: Catalogue) -> Iterator[Problem]:
    declared, signed = fleet.releases[version], catalogue.releases.get(version)
    if signed is None:
        yield Problem("unsigned-release", f"release '{version}' is not signed", FILE, hint="'fleetctl release add'")
        return
    facts = (
        ("compatible", declared.compatible, signed.compatible),
        ("size_bytes", declared.size_bytes, signed.size_bytes),
        ("sha256", declared.sha256.lower() if declared.sha256 else "", signed.sha256),
    )
    for name, said, truth in facts:
        if said and said != truth:
            message = f"release '{version}' declares {name} {said}, signed is {truth}"
            yield Problem("release-differs", message, FILE, hint="correct fleet.yaml")
