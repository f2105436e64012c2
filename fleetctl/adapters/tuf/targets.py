"""The catalogue as TUF's targets, and back. What a release is beyond its bundle is in each target's `custom`."""

from __future__ import annotations

from typing import Any

from tuf.api.metadata import TargetFile, Targets

from fleetctl.adapters.tuf.verify import refuse
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import InvalidInput
from fleetctl.core.releases.catalogue import Catalogue, Published, bundle_file

_KEY = "fleetctl"


def to_targets(catalogue: Catalogue) -> dict[str, TargetFile]:
    """Return the targets of a catalogue, by the bundle's file."""
    return {published.file: _target(published) for published in catalogue.releases.values()}


def to_catalogue(targets: Targets) -> Catalogue:
    """Return the catalogue that was signed.

    Raises:
        InvalidInput: if a newer fleetctl signed it, or something else did.
    """
    try:
        releases = [_published(target) for target in targets.targets.values()]
    except (KeyError, TypeError, ValueError) as error:
        raise _unknown(str(error)) from error
    return Catalogue({published.version: published for published in releases}, targets.version)


def _target(of: Published) -> TargetFile:
    custom = {
        "version": of.version,
        "compatible": of.compatible,
        "kind": of.kind.value,
        "models": list(of.models),
        "channels": list(of.channels),
        "withdrawn": of.withdrawn,
        "image_bytes": of.image_bytes,
        "component": of.component,
    }
    return TargetFile(of.size_bytes, {"sha256": of.sha256}, of.file, {"custom": {_KEY: custom}})


def _published(target: TargetFile) -> Published:
    said: dict[str, Any] = target.custom[_KEY]
    if target.path != bundle_file(said["version"]):
        raise ValueError(f"target '{target.path}' says that it is version '{said['version']}'")
    return Published(
        version=said["version"],
        compatible=said["compatible"],
        kind=Kind(said["kind"]),
        models=tuple(said["models"]),
        size_bytes=target.length,
        sha256=target.hashes["sha256"],
        channels=tuple(said["channels"]),
        withdrawn=said["withdrawn"],
        image_bytes=said.get("image_bytes", 0),
        component=said.get("component", ""),
    )


def _unknown(text: str) -> InvalidInput:
    return refuse("unknown-targets", f"a signed release cannot be read: {text}", hint="update fleetctl")
