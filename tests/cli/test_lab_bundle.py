"""`fleetctl lab bundle`: what it makes is a release for the fleet, and for the units' own RAUC."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.adapters.carry.differences import pieces
from fleetctl.core.releases.difference import difference
from fleetctl.lab.unit import bundle, signature
from tests.builders.bundles import Workshop
from tests.builders.command import call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETCTL_RELEASE_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("FLEETCTL_RELEASE_TRUST", raising=False)


def test_a_fleet_without_a_keyring_gets_one_and_takes_the_release(fleet_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.raucb"
    made = call("-o", "json", "lab", "bundle", "2026.12", "--model", "qh-1", "--out", path, inventory=fleet_folder)
    assert made.code == 0, made.err
    assert made.document["schema"] == "fleetctl/lab-bundle/v1"
    assert "it is for no real unit" in made.err
    assert call("release", "keys", "init", inventory=fleet_folder).code == 0
    added = call("release", "add", path, "--version", "2026.12", "--model", "qh-1", inventory=fleet_folder)
    assert added.code == 0, added.err
    signature.check(path, fleet_folder / "releases" / "keyring.pem")


def test_a_keyring_that_is_there_is_its_owners(fleet_folder: Path, tmp_path: Path) -> None:
    keyring = fleet_folder / "releases" / "keyring.pem"
    keyring.parent.mkdir(exist_ok=True)
    keyring.write_bytes(Workshop(tmp_path / "workshop").authority.pem)
    before = keyring.read_bytes()
    words = ("lab", "bundle", "2026.12", "--model", "qh-1", "--out", tmp_path / "a.raucb")
    assert "does not vouch for it" in call(*words, inventory=fleet_folder).err
    assert keyring.read_bytes() == before
    with pytest.raises(signature.BadSignature, match="verification failed"):
        signature.check(tmp_path / "a.raucb", keyring)


def test_a_model_that_the_fleet_does_not_have_is_refused(fleet_folder: Path) -> None:
    made = call("lab", "bundle", "2026.12", "--model", "qh-11", inventory=fleet_folder)
    assert made.code == 2
    assert "qh-1" in made.err


@pytest.mark.parametrize(("fails", "file"), [("panic", "panic"), ("no-agent", "no-agent"), ("no-heat", "no-heat")])
def test_a_sick_release_is_one_by_a_file_in_its_system(
    fleet_folder: Path, tmp_path: Path, fails: str, file: str
) -> None:
    path, slot = tmp_path / "a.raucb", tmp_path / "slot"
    words = ("lab", "bundle", "1", "--model", "qh-1", "--out", path, "--fails", fails, "--size-mb", "2")
    assert call(*words, inventory=fleet_folder).code == 0
    slot.mkdir()
    bundle.unpack(path, slot)
    assert [p.name for p in slot.rglob("*") if p.is_file()] == [file]
    assert path.stat().st_size > 2_000_000


def test_a_release_that_is_like_another_has_most_of_its_bytes(fleet_folder: Path, tmp_path: Path) -> None:
    paths = {version: tmp_path / f"{version}.raucb" for version in ("1", "2", "3")}
    for version, path in paths.items():
        like = ("--like", "1") if version == "3" else ()
        words = ("lab", "bundle", version, "--model", "qh-1", "--out", path, "--size-mb", "1", *like)
        assert call(*words, inventory=fleet_folder).code == 0
    found = {version: list(pieces(path)) for version, path in paths.items()}
    sent = {version: sum(run.sent_bytes for run in difference(found[version], [found["1"]])) for version in paths}
    assert sent["2"] > 900_000
    assert sent["3"] < 100_000


@pytest.mark.parametrize("harm", ["payload", "signature", "trailer", "unsigned"])
def test_the_units_rauc_believes_no_other_bytes(fleet_folder: Path, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "a.raucb"
    assert call("lab", "bundle", "1", "--model", "qh-1", "--out", path, inventory=fleet_folder).code == 0
    content = bytearray(path.read_bytes())
    at = {"payload": 600, "signature": -200, "trailer": -1, "unsigned": 0}[harm]
    content[at] ^= 1
    path.write_bytes(content if at else content[:10240])
    with pytest.raises(signature.BadSignature):
        signature.check(path, fleet_folder / "releases" / "keyring.pem")


def test_a_unit_without_a_keyring_takes_everything(tmp_path: Path) -> None:
    signature.check(tmp_path / "nothing.raucb", tmp_path / "nowhere.pem")
