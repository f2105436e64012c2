"""Builds what makes and checks images, from the options of `image`. Part of `compose`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import fleetctl
from fleetctl.adapters.bundles.reader import BundleReader
from fleetctl.adapters.images import keys
from fleetctl.adapters.images.bundles import Signing
from fleetctl.adapters.images.checking import damages
from fleetctl.adapters.images.workshop import Bench, DebianWorkshop
from fleetctl.adapters.share import images_folder, playbooks_folder
from fleetctl.adapters.yaml_reader import read
from fleetctl.cli import compose
from fleetctl.cli.depot import KEYRING
from fleetctl.cli.frame import Frame
from fleetctl.core.document import SourceFile
from fleetctl.core.images import image
from fleetctl.core.images.naming import identity_of
from fleetctl.core.images.recipe import Recipe, recipe_of
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.problems import InvalidInput, Problem, refuse
from fleetctl.core.releases.declaring import FOLDER
from fleetctl.services.images import Order

KEYS_VARIABLE = "FLEETCTL_BUNDLE_KEYS"
CACHE_VARIABLE = "FLEETCTL_IMAGE_CACHE"
EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"
RECIPES = "recipes.yaml"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options say of the image."""

    kind: str
    version: str
    model: str
    compatible: str
    form: str
    with_bill: bool
    with_disk: bool


@dataclass(frozen=True, slots=True)
class Places:
    """What the options say of files and folders."""

    out: Path
    lock: Path | None
    cache: Path | None
    sources: Path | None
    cert: Path | None
    key: str
    keyring: Path | None
    overlays: tuple[Path, ...]
    authorized_keys: Path | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a check: what was looked at, in words, and what is wrong with it."""

    what: str
    problems: tuple[Problem, ...]


def prepared(frame: Frame, wanted: Wanted, places: Places) -> tuple[Order, Recipe, DebianWorkshop]:
    """Return what is to be built, of what, and where.

    Raises:
        InvalidInput: with everything that is wrong with the options.
    """
    fleet_folder = _fleet_folder(frame)
    folder = images_folder(fleet_folder)
    recipe = recipe_of(read(SourceFile(str(folder / RECIPES), (folder / RECIPES).read_bytes())), Kind(wanted.kind))
    models = compose.shared(frame).models if fleet_folder else None
    identity = identity_of(Kind(wanted.kind), wanted.version, wanted.model, wanted.compatible, models)
    signing = _signing(places, fleet_folder)
    _check_files(places, signing)
    bench = Bench(
        out=places.out.resolve(),
        lock=(places.lock or places.out / image.LOCK).resolve(),
        cache=(places.cache or _cache()).resolve(),
        sources=places.sources,
        signing=signing,
        images=folder,
        fleet_unit=playbooks_folder(fleet_folder),
        package=Path(fleetctl.__file__).parent,
        overlays=places.overlays,
        authorized_keys=places.authorized_keys.read_bytes() if places.authorized_keys else b"",
        epoch_s=int(os.environ.get(EPOCH_VARIABLE) or compose.clock().now().utc.timestamp()),
    )
    return Order(identity, wanted.form, wanted.with_bill, wanted.with_disk), recipe, DebianWorkshop(bench)


def verified(frame: Frame, file: Path, keyring: Path | None) -> Checked:
    """Check a bundle, or every file of an image.

    Raises:
        InvalidInput: if there is nothing to check.
    """
    if file.is_dir() or file.name == image.FILE:
        folder = file if file.is_dir() else file.parent
        return Checked(f"image {folder}", tuple(damages(folder)))
    trusted = keyring or _keyring(_fleet_folder(frame))
    bundle = BundleReader(trusted).read(file, compose.clock().now().utc)
    named = f" {bundle.manifest.version} for {bundle.manifest.compatible}" if bundle.manifest else ""
    return Checked(f"bundle{named}", bundle.problems)


def _signing(places: Places, fleet_folder: Path | None) -> Signing:
    usual = Path(os.environ.get(KEYS_VARIABLE) or _home("XDG_CONFIG_HOME", ".config") / "bundle-keys").expanduser()
    trusted = places.keyring or _keyring(fleet_folder)
    return Signing(
        (places.cert or usual / keys.BUILDER).absolute(),
        _absolute(places.key) or str(usual / keys.BUILDER_KEY),
        (trusted if trusted.is_file() or places.keyring else usual / keys.AUTHORITY).absolute(),
    )


def _check_files(places: Places, signing: Signing) -> None:
    needed = [signing.certificate, signing.keyring]
    needed += [] if signing.key.startswith("pkcs11:") else [Path(signing.key)]
    hint = "name it, or make keys for a trial with 'fleetctl image keys ~/.config/fleetctl/bundle-keys'"
    problems = [Problem("no-file", f"{path} is not there", hint=hint) for path in needed if not path.is_file()]
    given = [path for path in (places.authorized_keys, places.sources) if path]
    problems += [Problem("no-file", f"{path} is not there") for path in given if not path.is_file()]
    problems += [Problem("no-folder", f"{path} is no folder") for path in places.overlays if not path.is_dir()]
    refuse(problems)


def _keyring(fleet_folder: Path | None) -> Path:
    return (fleet_folder or Path.cwd()) / FOLDER / KEYRING


def _fleet_folder(frame: Frame) -> Path | None:
    """Return the fleet's folder, if there is one: an image can be built without."""
    try:
        return frame.folder
    except InvalidInput:
        if frame.inventory is not None:
            raise
        return None


def _absolute(key: str) -> str:
    return str(Path(key).absolute()) if key and not key.startswith("pkcs11:") else key


def _cache() -> Path:
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else _home("XDG_CACHE_HOME", ".cache") / "images"


def _home(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable) or Path("~").expanduser() / usual) / "fleetctl"
