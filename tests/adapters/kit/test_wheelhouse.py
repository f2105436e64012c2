"""The wheels of a kit: packed here, downloaded for other Pythons by the digests of the lock, kept for the next kit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fleetctl.adapters.kit import requirements
from fleetctl.adapters.kit.requirements import locked, needed
from fleetctl.adapters.kit.wheelhouse import OWN, Wheelhouse, check_pythons
from fleetctl.core.problems import CouldNot

SMALL = "markupsafe"
"""An installed package that has no needs, but code for one Python alone."""


class Pip:
    """Answers as pip would; `online` false as on a train."""

    def __init__(self, *, online: bool = True) -> None:
        self.online = online
        self.commands: list[Sequence[str]] = []
        self.asked = ""

    def __call__(self, arguments: Sequence[str]) -> None:
        self.commands.append(arguments)
        if not self.online or "--no-index" in arguments:
            raise CouldNot("pip download failed: no network")
        self.asked = Path(arguments[arguments.index("--requirement") + 1]).read_text()
        folder = Path(arguments[arguments.index("--dest") + 1])
        version = locked()[SMALL].version
        (folder / f"{SMALL}-{version}-cp313-cp313-manylinux_2_17_x86_64.whl").write_bytes(b"wheel")


def wheelhouse(tmp_path: Path, pip: Pip) -> Wheelhouse:
    return Wheelhouse(tmp_path / "cache", pip, SMALL)


def test_wheels_for_this_python_need_no_network(tmp_path: Path) -> None:
    pip = Pip(online=False)
    wheelhouse(tmp_path, pip).fill(tmp_path / "wheels", [OWN])
    names = sorted(path.name.partition("-")[0] for path in (tmp_path / "wheels").glob("*.whl"))
    assert (names, pip.commands) == (["markupsafe", "pip"], [])
    (line,) = (tmp_path / f"wheels/requirements-{OWN}.txt").read_text().splitlines()
    assert line.startswith(f"{SMALL}==")
    assert "--hash=sha256:" in line


def test_what_was_packed_once_is_kept(tmp_path: Path) -> None:
    wheelhouse(tmp_path, Pip()).fill(tmp_path / "one", [OWN])
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.whl")}
    wheelhouse(tmp_path, Pip()).fill(tmp_path / "two", [OWN])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.whl")} == kept


def test_wheels_for_another_python_are_downloaded_by_the_locks_digests(tmp_path: Path) -> None:
    pip = Pip()
    wheelhouse(tmp_path, pip).fill(tmp_path / "wheels", [OWN, "3.13"])
    assert pip.asked.splitlines() == [locked()[SMALL].line]
    assert {"--require-hashes", "--only-binary"} <= set(pip.commands[-1])
    assert (tmp_path / "wheels/requirements-3.13.txt").read_text().startswith(f"{SMALL}==")


def test_without_a_network_another_python_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="no network"):
        wheelhouse(tmp_path, Pip(online=False)).fill(tmp_path / "wheels", ["3.13"])


def test_the_lock_pins_everything_that_fleetctl_needs() -> None:
    pins = locked()
    assert not needed("fleetctl", OWN).keys() - pins.keys() - {"fleetctl"}
    assert all(pin.hashes for pin in pins.values())


def test_a_requirement_of_another_python_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Root:
        requires = ("only-old; python_version < '3.12'", "always", "extra-only; extra == 'x'")

    monkeypatch.setattr(requirements, "_installed", lambda name: Root() if name == "root" else None)
    assert set(needed("root", "3.11")) == {"root", "only-old", "always"}
    assert set(needed("root", "3.13")) == {"root", "always"}


@pytest.mark.parametrize("python", ["3", "3.10", "2.7", "3.x", "", "3.11.2"])
def test_a_python_that_is_none_or_too_old_is_refused(python: str) -> None:
    with pytest.raises(ValueError, match=r"from 3\.11 on"):
        check_pythons([python])
