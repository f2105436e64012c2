"""Writes kits: the inventory's part, releases, a state of its own, keys, wheels, and what starts it on a laptop.

Fills `KitWorkshop`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from fleetctl.adapters.kit import keys
from fleetctl.adapters.kit.folder import FLEET, SEED, STATE, new_folder, seal_folder
from fleetctl.adapters.kit.keys import Keyring, Lock
from fleetctl.adapters.kit.seed import Seed, plant
from fleetctl.adapters.kit.wheelhouse import Wheelhouse
from fleetctl.core.kit.manifest import Manifest
from fleetctl.core.kit.scope import Scope
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.route import Pin
from fleetctl.ports import Signer
from fleetctl.ports.kits import Made

_PRIVATE = b"PRIVATE KEY-----"
_TEXT_BYTES = 1 << 20
"""Up to this size a file of the inventory is looked through for private keys."""
_LAUNCHER = {"fleetctl.sh": "fleetctl", "launch.py": "launch.py", "README.txt": "README.txt"}


@dataclass(frozen=True)
class Contents:
    """What goes into a kit from this machine.

    Attributes:
        fleet: files of the inventory and its releases, by their path in the fleet's folder.
        trust: what this machine has verified of the releases, by name.
        images: folders of disk images, by name.
        key_files: private key that opens each unit, by the unit's name.
        seed: what its state is given.
    """

    fleet: Mapping[str, Path]
    trust: Mapping[str, Path]
    images: Mapping[str, Path]
    key_files: Mapping[str, Path]
    seed: Seed


@dataclass(frozen=True)
class FolderWorkshop:
    """Writes one kit into a folder.

    Attributes:
        out: the folder, which is not there yet.
        contents: says what goes in, once the scope is known.
        lock: who can open its keys.
        signer: signs the manifest.
        wheelhouse: makes its wheels.
        check: called with the inventory's part: raises if it is no valid fleet by itself.
    """

    out: Path
    contents: Callable[[Scope], Contents]
    lock: Lock
    signer: Signer
    wheelhouse: Wheelhouse
    check: Callable[[Path], None]

    def make(self, manifest: Manifest, scope: Scope, remember: Callable[[Made], None]) -> None:
        """Write the kit; see the port."""
        contents = self.contents(scope)
        with new_folder(self.out) as draft:
            _copy_fleet(contents.fleet, draft / FLEET)
            self.check(draft / FLEET)
            _copy_launcher(draft)
            for name, folder in contents.images.items():
                shutil.copytree(folder, draft / "images" / name)
            _copy(contents.trust, draft / SEED / "trust")
            plant(draft / SEED / STATE, manifest.kit, contents.seed, manifest.actor, manifest.made)
            key, fingerprints = self._carry_keys(contents.key_files, draft)
            self.wheelhouse.fill(draft / "wheels", manifest.pythons)
            known = Counter(entry.writer for entry in contents.seed.entries)
            whole, digest = seal_folder(draft, replace(manifest, key=key, known=known), self.signer)
            remember(Made(whole, digest, fingerprints))

    def _carry_keys(self, key_files: Mapping[str, Path], draft: Path) -> tuple[str, tuple[str, ...]]:
        """Write the private keys, encrypted; returns the kit's public key and the fingerprints of the others."""
        names = {file: f"ssh-{number}" for number, file in enumerate(sorted(set(key_files.values())), 1)}
        texts = {name: _private(file) for file, name in names.items()}
        keyring = Keyring(keys.new_key(), texts, {unit: names[file] for unit, file in key_files.items()})
        (draft / keys.FILE).write_bytes(keys.encrypted(keyring, self.lock))
        return keys.public_of(keyring.kit), tuple(map(_fingerprint, names))


def _copy_fleet(sources: Mapping[str, Path], target: Path) -> None:
    """Copy the inventory's part.

    Raises:
        InvalidInput: if a file holds a private key: nothing of a kit is secret but its encrypted keys.
    """
    leaking = [name for name, file in sources.items() if _holds_private_key(file)]
    if leaking:
        hint = "move it out of the fleet's folder, or encrypt it"
        problems = (Problem("private-key", f"{name} holds a private key in clear", name, hint=hint) for name in leaking)
        raise InvalidInput(problems)
    _copy(sources, target)


def _holds_private_key(file: Path) -> bool:
    return file.stat().st_size <= _TEXT_BYTES and _PRIVATE in file.read_bytes()


def _copy(sources: Mapping[str, Path], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name, file in sources.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target / name)


def _copy_launcher(draft: Path) -> None:
    for name, as_ in _LAUNCHER.items():
        content = files("fleetctl.adapters.kit.launcher").joinpath(name).read_bytes()
        (draft / as_).write_bytes(content)
        (draft / as_).chmod(0o755 if as_ == "fleetctl" else 0o644)


def _private(file: Path) -> str:
    hint = "name the right one in 'ssh.key', or leave it out for the engineer's own agent"
    try:
        return file.read_text("utf-8")
    except OSError as error:
        message = f"the SSH key {file} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        message = f"{file} is no SSH key"
    raise InvalidInput([Problem("no-key", message, hint=hint)])


def _fingerprint(file: Path) -> str:
    """Return a key's fingerprint by its public half; its name if there is none: the key may have a passphrase."""
    public = file.with_name(f"{file.name}.pub")
    words = public.read_text("utf-8").split() if public.is_file() else []
    return Pin(words[0], words[1]).fingerprint if len(words) > 1 else file.name


def below(folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return the files of a folder that have one of these paths, or are below one, by path; links are followed."""
    found: dict[str, Path] = {}
    for name in names:
        start = folder / name
        inside = sorted(start.rglob("*")) if start.is_dir() else [start]
        files_ = (file for file in inside if file.is_file() and "__pycache__" not in file.parts)
        found |= {file.relative_to(folder).as_posix(): file for file in files_}
    return found
