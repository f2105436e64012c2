"""Two engineers, a building without a network, two laptops with nothing but Debian's Python: kits, from end to end.

Tests that pay for real wheels; these are kept in the user's cache for the next run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from fleetctl.adapters.kit import keys
from fleetctl.adapters.kit.wheelhouse import OWN
from fleetctl.core.route import Pin
from tests.builders import imager, one_machine
from tests.builders.acceptance import on_unit, unit
from tests.builders.cli import TIMEOUT_S, Cli, Ran
from tests.builders.imaging import host_key

pytestmark = [pytest.mark.acceptance, pytest.mark.evening]

SITE = "launaguet-les-sables"
PYTHON = shutil.which(f"python{OWN}", path="/usr/bin:/bin") or sys.executable
PASSPHRASE = "correct horse battery staple"
CANARY = "canary-7f3a-never-in-clear"
OTHER_PYTHON = next((str(path) for path in sorted(Path(sys.base_prefix).parent.glob("3.1[2-9]*/bin/python3"))), "")
"""One that is kept beside the exporter's own, as version managers do."""
OTHER_VERSION = ".".join(Path(OTHER_PYTHON).parents[1].name.split(".")[:2]) if OTHER_PYTHON else ""


@dataclass(frozen=True)
class Laptop:
    """A bare machine with a kit on its disk: no network at all, no packages, an empty home."""

    kit: Path
    home: Path
    python: str = PYTHON

    def __call__(self, *words: str, code: int | None = 0, typed: str = "") -> Ran:
        """Run the kit's own `./fleetctl` and hold its exit code against `code` (None: any)."""
        command = ["unshare", "--net", "./fleetctl", *words]
        done = subprocess.run(
            command, cwd=self.kit, env=self.environment, input=typed, capture_output=True, text=True, timeout=TIMEOUT_S
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert code is None or ran.code == code, f"./fleetctl {' '.join(words)}: {ran}"
        return ran

    def json(self, *words: str, code: int | None = 0) -> Any:
        return self("-o", "json", *words, code=code).json

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command where the laptop's own network port works, with nobody else on the wire."""
        shell = ["sh", "-c", 'ip link set lo up && exec ./fleetctl "$@"', "sh", *words]
        return subprocess.Popen(
            ["unshare", "--net", *shell],
            cwd=self.kit,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.memory),
            "FLEETCTL_PYTHON": self.python,
            "NO_COLOR": "1",
        }

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
        export(office, ada, "A101", "--passphrase-file", str(ada.opener), *an_image(tmp_path))
        export(office, bob, "A102", "--recipient", keys.public_of(bob.opener.read_text()))
        nothing_in_clear(ada.kit)
        what_a_kit_does_offline(ada)
        what_another_python_is_told(ada)
        a_blank_machine_is_imaged(ada)
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
    if not imager.lacking():
        pinned = [each["fingerprint"] for each in office.json("unit", "show", BLANK)["host_keys"]]
        assert pinned == [Pin(*host_key().split()).fingerprint], "the host key of the machine that was imaged offline"
    assert "QR-0001-99994" in (office.folder / f"sites/{SITE}.yaml").read_text()
    kits = office.json("commission", "kits")["kits"]
    assert [(kit["engineer"], kit["standing"]) for kit in kits] == [("ada", "merged"), ("bob", "merged")]


def an_image(folder: Path) -> tuple[str, ...]:
    """Return the option that takes an image of the declared release along, where one can be made here."""
    if imager.lacking():
        return ()
    name = "qh-1-2026.11.0"
    return "--image", str(imager.write_image(folder / name, version=name, compatible="heat-qh-1"))


BLANK, SERIAL, MAC = unit("a101-1"), "QR-0001-00003", "02:00:00:01:00:03"


def a_blank_machine_is_imaged(laptop: Laptop) -> None:
    """Serve the kit's image to a machine on the laptop's own wire; what came of it is sealed."""
    if imager.lacking():
        return
    laptop("image", "request", BLANK)
    with laptop.start("image", "serve", "--listen", "127.0.0.1:0", "--until-done") as server:
        assert server.stderr is not None
        url = next(line.split()[-1] for line in server.stderr if line.startswith("imaging at "))
        wire = ["nsenter", f"--net=/proc/{server.pid}/ns/net", sys.executable, "-I", one_machine.__file__]
        subprocess.run([*wire, url, SERIAL, MAC, host_key()], check=True, capture_output=True, timeout=TIMEOUT_S)
        server.communicate(timeout=TIMEOUT_S)
    assert server.returncode == 0
    (imaged,) = laptop.json("image", "status", BLANK)["units"]
    assert imaged["stage"] == "done"
    laptop("commission", "kit", "unlock", *laptop.unlocking)
    laptop("commission", "kit", "lock")


