"""The imager as it runs on a machine, in a sandbox: what it writes, in which order, and what it does not believe."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from fleetctl.core.images.disk import MIB, TO_THE_NEXT_DEVICE
from fleetctl.core.imaging.image import Image
from fleetctl.core.imaging.record import Stage
from fleetctl.services.image_requests import request
from tests.builders import imager as bench
from tests.builders.imager import AUTHORIZED, CODE, DISK, Bench
from tests.builders.imaging import NOON, machine, unit

pytestmark = pytest.mark.skipif(bool(bench.lacking()), reason=bench.lacking() or "-")
UNIT, CLAIM = "home/r1", machine(1, "0b00-7001")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bench.write_image(tmp_path_factory.mktemp("images") / "image")


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the programs and a key that nobody uses."""
    root = tmp_path_factory.mktemp("imager") / "root"
    bench.unpack(root, "ssh-ed25519 AAAA")
    return root


@pytest.fixture
def server(tmp_path: Path, image: Path) -> Bench:
    made = Bench(tmp_path / "server", image)
    request(made.state, [unit(1)], "ada", NOON, again=False)
    return made


@pytest.fixture
def root(tmp_path: Path, programs: Path, server: Bench) -> Path:
    copy = tmp_path / "root"
    shutil.copytree(programs, copy, symlinks=True)
    shutil.rmtree(tmp_path / "one", ignore_errors=True)
    signers = f'fleetctl-imaging namespaces="fleetctl-imaging" {server.signer.public}\n'
    (copy / "etc/allowed_signers").write_text(signers)
    return copy


def run(root: Path, server: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = bench.imager(root, server, CLAIM, **variables)
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def on_data(disk: Path, name: str) -> str:
    """Read a file of the data partition."""
    where = f"{disk}?offset={DISK.partitions[3].start}"
    return subprocess.run(["/sbin/debugfs", "-R", f"cat {name}", where], capture_output=True, text=True).stdout


def test_a_machine_is_imaged_from_nothing_to_a_pinned_host_key(root: Path, server: Bench, image: Path) -> None:
    disk = bench.blank(root)
    with server.serving() as url:
        ran = run(root, url)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    written, wanted = disk.read_bytes(), (image / "disk.img").read_bytes()
    data = DISK.partitions[3].start
    assert written[:data] == wanted[:data], "everything but the data partition is the image, zeros included"
    assert written.startswith(CODE)
    assert server.state.imaging.records()[UNIT].stage is Stage.DONE
    (pin,) = server.state.units.pins()[UNIT]
    assert on_data(disk, "identity/ssh_host_ed25519_key.pub").split()[:2] == [pin.key_type, pin.key]
    assert "PRIVATE KEY" in on_data(disk, "identity/ssh_host_ed25519_key")
    assert on_data(disk, "identity/authorized_keys") == AUTHORIZED
    named = [on_data(disk, f"identity/{name}").strip() for name in ("unit", "hostname", "serial", "model")]
    assert named == [UNIT, "r1", "RAD-0001", "qh-1"]


def test_a_machine_that_is_imaged_again_has_a_new_key_and_nothing_of_the_old_one(root: Path, server: Bench) -> None:
    disk = bench.blank(root)
    with server.serving() as url:
        assert run(root, url).returncode == 0
        first = server.state.units.pins()[UNIT]
        request(server.state, [unit(1)], "ada", NOON, again=True)
        assert run(root, url).returncode == 0
    assert server.state.units.pins()[UNIT] != first
    assert on_data(disk, "identity/ssh_host_ed25519_key.pub").split()[1] == server.state.units.pins()[UNIT][0].key


def test_a_machine_that_is_cut_anywhere_images_again(root: Path, server: Bench) -> None:
    """Kill it after each word that it says; until it is done the first sector leads to the network."""
    disk = bench.blank(root)
    with server.serving() as url:
        for words in range(1, 6):
            command = bench.imager(root, url, machine(1, f"b007-000{words}"))
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
                assert running.stdout is not None
                for _, _line in zip(range(words), running.stdout, strict=False):
                    pass
                running.kill()
            if server.state.imaging.records()[UNIT].stage is not Stage.DONE:
                assert disk.read_bytes()[:3] in {TO_THE_NEXT_DEVICE, b"\xaa\xaa\xaa"}
                assert UNIT not in server.state.units.pins()
        ran = run(root, url)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert disk.read_bytes().startswith(CODE)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("key", "the manifest's signature is wrong"),
        ("chunk", "is damaged"),
        ("longer chunk", "is damaged"),
        ("small disk", "the image needs"),
        ("no disk", "there is no disk"),
    ],
)
def test_nothing_that_is_wrong_is_written(root: Path, server: Bench, image: Path, damage: str, said: str) -> None:
    disk = bench.blank(root, size=MIB if damage == "small disk" else DISK.size)
    server.images.images()
    if damage == "key":
        (root / "etc/allowed_signers").write_text('fleetctl-imaging namespaces="other" ssh-ed25519 AAAA\n')
    elif damage == "no disk":
        disk.unlink()
    elif "chunk" in damage:
        server.images = _Damaged(server, image, -1 if damage == "chunk" else 1)
    with server.serving() as url:
        ran = run(root, url)
    assert ran.returncode == 1
    assert said in ran.stdout
    record = server.state.imaging.records()[UNIT]
    assert (record.stage, UNIT in server.state.units.pins()) == (Stage.IMAGING, False)
    if disk.exists():
        assert disk.read_bytes()[:3] == (TO_THE_NEXT_DEVICE if "chunk" in damage else b"\xaa\xaa\xaa")


class _Damaged:
    """Images whose chunks lost their last byte, or have one too many."""

    def __init__(self, server: Bench, image: Path, change: int) -> None:
        self._sound, self._folder, self._change = server.images, server.folder, change

    def chunk(self, sha256: str) -> Path | None:
        sound = self._sound.chunk(sha256)
        assert sound is not None
        damaged = self._folder / sha256
        content = sound.read_bytes()
        damaged.write_bytes(content[:-1] if self._change < 0 else content + b"x")
        return damaged

    def images(self) -> Sequence[Image]:
        return self._sound.images()

    def kernel(self, version: str) -> Path | None:
        return self._sound.kernel(version)

    def imager(self, version: str) -> Path | None:
        return self._sound.imager(version)


def test_a_machine_that_nobody_asked_for_gets_no_manifest(root: Path, server: Bench) -> None:
    bench.blank(root)
    with server.serving() as url:
        ran = run(root, url, FLEET_SERIAL="OTHER-1")
    assert ran.returncode == 1
    assert re.search(r"no manifest: .*403 it has the MAC of home/r1, whose serial is RAD-0001", ran.stdout)
    assert [s.claim.serial for s in server.state.imaging.strangers()] == ["OTHER-1"]
