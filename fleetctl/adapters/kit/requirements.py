"""What fleetctl needs on a version of Python: read from what is installed here and from the lock that ships with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import fleetctl
from fleetctl.core.problems import CouldNot

LOCK = "requirements.lock"
_PIN = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)[^\n]*?(?P<hashes>(?: \\\n +--hash=\S+)+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Pin:
    """A package as it is locked: the version, and the digests of the files that it may come as."""

    name: str
    version: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return it as pip reads it."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash={each}" for each in self.hashes)])


def needed(root: str, python: str) -> Mapping[str, Distribution | None]:
    """Return what a package needs on a version of Python, itself included, by normal names.

    Args:
        root: name of an installed package.
        python: such as `3.13`.

    Returns:
        The installed distribution of each; None for one that only that version needs, so it is not installed here.
    """
    found: dict[str, Distribution | None] = {}
    waiting = [_name(root)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _installed(name)
            waiting += _requires(found[name], python)
    return {name: found[name] for name in sorted(found)}


def locked(file: Path | None = None) -> Mapping[str, Pin]:
    """Return the pins of the lock that ships with fleetctl, by normal names.

    Raises:
        CouldNot: if it is missing.
    """
    package = Path(fleetctl.__file__).resolve().parent
    places = [file] if file else [package / "_share" / LOCK, package.parent / LOCK]
    text = next((place.read_text("utf-8") for place in places if place.is_file()), None)
    if text is None:
        raise CouldNot(f"{package} lacks its {LOCK}", hint="install fleetctl again")
    pins = (Pin(_name(m["name"]), m["version"], _hashes(m["hashes"])) for m in _PIN.finditer(text))
    return {pin.name: pin for pin in pins}


def _requires(of: Distribution | None, python: str) -> list[str]:
    environment: dict[str, str | AbstractSet[str]] = {key: str(value) for key, value in default_environment().items()}
    environment |= {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    requirements = [Requirement(text) for text in (of.requires if of else None) or ()]
    return [_name(each.name) for each in requirements if each.marker is None or each.marker.evaluate(environment)]


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _hashes(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"--hash=(\S+)", text))


def _name(text: str) -> str:
    return str(canonicalize_name(text))
