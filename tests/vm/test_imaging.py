"""A blank machine is imaged over the network by the real command line, and imaged again after it ran.

Firmware, iPXE, kernel and disk are a virtual machine's; its gateway's script is the one that fleetctl renders.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.builders.vagrant import REPOSITORY, Machines

pytestmark = pytest.mark.vm
UNIT, NAME = "vm/blank", "blank"
IMAGED_S = 1800.0
"""An idle machine needs 60."""
CHUNKS = re.compile(r"(\d+) of (\d+)")
FLEETCTL = (sys.executable, "-c", "from fleetctl.cli.main import run; run()")


@dataclass(frozen=True)
class Operator:
    """Who works in the fleet's folder."""

    folder: Path

    @property
    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != "CI"}
        return {**kept, "PYTHONPATH": str(REPOSITORY), "FLEETCTL_IMAGING_KEY": str(self.folder / "imaging-key")}

    def says(self, *words: str) -> str:
        """Run a command; returns what it printed on standard output."""
        command = [*FLEETCTL, "-i", str(self.folder), *words]
        ran = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, f"{words}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    @contextmanager
    def serving(self, images: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
        """Serve images until the unit is done, or the block ends."""
        words = ["-o", "json", "image", "serve", "--images", str(images), "--listen", "127.0.0.1:8099", "--until-done"]
        command = [*FLEETCTL, "-i", str(self.folder), *words, *options]
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, text=True) as server:
            try:
                yield server
            finally:
                server.terminate()

    def imaging(self) -> dict[str, str]:
        """Return how far the unit is."""
        found: list[dict[str, str]] = json.loads(self.says("-o", "json", "image", "status", UNIT))["units"]
        return found[0]

    def wait_until_it_writes(self) -> None:
        """Wait until the imager has written some chunks, and not all."""
        deadline = time.monotonic() + IMAGED_S
        while not ((found := CHUNKS.match(self.imaging()["note"])) and 2 <= int(found[1]) < int(found[2])):
            assert time.monotonic() < deadline, self.imaging()
            time.sleep(1.0)


@pytest.fixture(scope="module")
def home(machines: Machines) -> Path:
    return machines.home


@pytest.fixture(scope="module")
def image(machines: Machines) -> Path:
    return machines.works.first("radiator")


@pytest.fixture(scope="module")
def operator(home: Path) -> Operator:
    folder = home / "fleet-blank"
    shutil.copytree(REPOSITORY / "vagrant/fleet", folder, ignore=shutil.ignore_patterns(".fleetctl"))
    for name in ("key", "key.pub"):
        shutil.copy(home / name, folder / name)
    return Operator(folder)


@pytest.fixture(scope="module")
def blank(machines: Machines, operator: Operator) -> Machines:
    """Return machines with, on the blank one's network, the script that the gateway would have."""
    operator.says("render", "vm/gateway", "--out", str(operator.folder / "rendered"))
    (script,) = (operator.folder / "rendered").rglob("boot.ipxe")
    (machines.home / "tftp").mkdir(exist_ok=True)
    shutil.copy(script, machines.home / "tftp/boot.ipxe")
    (machines.home / "tftp/boot.ipxe").chmod(0o644)
    return machines


def login(home: Path, port: int, operator: Operator, known: Path) -> subprocess.CompletedProcess[str]:
    """Log in with strict checking of the host key that fleetctl pinned."""
    (key,) = json.loads(operator.says("-o", "json", "unit", "show", UNIT))["host_keys"]
    said = operator.imaging()["host_key"]
    known.write_text(f"[127.0.0.1]:{port} {said}\n")
    shown = subprocess.run(["ssh-keygen", "-lf", known], capture_output=True, text=True).stdout
    assert key["fingerprint"] in shown, "what is pinned is what was enrolled"
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=20"]
    words = ["ssh", *options, "-o", "BatchMode=yes", "-i", str(home / "key"), "-p", str(port), "fleet@127.0.0.1"]
    return subprocess.run([*words, "cat /etc/fleet/release; hostname"], capture_output=True, text=True)


def wait_for_login(home: Path, port: int, operator: Operator) -> str:
    deadline = time.monotonic() + IMAGED_S
    while (ran := login(home, port, operator, operator.folder / "known")).returncode != 0:
        assert "verification failed" not in ran.stderr, ran.stderr
        assert time.monotonic() < deadline, ran.stderr
        time.sleep(2.0)
    return ran.stdout


def test_a_blank_machine_is_imaged_and_answers_with_its_enrolled_key(
    home: Path,
    image: Path,
    operator: Operator,
    blank: Machines,
    record_property: Callable[[str, object], None],
) -> None:
    operator.says("image", "request", UNIT)
    with operator.serving(image) as server:
        began = time.monotonic()
        blank.up_only(NAME)
        out, _ = server.communicate(timeout=IMAGED_S)
    release = wait_for_login(home, blank.ports[NAME], operator)
    record_property(
        "imaging", f"a blank machine is imaged and answers {time.monotonic() - began:.0f} s after its start"
    )
    assert "VERSION=radiator-1\n" in release
    assert "SERIAL=VM-0003\n" in release
    assert release.endswith(f"{NAME}\n")
    stages = [json.loads(line)["stage"] for line in out.splitlines()]
    assert stages[-1] == "done"
    assert {"imaging", "enrolled"} & set(stages)


def test_a_machine_whose_power_is_cut_while_it_is_imaged_again_images_by_itself(
    home: Path, image: Path, operator: Operator, blank: Machines
) -> None:
    before = operator.imaging()["host_key"]
    blank.ask(NAME, "echo from-before > /data/from-before; sync")
    ways = blank.ways(NAME)
    inventory = [sys.executable, str(REPOSITORY / "vagrant/inventory"), str(operator.folder)]
    subprocess.run(inventory, input=ways, text=True, check=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    for rule in ("G1", "G2", "G3", "G5", "G6", "G8"):  # its gateway and its neighbour are not there
        operator.says("override", "add", rule, UNIT, "--for", "1h", "--reason", "a trial")
    operator.says("unit", "reimage", UNIT, "--yes")
    with operator.serving(image, "--rate", "1"):  # so slow that a busy machine sees it in the midst
        operator.wait_until_it_writes()
        blank.cut(NAME)
        assert operator.imaging()["stage"] == "imaging"
    with operator.serving(image) as server:
        blank.power_on(NAME)
        server.communicate(timeout=IMAGED_S)
    assert "VERSION=radiator-1\n" in wait_for_login(home, blank.ports[NAME], operator)
    assert operator.imaging()["host_key"] != before
    assert blank.run(NAME, "cat /data/from-before").code != 0
