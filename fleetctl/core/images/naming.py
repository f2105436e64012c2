"""What an image is called: by its version, and by the hardware that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fleetctl.core.images.texts import Identity
from fleetctl.core.inventory.fleet import Kind, Model
from fleetctl.core.names import ID, VERSION, did_you_mean
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.releases.offer import VERSION_HINT


def identity_of(kind: Kind, version: str, model: str, compatible: str, models: Mapping[str, Model] | None) -> Identity:
    """Return what an image says that it is.

    Args:
        kind: of unit.
        version: of the system.
        model: of the hardware; empty for one that is called like its kind.
        compatible: RAUC's string; empty for the model's own, or `fleet-KIND`.
        models: of the fleet; None if there is no fleet.

    Raises:
        InvalidInput: with everything that is wrong with these.
    """
    known = (models or {}).get(model)
    identity = Identity(kind, model or kind.value, compatible or _compatible(known) or f"fleet-{kind.value}", version)
    if problems := [*_misnamed(identity), *_unknown(kind, model, compatible, models)]:
        raise InvalidInput(problems)
    return identity


def _compatible(model: Model | None) -> str:
    return model.compatible if model else ""


def _misnamed(identity: Identity) -> Iterator[Problem]:
    if VERSION.fullmatch(identity.version) is None:
        yield Problem("bad-version", f"'{identity.version}' is not a version", hint=VERSION_HINT)
    for name in (identity.model, identity.compatible):
        if ID.fullmatch(name) is None:
            yield Problem("bad-name", f"'{name}' is not a name", hint="use letters, digits, '.', '_' and '-'")


def _unknown(kind: Kind, model: str, compatible: str, models: Mapping[str, Model] | None) -> Iterator[Problem]:
    """Yield why a fleet's word on a model cannot be taken; whoever names both model and string asks no fleet."""
    if not model:
        return
    if models is None:
        if not compatible:
            hint = "name the fleet with -i, or give --compatible"
            yield Problem("no-fleet", f"no fleet.yaml says what model '{model}' is", hint=hint)
    elif model not in models:
        yield Problem("unknown-model", f"the fleet has no model '{model}'", hint=did_you_mean(model, models))
    elif models[model].kind is not kind:
        yield Problem("wrong-kind", f"model '{model}' is a {models[model].kind.value}, not a {kind.value}")
