"""Puts the wheels of a kit together: of what is installed here, and for other versions of Python from pip.

What was packed or downloaded once is kept in a cache, so that the next kit is quick to make and needs no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from packaging.utils import parse_wheel_filename
from packaging.version import Version

from fleetctl.adapters.bundles.layout import sha256
from fleetctl.adapters.kit import installed
from fleetctl.adapters.kit.requirements import Pin, locked, needed
from fleetctl.core.problems import CouldNot

Pip = Callable[[Sequence[str]], None]
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
PLATFORMS = ("manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in range(17, 37)))
"""What Debian 12 and later runs (glibc 2.36, PEP 600)."""
_ROOT = "fleetctl"


def pip(arguments: Sequence[str]) -> None:
    """Run this Python's pip.

    Raises:
        CouldNot: if it fails; the last lines that it said are in the message.
    """
    ran = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True)
    if ran.returncode:
        said = " | ".join(ran.stderr.strip().splitlines()[-2:])
        raise CouldNot(f"pip {arguments[0]} failed: {said}", hint="a kit for this Python alone needs no network")


@dataclass(frozen=True)
class Wheelhouse:
    """Makes and keeps wheels.

    Attributes:
        cache: folder of wheels that were made or downloaded before.
        pip: runs pip.
        root: name of the package that all are for.
    """

    cache: Path
    pip: Pip = pip
    root: str = _ROOT

    def fill(self, folder: Path, pythons: Iterable[str]) -> None:
        """Put all wheels for some versions of Python into a folder, with `requirements-3.x.txt` for each.

        Raises:
            CouldNot: if a wheel can neither be made nor downloaded, or the file system refuses.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._installer(), folder)
            for python in pythons:
                wheels = self._for(python)
                copied = [Path(shutil.copy2(wheel, folder)) for wheel in wheels]
                text = "".join(f"{_requirement(wheel)}\n" for wheel in sorted(copied))
                (folder / f"requirements-{python}.txt").write_text(text, "utf-8")
        except OSError as error:
            raise CouldNot(f"{folder}: wheels cannot be kept: {error.strerror}", hint="is the disk full?") from error

    def _for(self, python: str) -> list[Path]:
        wanted = needed(self.root, python)
        here = {name: of for name, of in wanted.items() if of is not None and _runs_on(of, python)}
        others = sorted(wanted.keys() - here.keys())
        return [*(self._packed(of) for of in here.values()), *(self._downloaded(others, python) if others else ())]

    def _packed(self, distribution: Distribution) -> Path:
        source = installed.source_of(distribution)
        if source is not None:
            return self._built(source)
        folder = self.cache / installed.identity(distribution)
        wheel = folder / installed.wheel_name(distribution)
        if not wheel.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            beside = wheel.with_name(f".{os.getpid()}.part")
            installed.pack(distribution, beside)
            beside.replace(wheel)
        return wheel

    def _built(self, source: Path) -> Path:
        """Build a checkout: it changes all the time, so its wheel is made anew."""
        folder = self.cache / "built"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as new:
            options = ("--no-index", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", new)
            self.pip(["wheel", *options, str(source)])
            (built,) = Path(new).glob("*.whl")
            return built.replace(folder / built.name)

    def _downloaded(self, names: Sequence[str], python: str) -> list[Path]:
        pins = _pins(names, locked())
        folder = self.cache / f"downloaded-{python}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("".join(f"{pin.line}\n" for pin in pins))
            file.flush()
            self._download(file.name, folder, python)
        by_name = {str(parse_wheel_filename(wheel.name)[0]): wheel for wheel in sorted(folder.glob("*.whl"))}
        return [by_name[pin.name] for pin in pins]

    def _download(self, requirements: str, folder: Path, python: str) -> None:
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(folder)]
        target = ["--python-version", python, "--implementation", "cp", *platforms]
        command = ["download", *options, *target, "--requirement", requirements]
        try:
            self.pip([*command, "--no-index", "--find-links", str(folder)])
        except CouldNot:
            self.pip(command)

    def _installer(self) -> Path:
        """Return pip's own wheel: a bare Debian has `venv`, but nothing that puts pip into it."""
        own = needed("pip", OWN)["pip"]
        if own is not None and installed.tags(own):
            return self._packed(own)
        import ensurepip

        bundled = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
        found = [wheel for folder in bundled for wheel in sorted(folder.glob("pip-*.whl"))]
        if not found:
            raise CouldNot("this Python has no pip that a kit could take along", hint="'python3 -m ensurepip' gets it")
        return found[0]


def check_pythons(pythons: Iterable[str]) -> None:
    """Refuse what is no version of Python that fleetctl runs on.

    Raises:
        ValueError: names it.
    """
    for python in pythons:
        parts = python.split(".")
        if len(parts) != 2 or not all(part.isdigit() for part in parts) or Version(python) < Version("3.11"):
            raise ValueError(f"'{python}' is no version of Python from 3.11 on, such as 3.13")


def _pins(names: Sequence[str], lock: Mapping[str, Pin]) -> list[Pin]:
    missing = [name for name in names if name not in lock]
    if missing:
        raise CouldNot(f"{', '.join(missing)}: not in fleetctl's lock, so not to be downloaded")
    return [lock[name] for name in names]


def _runs_on(distribution: Distribution, python: str) -> bool:
    """Say whether what is installed here runs on another version too: pure, or built for the stable ABI before it."""
    if python == OWN or installed.source_of(distribution) is not None:
        return True
    return any(_tag_fits(tag, python) for tag in installed.tags(distribution))


def _tag_fits(tag: str, python: str) -> bool:
    interpreter, abi, _ = tag.split("-")
    if interpreter in ("py3", "py2.py3"):
        return True
    return abi == "abi3" and int(interpreter.removeprefix("cp3")) <= int(python.partition(".")[2])


def _requirement(wheel: Path) -> str:
    name, version, *_ = parse_wheel_filename(wheel.name)
    return f"{name}=={version} --hash=sha256:{sha256(wheel)}"
