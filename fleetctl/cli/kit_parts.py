"""Builds what makes, opens and takes in kits. Part of `compose`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetctl.adapters.kit import keys
from fleetctl.adapters.kit.folder import read_manifest, read_returned, with_unsealed
from fleetctl.adapters.kit.keys import Lock
from fleetctl.adapters.kit.place import kit_around
from fleetctl.adapters.kit.seed import bring_imaging, seed_of
from fleetctl.adapters.kit.wheelhouse import OWN, Wheelhouse, check_pythons
from fleetctl.adapters.kit.workshop import Contents, FolderWorkshop, below
from fleetctl.adapters.log_key import LogKey
from fleetctl.adapters.tuf.folder import METADATA
from fleetctl.cli import compose, depot
from fleetctl.cli.frame import Frame
from fleetctl.cli.notary import notary
from fleetctl.cli.ways import routes_to
from fleetctl.core.clock import to_text
from fleetctl.core.kit.scope import Scope
from fleetctl.core.problems import CouldNot, InvalidInput, Problem
from fleetctl.core.releases.catalogue import bundle_file
from fleetctl.core.releases.declaring import FOLDER
from fleetctl.core.route import Pin, Way

if TYPE_CHECKING:
    from datetime import datetime

    from fleetctl.core.inventory.fleet import Fleet
    from fleetctl.core.kit.returned import Returned
    from fleetctl.ports import Signer, State
    from fleetctl.services.kit.merge import Merger

WHEELS_VARIABLE = "FLEETCTL_WHEEL_CACHE"


@dataclass(frozen=True)
class Wanted:
    """What the options of an export say beside the order."""

    out: Path
    lock: Lock
    pythons: tuple[str, ...]
    images: tuple[Path, ...]


def pythons_of(given: Sequence[str]) -> tuple[str, ...]:
    """Return the versions of Python that a kit is for: this one's, and those that were asked for.

    Raises:
        InvalidInput: if one is no version.
    """
    try:
        check_pythons(given)
    except ValueError as error:
        raise InvalidInput([Problem("bad-python", str(error))]) from error
    return tuple(dict.fromkeys([OWN, *given]))


def workshop(frame: Frame, fleet: Fleet, state: State, wanted: Wanted) -> FolderWorkshop:
    """Return what writes a kit of this fleet."""
    usual = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "fleetctl" / "wheels"
    cache = Path(os.environ.get(WHEELS_VARIABLE) or usual).expanduser()
    return FolderWorkshop(
        out=wanted.out.absolute(),
        contents=lambda scope: _contents(frame, fleet, state, scope, wanted.images),
        lock=wanted.lock,
        signer=signer(),
        wheelhouse=Wheelhouse(cache),
        check=_check,
    )


def signer() -> Signer:
    """Return what signs kits: the key that signs the event log, which is where kits are remembered."""
    return notary().signer


def merger(frame: Frame, state: State) -> Merger:
    """Return what takes kits into this fleet."""
    from fleetctl.adapters.yaml_edit import edited
    from fleetctl.services.kit.inventory import Edits
    from fleetctl.services.kit.merge import Merger

    files, cache = compose.fleet_files(frame), compose.site_cache(frame)
    edits = Edits(files, cache, edited, compose.replace_whole)
    return Merger(state, compose.shared(frame).name, edits, bring_imaging)


def returned(state: State, folder: Path) -> Returned:
    """Return a kit that came back, its results held against the key that this state remembers of it.

    The state in it is looked into only if the kit is the one that this state made, and was not revoked.

    Raises:
        InvalidInput: if the folder is no kit.
    """
    kit = read_manifest(folder)[0].kit
    record = next((each for each in state.kits.kits() if each.id == kit), None)
    found = read_returned(folder, record.key if record else "")
    is_ours = record is not None and record.manifest == found.digest and record.revoked is None
    return with_unsealed(found, folder) if is_ours else found


def shown(of: Returned, now: datetime) -> dict[str, Any]:
    """Return what is shown of a kit."""
    manifest, results = of.manifest, of.results
    flaws = [*([] if of.signed else ["the manifest is not signed by whom it says"]), *of.tampered]
    flaws += ["the results are not sealed by the kit"] if results and not of.sealed else []
    return {
        "schema": "fleetctl/kit-folder/v1",
        "kit": manifest.kit,
        "fleet": manifest.fleet,
        "site": manifest.site,
        "dwellings": ", ".join(manifest.dwellings) or "all",
        "engineer": manifest.engineer,
        "made": f"{to_text(manifest.made)} by {manifest.actor}",
        "expires": to_text(manifest.expires),
        "standing": manifest.ended(now) or "in use",
        "signer": Pin(*manifest.signer.split()[:2]).fingerprint,
        "pythons": ", ".join(manifest.pythons),
        "sealed": f"{to_text(results.sealed)}, {len(results.entries)} entries" if results else "nothing yet",
        "unsealed": of.unsealed,
        "flaws": flaws,
    }


def stale_by(frame: Frame, at: datetime) -> str | None:
    """Return why the signed releases will not be fresh at a time; None if they will, or there are none."""
    return depot.releases(frame).freshness(at)


def this_kit(frame: Frame) -> Path:
    """Return the folder of the kit that this runs in.

    Raises:
        InvalidInput: if it runs in none.
    """
    kit = kit_around(frame.folder)
    if kit is None:
        raise InvalidInput([Problem("no-kit", "this is not a kit", hint="run ./fleetctl in the folder of a kit")])
    return kit


def session(kit: Path) -> Path:
    """Return where the keys of a kit are while it is unlocked."""
    return keys.session_folder(read_manifest(kit)[0].kit, os.environ)


def unlock(kit: Path, state: State, *, passphrase: str, identity: Path | None) -> int:
    """Open a kit's keys in memory, and have its units reached with them; returns how many there are.

    Raises:
        CouldNot: if it cannot be opened.
    """
    keyring = keys.decrypted(kit / keys.FILE, passphrase=passphrase, identity=identity)
    of_units = keys.unlocked(keyring, session(kit))
    ways = dict(state.units.ways())
    ways |= {unit: replace(ways.get(unit, Way()), identity_file=file) for unit, file in of_units.items()}
    state.units.set_ways(ways)
    return len(keyring.ssh)


def kit_signer(kit: Path) -> LogKey:
    """Return the key that seals a kit's results.

    Raises:
        CouldNot: if the kit is locked.
    """
    file = session(kit) / keys.KIT_KEY
    if not file.is_file():
        raise CouldNot("the kit is locked", hint="'./fleetctl commission kit unlock' opens its keys")
    return LogKey(file, whose="the kit's")


def _contents(frame: Frame, fleet: Fleet, state: State, scope: Scope, images: Iterable[Path]) -> Contents:
    trust = depot.releases(frame).trust.path
    trusted = (file for file in below(trust, ["."]).items() if not file[0].startswith("."))
    return Contents(
        fleet=_fleet_files(frame, fleet, scope),
        trust=dict(trusted),
        images={folder.name: folder for folder in images},
        key_files=_key_files(frame, state, fleet, scope),
        seed=seed_of(state, scope.names),
    )


def _fleet_files(frame: Frame, fleet: Fleet, scope: Scope) -> dict[str, Path]:
    """Return the part of the fleet's folder that a site needs, by path."""
    site, secrets = scope.site.id, (ref for ref in fleet.secrets.values() if ref.backend != "env")
    names = ["fleet.yaml", f"sites/{site}.yaml", f"sites/{site}.yml", f"sites/{site}", "templates", "playbooks"]
    names += [ref.locator.partition("#")[0] for ref in secrets]
    names += [scope.site.forecast.file] if scope.site.forecast and scope.site.forecast.file else []
    names += [f"{unit.ssh.key}.pub" for unit in scope.units if unit.ssh.key]
    names += [f"{FOLDER}/{METADATA}", f"{FOLDER}/{depot.KEYRING}"]
    names += [f"{FOLDER}/{bundle_file(unit.release)}" for unit in scope.units if unit.release]
    inside = (name for name in dict.fromkeys(names) if not Path(name).is_absolute() and ".." not in Path(name).parts)
    return below(frame.folder, inside)


def _key_files(frame: Frame, state: State, fleet: Fleet, scope: Scope) -> dict[str, Path]:
    routes = routes_to(frame, state, fleet, scope.units)
    hops = (route.target for route in routes if route.target.identity_file)
    return {hop.unit: Path(hop.identity_file).expanduser() for hop in hops}


def _check(folder: Path) -> None:
    """Load the inventory's part by itself.

    Raises:
        InvalidInput: with everything that is wrong with it.
    """
    import tempfile

    from fleetctl.adapters.fleet_files import FolderFiles
    from fleetctl.adapters.site_cache import FolderCache
    from fleetctl.services.load import load

    with tempfile.TemporaryDirectory(prefix="fleetctl-kit-") as scratch:
        load(FolderFiles(folder), FolderCache(Path(scratch)))
