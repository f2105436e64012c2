"""Wheels of what is installed: whole, the same every time, and never of a file that somebody edited."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename

from fleetctl.adapters.kit import installed
from fleetctl.core.problems import CouldNot


def an_installed_package(prefix: Path, *, tag: str = "py3-none-any") -> Distribution:
    """Install a package by hand, as pip would: a module, a script, a data file, a generated command, caches."""
    site = prefix / "lib/python3/site-packages"
    info = site / "My.Pkg-1.2.dist-info"
    texts = {
        "my_pkg/__init__.py": "x = 1\n",
        "my_pkg/a,b.txt": "odd\n",
        "my_pkg/__pycache__/x.pyc": "cache",
        "../../../bin/helper": f"#!{prefix}/bin/python3\nprint('hi')\n",
        "../../../bin/my-pkg": f"#!{prefix}/bin/python3\ngenerated\n",
        "../../../share/man/my.1": "manual\n",
        "My.Pkg-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: My.Pkg\nVersion: 1.2\n",
        "My.Pkg-1.2.dist-info/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        "My.Pkg-1.2.dist-info/entry_points.txt": "[console_scripts]\nmy-pkg = my_pkg:main\n",
        "My.Pkg-1.2.dist-info/INSTALLER": "pip\n",
    }
    rows = []
    for name, text in texts.items():
        file = (site / name).resolve()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        rows.append(f'"{name}",sha256={digest},{len(text)}')
    (prefix / "bin/helper").chmod(0o755)
    (info / "RECORD").write_text("\n".join([*rows, "My.Pkg-1.2.dist-info/RECORD,,"]) + "\n")
    return PathDistribution(info)


def test_a_wheel_holds_what_was_installed_and_nothing_of_this_machine(tmp_path: Path) -> None:
    wheel = tmp_path / "w.whl"
    installed.pack(an_installed_package(tmp_path / "venv"), wheel)
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        assert opened.read("my_pkg-1.2.data/scripts/helper") == b"#!python\nprint('hi')\n"
        assert opened.read("my_pkg-1.2.data/data/share/man/my.1") == b"manual\n"
        record = opened.read("My.Pkg-1.2.dist-info/RECORD").decode().splitlines()
        assert opened.getinfo("my_pkg-1.2.data/scripts/helper").external_attr >> 16 & 0o111
    assert not any("INSTALLER" in name or "__pycache__" in name or "my-pkg" in name for name in names)
    assert '"my_pkg/a,b.txt"' in next(row for row in record if "a,b" in row)
    assert len(record) == len(names)


def test_the_same_package_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "1.whl", tmp_path / "2.whl"
    for number, wheel in enumerate((one, other)):
        installed.pack(an_installed_package(tmp_path / f"venv{number}"), wheel)
    assert one.read_bytes() == other.read_bytes()


def test_an_edited_file_is_refused(tmp_path: Path) -> None:
    package = an_installed_package(tmp_path / "venv")
    Path(str(package.locate_file("my_pkg/__init__.py"))).write_text("x = 2\n")
    with pytest.raises(CouldNot, match="is not what was installed"):
        installed.pack(package, tmp_path / "w.whl")


def test_a_wheels_name_says_what_it_runs_on(tmp_path: Path) -> None:
    assert installed.wheel_name(an_installed_package(tmp_path)) == "my_pkg-1.2-py3-none-any.whl"


def test_the_wheels_of_this_environment_are_for_this_python() -> None:
    from fleetctl.adapters.kit.requirements import needed

    supported = set(sys_tags())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = [of for of in needed("fleetctl", version).values() if of and not installed.source_of(of)]
    assert len(packages) > 20
    for of in packages:
        *_, tags = parse_wheel_filename(installed.wheel_name(of))
        assert tags & supported, of.name
