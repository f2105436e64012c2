"""Two engineers, a building without a network, two laptops with nothing but Debian's Python: kits, from end to end.

The one test that pays for real wheels; they are kept in the user's cache for the next run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleetctl.adapters.kit import keys
from fleetctl.adapters.kit.wheelhouse import OWN
from tests.builders.cli import Cli, Ran

pytestmark = pytest.mark.acceptance

SITE = "launaguet-les-sables"
PYTHON = shutil.which(f"python{OWN}", path="/usr/bin:/bin") or sys.executable
PASSPHRASE = "correct horse battery staple"
CANARY = "canary-7f3a-never-in-clear"


@dataclass(frozen=True)
class Laptop:
    """A bare machine with a kit on its disk: no network at all, no packages, an empty home."""

    kit: Path
    home: Path

    def __call__(self, *words: str, code: int | None = 0, typed: str = "") -> Ran:
        """Run the kit's own `./fleetctl` and hold its exit code against `code` (None: any)."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.memory),
            "FLEETCTL_PYTHON": PYTHON,
            "NO_COLOR": "1",
        }
        command = ["unshare", "--net", "./fleetctl", *words]
        done = subprocess.run(
            command, cwd=self.kit, env=environment, input=typed, capture_output=True, text=True, timeout=300
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert code is None or ran.code == code, f"./fleetctl {' '.join(words)}: {ran}"
        return ran

    @property
    def memory(self) -> Path:
        return Path("/dev/shm") / f"fleetctl-kit-test-{os.getpid()}-{self.kit.name}"

    @property
    def opener(self) -> Path:
        """The file with what opens the kit: Ada's passphrase, or Bob's own SSH key."""
        return self.home / self.kit.name

    @property
    def unlocking(self) -> tuple[str, str]:
        return ("--identity" if self.kit.name == "bob" else "--passphrase-file"), str(self.opener)


@pytest.fixture(scope="module")
def _bare_machine() -> None:
    """Skip where no machine without a network can be played."""
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("network namespaces are not allowed here, so nobody can prove that a kit needs no network")
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no folder in memory here")


@pytest.mark.usefixtures("_bare_machine")
def test_two_kits_commission_a_building_without_a_network(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    # both laptops are one machine here, so they share the environment that is made of the wheels
    ada, bob = (Laptop(tmp_path / name, tmp_path / "home") for name in ("ada", "bob"))
    (tmp_path / "home").mkdir()
    ada.opener.write_text(PASSPHRASE)
    bob.opener.write_text(keys.new_key())
    bob.opener.chmod(0o600)
    try:
        export(office, ada, "A101", "--passphrase-file", str(ada.opener))
        export(office, bob, "A102", "--recipient", keys.public_of(bob.opener.read_text()))
        nothing_in_clear(ada.kit)
        what_a_kit_does_offline(ada)
        labels(bob, "A102", "QR-0001-00006")
        what_is_refused(office, ada, bob)
        both_are_merged(office, ada, bob)
    finally:
        for laptop in (ada, bob):
            shutil.rmtree(laptop.memory, ignore_errors=True)


def an_office(folder: Path) -> Cli:
    """Return a fleet whose site is opened by a private key, and that holds the name of a secret."""
    settings = {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state")}
    office = Cli.of_example("demo", folder / "office")
    key = folder / "site-key"
    key.write_text(keys.new_key().replace("-----END", f"{CANARY}\n-----END"))
    key.chmod(0o600)
    file = f"sites/{SITE}.yaml"
    office.edit(file, ("ssh: {user: root}", f"ssh: {{user: root, key: {key}}}"))
    return Cli(office.folder, {**settings, "FLEETCTL_CANARY": CANARY})


def export(office: Cli, laptop: Laptop, dwelling: str, *lock: str) -> None:
    """Make a kit for one dwelling."""
    options = ("--dwelling", dwelling, "--for-engineer", laptop.kit.name, *lock)
    office("commission", "export", SITE, "--out", str(laptop.kit), *options)


def nothing_in_clear(kit: Path) -> None:
    """Search a kit, its wheels unpacked, for the canary."""
    files = [path for path in kit.rglob("*") if path.is_file()]
    assert len(files) > 40
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
    assert [path for path in files if b"PRIVATE KEY-----\n" in path.read_bytes() and path.suffix != ".whl"] == []


def what_a_kit_does_offline(laptop: Laptop) -> None:
    assert laptop("--version").out.startswith("fleetctl ")
    assert "is valid: 1 site" in laptop("validate").out + laptop("validate").err
    assert "a101-1" in laptop("commission", "show", SITE).out
    correct_a_serial(laptop)
    assert "commission kit unlock" in laptop("commission", "kit", "seal", code=1).err
    labels(laptop, "A101", "QR-0001-00003")
    shown = json.loads(laptop("-o", "json", "commission", "kit", "show").out)
    assert (shown["dwellings"], shown["flaws"], shown["unsealed"]) == ("A101", [], 0)
    assert not list(laptop.memory.rglob("ssh-*")), "locking takes the keys out of memory"


def labels(laptop: Laptop, dwelling: str, serial: str) -> None:
    """Scan what was delivered, as a scanner types it; then seal."""
    typed = f"delivery\n{serial}\nquit\n"
    laptop("commission", "run", SITE, "--dwelling", dwelling, "--plain", typed=typed, code=None)
    laptop("commission", "kit", "unlock", *laptop.unlocking)
    (key,) = laptop.memory.rglob("ssh-1")
    assert CANARY in key.read_text()
    laptop("commission", "kit", "lock")


def correct_a_serial(laptop: Laptop) -> None:
    """Write what stands on the plate into the kit's inventory."""
    site = laptop.kit / f"work/fleet/sites/{SITE}.yaml"
    site.write_text(site.read_text().replace("QR-0001-00004", "QR-0001-99994"))


def what_is_refused(office: Cli, ada: Laptop, bob: Laptop) -> None:
    """One byte of a kit, and another fleet's office."""
    spoilt = Laptop(bob.kit.with_name("spoilt"), bob.home)
    shutil.copytree(bob.kit, spoilt.kit, symlinks=True)
    wheel = next(spoilt.kit.glob("wheels/pip-*.whl"))
    content = bytearray(wheel.read_bytes())
    content[len(content) // 2] ^= 1
    wheel.write_bytes(bytes(content))
    assert f"wheels/{wheel.name} is not what was signed" in spoilt("validate", code=2).err
    assert "is not what was signed" in office("commission", "merge", str(spoilt.kit), code=2).err
    elsewhere = Cli.of_example("hot-water", office.folder.with_name("elsewhere"))
    assert "of another fleet: 'demo'" in elsewhere("commission", "merge", str(ada.kit), code=2).err


def both_are_merged(office: Cli, ada: Laptop, bob: Laptop) -> None:
    """Each once; again changes nothing; what Ada corrected is in the office's inventory."""
    for laptop in (bob, ada):
        merged = office.json("commission", "merge", str(laptop.kit), "--no-register")
        assert len(merged["entries"]) >= 1
        assert merged["conflicts"] == []
        assert office.json("commission", "merge", str(laptop.kit), "--no-register")["changed"] is False
    assert "QR-0001-99994" in (office.folder / f"sites/{SITE}.yaml").read_text()
    kits = office.json("commission", "kits")["kits"]
    assert [(kit["engineer"], kit["standing"]) for kit in kits] == [("ada", "merged"), ("bob", "merged")]
