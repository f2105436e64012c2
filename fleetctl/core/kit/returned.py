"""A kit that came back: what it was, what was done with it, and whether it may be taken in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fleetctl.core.kit.manifest import Manifest
from fleetctl.core.kit.record import Kit
from fleetctl.core.kit.results import Results


@dataclass(frozen=True)
class Returned:
    """A folder that was read.

    Attributes:
        digest: SHA-256 of the manifest's file.
        signed: the manifest carries a good signature of the key that it names.
        tampered: in words, what of the folder is not as it was signed.
        results: what was done; None if nothing was sealed.
        sealed: the results carry a good signature of the kit's key.
        unsealed: how many entries the kit's own state has beyond its results.
        before: the inventory's files as they left, by path: their bytes.
    """

    manifest: Manifest
    digest: str
    signed: bool
    tampered: tuple[str, ...] = ()
    results: Results | None = None
    sealed: bool = False
    unsealed: int = 0
    before: Mapping[str, bytes] = field(default_factory=dict)


def refusals(of: Returned, fleet: str, state: str, record: Kit | None) -> Iterator[str]:
    """Yield in words why a kit's results may not be taken in; nothing if they may.

    Args:
        fleet: name of the fleet that it would be merged into.
        state: UUID of the state.
        record: what that state remembers of the kit; None if nothing.
    """
    manifest = of.manifest
    foreign = _foreign(manifest, fleet, state, record)
    if foreign is not None:
        yield foreign
        return
    assert record is not None  # noqa: S101 - what is not foreign is remembered
    if record.revoked is not None:
        yield f"kit {manifest.kit} was revoked by {record.revoked_by}: {record.reason}"
    if of.digest != record.manifest or not of.signed:
        yield f"the manifest of kit {manifest.kit} was changed after it was signed"
    yield from of.tampered
    yield from _of_results(of, record)


def _foreign(manifest: Manifest, fleet: str, state: str, record: Kit | None) -> str | None:
    if manifest.fleet != fleet:
        return f"kit {manifest.kit} is of another fleet: '{manifest.fleet}', not '{fleet}'"
    if manifest.state != state:
        return f"kit {manifest.kit} was exported from another state ({manifest.state}) than this ({state})"
    return f"this state never made a kit {manifest.kit}" if record is None else None


def _of_results(of: Returned, record: Kit) -> Iterator[str]:
    if of.results is None:
        yield f"kit {of.manifest.kit} has no sealed results; './fleetctl commission kit seal' seals them"
        return
    if not of.sealed:
        yield f"the results of kit {of.manifest.kit} were changed after they were sealed"
        return
    yield from of.results.flaws(of.manifest, record.manifest)
    if of.unsealed:
        were = "entry was" if of.unsealed == 1 else "entries were"
        yield f"{of.unsealed} ledger {were} written after the seal; './fleetctl commission kit seal' seals them too"
