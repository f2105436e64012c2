"""`scripts/setup` where something is missing: a copy in an empty checkout, with nothing on its PATH but stand-ins."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / "scripts/setup"
ITS_OWN = ("sh", "dirname", "id", "cat", "cut", "sort", "paste")
"""What the script itself runs before it has checked anything."""
NEEDED = ("ssh", "sshd", "ip", "tc", "unshare", "git")
NEEDED_BY_TESTS = ("age-keygen", "dnsmasq", "promtool", "setpriv", "rauc", "mksquashfs", "cpio", "stress-ng")
AN_ORDINARY_USER = "#!/bin/sh\necho 1000\n"
REFUSES = "#!/bin/sh\nexit 1\n"
THIS_PYTHON = f'#!/bin/sh\nexec {sys.base_prefix}/bin/python3 "$@"\n'


@dataclass(frozen=True)
class Checkout:
    """A checkout without .venv, on a machine that has only some programs."""

    root: Path

    @property
    def programs(self) -> Path:
        """Return the only folder on the PATH (the script adds /usr/sbin to it)."""
        return self.root / "programs"

    def has(self, names: Iterable[str]) -> None:
        """Put this machine's programs there; what is only in /usr/sbin is found anyway."""
        for name in names:
            if place := shutil.which(name):
                (self.programs / name).symlink_to(place)

    def has_script(self, name: str, text: str) -> None:
        """Put a program of one's own there, in another's place."""
        (self.programs / name).unlink(missing_ok=True)
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def set_up(self, *purposes: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        command = ["/bin/sh", str(self.root / "scripts/setup"), *purposes]
        return subprocess.run(command, env={"PATH": str(self.programs)}, capture_output=True, text=True, timeout=60)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout of an ordinary user who has Python and may not use sudo."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "programs").mkdir()
    shutil.copy(SETUP, tmp_path / "scripts/setup")
    checkout = Checkout(tmp_path)
    checkout.has(ITS_OWN)
    checkout.has_script("id", AN_ORDINARY_USER)
    checkout.has_script("sudo", REFUSES)
    checkout.has_script("python3", THIS_PYTHON)
    return checkout


def without(*hidden: str) -> list[str]:
    return [name for name in NEEDED if name not in hidden]


def test_everything_that_is_missing_is_listed_with_what_needs_it(checkout: Checkout) -> None:
    checkout.has(without("git", "ssh"))
    ran = checkout.set_up()
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines() == [
        "fleetctl: this machine lacks what fleetctl needs, and it could not be installed: "
        "this needs root, or sudo without a password",
        "    openssh-client     for ssh",
        "    git                for git",
        "On Debian or Ubuntu, this installs it:",
        "    sudo apt-get install --no-install-recommends git openssh-client",
    ]
    assert not (checkout.root / ".venv").exists()


def test_a_missing_python_is_listed_with_the_rest(checkout: Checkout) -> None:
    checkout.has(without("git"))
    checkout.has_script("python3", REFUSES)
    ran = checkout.set_up()
    assert ran.returncode == 2
    assert "    python3-venv       for Python 3.11 or newer with venv\n" in ran.stderr
    assert ran.stderr.endswith("--no-install-recommends git python3-venv\n")


def test_tests_need_more(checkout: Checkout) -> None:
    checkout.has(without())
    ran = checkout.set_up("test")
    assert ran.returncode == 2
    assert "    age                for age-keygen\n" in ran.stderr


def test_what_tests_can_do_without_is_only_said(checkout: Checkout) -> None:
    checkout.has([*NEEDED, *NEEDED_BY_TESTS, "sha256sum"])
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(SETUP.parents[1] / name, checkout.root / name)
    both = b"".join((checkout.root / name).read_bytes() for name in ("requirements.lock", "pyproject.toml"))
    (checkout.root / ".venv/bin").mkdir(parents=True)
    (checkout.root / ".venv/.set-up").write_text(hashlib.sha256(both).hexdigest())
    for name in ("pip", "fleetctl"):
        (checkout.root / ".venv/bin" / name).symlink_to("/bin/true")
    ran = checkout.set_up("test")
    assert ran.returncode == 0, ran.stderr
    assert "will be skipped: this needs root, or sudo without a password\n" in ran.stderr
    assert "chromium" in ran.stderr


def test_without_apt_the_list_is_the_same(checkout: Checkout) -> None:
    checkout.has(without("git"))
    checkout.has_script("id", "#!/bin/sh\necho 0\n")
    ran = checkout.set_up()
    assert ran.returncode == 2
    assert "could not be installed: there is no apt-get here\n" in ran.stderr
    assert "    git                for git\n" in ran.stderr


def test_when_apt_fails_the_list_is_the_same(checkout: Checkout) -> None:
    checkout.has(without("git"))
    checkout.has_script("sudo", f'#!/bin/sh\necho "$*" >> {checkout.root}/asked\n[ "$*" = "-n true" ]\n')
    checkout.has_script("apt-get", REFUSES)
    ran = checkout.set_up()
    assert ran.returncode == 2
    assert "could not be installed: apt-get install failed\n" in ran.stderr
    assert "    git                for git\n" in ran.stderr
    assert "-o DPkg::Lock::Timeout=900 git\n" in (checkout.root / "asked").read_text()