@contextmanager
def a_fleet_with_a_ca(folder: Path) -> Iterator[Cli]:
    """Yield a fleet that has a CA, with a gateway and the two units of a dwelling as stand-ins that just booted."""
    plain = Cli.of_example("demo", folder / "demo")
    settings = {"FLEETCTL_CA_KEYS": str(folder / "ca-keys"), "XDG_CONFIG_HOME": str(folder / "config")}
    office = Cli(plain.folder, {**settings, "XDG_STATE_HOME": str(folder / "state")})
    root = office.json("ca", "init", "--root-keys", str(folder / "safe"))["root_sha256"]
    office.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {root}}}\npolicies:\n"))
    office("lab", "up", "--select", f"site={SITE},dwelling=A102")
    try:
        yield office
    finally:
        office("lab", "down", code=None)


@pytest.mark.lab
@pytest.mark.usefixtures("_bare_machine")
def test_registrations_that_had_to_wait_are_finished_by_the_merge(tmp_path: Path) -> None:
    bob = Laptop(tmp_path / "bob", tmp_path / "home")
    bob.home.mkdir()
    bob.opener.write_text(keys.new_key())
    bob.opener.chmod(0o600)
    with a_fleet_with_a_ca(tmp_path) as office:
        export(office, bob, "A102", "--recipient", keys.public_of(bob.opener.read_text()))
        assert not list(bob.kit.rglob("*ca-keys*")) + list(bob.kit.rglob("issuing.*"))
        try:
            what_needs_the_ca_waits(bob)
        finally:
            shutil.rmtree(bob.memory, ignore_errors=True)
        assert office.json("inventory", "export", "--format", "prometheus", "--registered") == []
        merged = office.json("commission", "merge", str(bob.kit))
        assert (merged["waiting"], merged["conflicts"]) == ([], [])
        everybody_knows_them(office)
        assert office.json("commission", "merge", str(bob.kit))["changed"] is False


UNITS = tuple(unit(name) for name in ("gw-a", "a102-1", "a102-2"))


def what_needs_the_ca_waits(laptop: Laptop) -> None:
    """Commission a gateway without a network, and try to register two units."""
    laptop("commission", "kit", "unlock", *laptop.unlocking)
    said = laptop("commission", "run", SITE, "unit=gw-a", "--unattended", "--patience", "60", code=None)
    assert "gw-a: configured" in said.out
    assert "'fleetctl commission merge' finishes" in said.out
    laptop("register", *UNITS[1:], code=1)
    stages = {row["unit"]: row["stages"] for row in laptop.json("commission", "show", SITE)["units"]}
    assert {stages[name]["registered"]["state"] for name in UNITS} == {"pending"}
    laptop("commission", "kit", "lock")


def everybody_knows_them(office: Cli) -> None:
    """Ask OpenSSL on each unit, the registry, monitoring and the checklist."""
    identity = "/data/fleet/identity/current"
    verify = (
        f"openssl verify -CAfile {identity}/root.pem -untrusted {identity}/certificate.pem {identity}/certificate.pem"
    )
    targets = office.json("inventory", "export", "--format", "prometheus", "--registered")
    assert {target["labels"]["unit"] for target in targets} == set(UNITS)
    issued = {each["unit"]: each["number"] for each in office.json("ca", "show")["certificates"]}
    stages = {row["unit"]: row["stages"] for row in office.json("commission", "show", SITE)["units"]}
    for name in UNITS:
        assert "OK" in on_unit(office, name, verify)
        assert office.json("unit", "show", name)["registration"]["certificate"] == issued[name]
        assert stages[name]["registered"]["state"] == "done"


def what_another_python_is_told(laptop: Laptop) -> None:
    """Start a kit that has no wheels for the laptop's Python; one that has them is taken if it is there, too."""
    if not OTHER_PYTHON:
        return
    refused = replace(laptop, python=OTHER_PYTHON)("validate", code=2).err
    assert f"the kit has no wheels for Python {OTHER_VERSION}; it has them for {OWN}" in refused
    assert f"export with --python {OTHER_VERSION}" in refused
    assert replace(laptop, python=f"{OTHER_PYTHON} {PYTHON}")("--version").out.startswith("fleetctl ")


@pytest.mark.skipif(not OTHER_PYTHON, reason="there is no other Python than the exporter's here")
@pytest.mark.usefixtures("_bare_machine")
def test_a_laptop_with_another_python_has_its_own_wheels(tmp_path: Path) -> None:
    office = an_office(tmp_path)
    laptop = Laptop(tmp_path / "kit", tmp_path / "home", OTHER_PYTHON)
    laptop.home.mkdir()
    laptop.opener.write_text(PASSPHRASE)
    options = ("--passphrase-file", str(laptop.opener), "--python", OTHER_VERSION)
    made = office("commission", "export", SITE, "--out", str(laptop.kit), "--dwelling", "A101", *options, code=None)
    if "pip download failed" in made.err:
        pytest.skip("wheels for another Python cannot be downloaded here")
    assert made.code == 0, made
    assert "is valid: 1 site" in laptop("validate").out
