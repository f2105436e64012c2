"""`fleetctl release` as a person uses it: keys, a signed bundle, a channel; and every refusal with exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.bundles import Workshop, a_party, an_authority
from tests.builders.command import Called, call


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETCTL_RELEASE_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("FLEETCTL_RELEASE_TRUST", raising=False)


@pytest.fixture
def workshop(tmp_path: Path, fleet_folder: Path) -> Workshop:
    """A fleet with keys, whose units believe this workshop."""
    workshop = Workshop(tmp_path / "workshop")
    assert release(fleet_folder, "keys", "init").code == 0
    (fleet_folder / "releases" / "keyring.pem").write_bytes(workshop.keyring.read_bytes())
    return workshop


def release(folder: Path, *words: str | Path) -> Called:
    return call("-o", "json", "release", *words, inventory=folder)


def codes(called: Called) -> set[str]:
    assert called.code == 2, called.err
    return {problem["code"] for problem in called.document["problems"]}


def test_a_release_goes_from_a_signed_bundle_to_a_channel(fleet_folder: Path, workshop: Workshop) -> None:
    added = release(fleet_folder, "add", workshop.bundle("qh-2026.12"), "--version", "qh-2026.12", "--model", "qh-1")
    assert added.code == 0, added.err
    assert (added.document["schema"], added.document["kind"]) == ("fleetctl/release/v1", "radiator")
    assert (fleet_folder / "releases" / "qh-2026.12.raucb").is_file()

    promoted = release(fleet_folder, "promote", "radiators", "qh-2026.12")
    assert promoted.document["channels"] == ["radiators"]
    text = (fleet_folder / "fleet.yaml").read_text()
    assert "channels: {radiators: qh-2026.12, gateways: gw-2026.11}" in text
    assert f"sha256: {added.document['sha256']}" in text
    assert call("validate", inventory=fleet_folder).code == 0

    listed = call("release", "list", inventory=fleet_folder)
    assert listed.lines[1].split()[:4] == ["qh-2026.12", "radiator", "qh-1", "radiators"]


def test_verify_is_good_once_everything_is_signed(fleet_folder: Path, workshop: Workshop) -> None:
    assert "unsigned-release" in codes(release(fleet_folder, "verify"))
    for version, compatible, channel in (
        ("qh-2026.11", "heat-qh", "radiators"),
        ("gw-2026.11", "heat-gw", "gateways"),
    ):
        assert release(fleet_folder, "add", workshop.bundle(version, compatible)).code == 0
        assert release(fleet_folder, "promote", channel, version).code == 0
    verified = release(fleet_folder, "verify")
    assert (verified.code, verified.document["valid"], verified.document["releases"]) == (0, True, 2)
    (fleet_folder / "releases" / "qh-2026.11.raucb").write_bytes(b"")
    assert codes(release(fleet_folder, "verify")) == {"damaged-bundle"}


def test_bad_bundles_are_refused_with_all_that_is_wrong(fleet_folder: Path, workshop: Workshop) -> None:
    file = fleet_folder / "fleet.yaml"
    file.write_text(file.read_text().replace("module_power_w: [200, 200]", "slot_size_bytes: 20000"))
    stranger = a_party("mallory", an_authority("their own"))
    large = workshop.bundle("1", size=100_000, signer=stranger)
    assert codes(release(fleet_folder, "add", large, "--version", "2")) == {
        "bad-signature",
        "bundle-too-large",
        "wrong-version",
    }
    unsigned = workshop.unsigned("1", "heat-qx")
    assert codes(release(fleet_folder, "add", unsigned)) == {"unsigned-bundle", "wrong-compatible"}
    cut = workshop.bundle("1")
    cut.write_bytes(cut.read_bytes()[:-100])
    assert codes(release(fleet_folder, "add", cut)) == {"unsigned-bundle"}
    assert [path.name for path in (fleet_folder / "releases").glob("*.raucb")] == []


def test_a_downgrade_needs_its_flag(fleet_folder: Path, workshop: Workshop) -> None:
    for version in ("qh-2026.11", "qh-2026.12"):
        release(fleet_folder, "add", workshop.bundle(version))
    assert release(fleet_folder, "promote", "radiators", "qh-2026.12").code == 0
    assert codes(release(fleet_folder, "promote", "radiators", "qh-2026.11")) == {"downgrade"}
    assert release(fleet_folder, "promote", "radiators", "qh-2026.11", "--allow-downgrade").code == 0


def test_a_withdrawn_release_says_why_wherever_it_is_refused(fleet_folder: Path, workshop: Workshop) -> None:
    release(fleet_folder, "add", workshop.bundle("qh-2026.12"))
    gone = release(fleet_folder, "withdraw", "qh-2026.12", "--reason", "fans stand still")
    assert gone.document["withdrawn"] == "fans stand still"
    refused = release(fleet_folder, "promote", "radiators", "qh-2026.12")
    assert codes(refused) == {"withdrawn-release"}
    assert "fans stand still" in refused.err


def test_rolled_back_and_missing_metadata_are_refused(fleet_folder: Path, workshop: Workshop) -> None:
    timestamp = fleet_folder / "releases" / "metadata" / "timestamp.json"
    old = timestamp.read_bytes()
    assert release(fleet_folder, "renew").code == 0
    timestamp.write_bytes(old)
    assert codes(release(fleet_folder, "list")) == {"rolled-back-metadata"}
    timestamp.unlink()
    assert codes(release(fleet_folder, "add", workshop.bundle())) == {"missing-metadata"}


def test_another_machine_trusts_the_root_by_its_digest(
    fleet_folder: Path, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = release(fleet_folder, "keys", "status").document["digest"]
    monkeypatch.setenv("FLEETCTL_RELEASE_TRUST", str(tmp_path / "kit"))
    assert codes(release(fleet_folder, "list")) == {"no-trusted-root"}
    assert codes(release(fleet_folder, "trust", "0" * 64)) == {"other-root"}
    assert release(fleet_folder, "trust", digest).code == 0
    assert release(fleet_folder, "list").document["schema"] == "fleetctl/releases/v1"


def test_holders_sign_one_after_the_other(fleet_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def on(name: str) -> None:
        monkeypatch.setenv("FLEETCTL_RELEASE_KEYS", str(tmp_path / name))

    publics = []
    for name in ("alice", "bob"):
        on(name)
        publics.append(call("release", "keys", "make", name, inventory=fleet_folder).out.strip())
    on("signer")
    drawn = release(fleet_folder, "keys", "init", "--holder", publics[0], "--holder", publics[1], "--threshold", "2")
    assert (drawn.document["missing"], drawn.document["published"]) == (2, False)
    for name in ("alice", "bob", "signer"):
        on(name)
        signed = release(fleet_folder, "keys", "sign", drawn.document["digest"])
    assert signed.document["published"]
    assert "root 1 is in force" in signed.err
    drawn = release(fleet_folder, "keys", "rotate", "timestamp")
    assert (drawn.document["version"], drawn.document["missing"]) == (2, 2)


def test_a_fleet_without_keys_says_how_to_begin(fleet_folder: Path, tmp_path: Path) -> None:
    bundle = Workshop(tmp_path / "workshop")
    assert codes(release(fleet_folder, "list")) == {"no-signed-releases"}
    assert codes(release(fleet_folder, "keys", "status")) == {"no-root"}
    (fleet_folder / "releases").mkdir()
    (fleet_folder / "releases" / "keyring.pem").write_bytes(bundle.keyring.read_bytes())
    assert codes(release(fleet_folder, "add", bundle.bundle())) == {"no-signed-releases"}
