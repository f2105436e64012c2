"""`fleetctl image` as a shell sees it, without building anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fleetctl.adapters.bundles.reader import BundleReader
from fleetctl.adapters.images.keys import make_keys
from fleetctl.core.digest import digest
from tests.builders.bundles import Party, Workshop, trailer
from tests.builders.command import call


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder that is no fleet's."""
    monkeypatch.chdir(tmp_path)


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    assert call("image", "keys", tmp_path / "keys").code == 0
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "keys").glob("*.key")} == {
        "authority.key": 0o600,
        "builder.key": 0o600,
    }
    again = call("image", "keys", tmp_path / "keys")
    assert again.code == 2
    assert "never overwritten" in again.err


def test_what_a_made_builder_signs_is_believed_by_the_made_authority(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys", "fleet", datetime.now(UTC))
    key = load_pem_private_key((tmp_path / "keys/builder.key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    builder = Party(key, x509.load_pem_x509_certificate((tmp_path / "keys/builder.pem").read_bytes()))
    bundle = Workshop(tmp_path / "w").unsigned()
    bundle.write_bytes(bundle.read_bytes() + trailer(builder.sign(bundle.read_bytes())))
    reader = BundleReader(tmp_path / "keys/authority.pem", ask_rauc=False)
    assert reader.read(bundle, datetime.now(UTC)).problems == ()


def test_everything_that_a_build_lacks_is_told_at_once(tmp_path: Path) -> None:
    overlay = tmp_path / "none"
    ran = call("image", "build", "radiator", "--version", "1", "--out", tmp_path / "out", "--overlay", overlay)
    assert ran.code == 2
    assert ran.err.count("[no-file]") == 3, "certificate, key, keyring"
    assert "[no-folder]" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    fleet = Path(__file__).parents[2] / "inventories/demo"
    words = ("image", "build", "boiler", "--version", "1", "--model", "qh-1", "--out", tmp_path / "out")
    ran = call(*words, inventory=fleet)
    assert ran.code == 2
    assert "[wrong-kind]" in ran.err


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "disk.img").write_bytes(b"disk")
    part = {"file": "disk.img", "size_bytes": 4, "sha256": digest(b"disk")}
    (folder / "image.json").write_text(json.dumps({"schema": "fleetctl/image/v1", "disk": part}))
    return folder


def test_an_image_that_is_whole_is_said_to_be(image: Path) -> None:
    assert call("image", "verify", image).code == 0
    assert call("-o", "json", "image", "verify", image / "image.json").document["valid"] is True


@pytest.mark.parametrize(("content", "code"), [(b"disc", "damaged-file"), (None, "missing-file")])
def test_a_file_that_changed_or_went_away_is_told(image: Path, content: bytes | None, code: str) -> None:
    (image / "disk.img").unlink()
    if content:
        (image / "disk.img").write_bytes(content)
    ran = call("image", "verify", image)
    assert ran.code == 2
    assert f"[{code}]" in ran.err


def test_a_build_that_did_not_end_is_no_image(image: Path) -> None:
    (image / "image.json").unlink()
    assert "[no-image]" in call("image", "verify", image).err


def test_a_bundle_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "w")
    ran = call("image", "verify", workshop.unsigned(), "--keyring", workshop.keyring)
    assert ran.code == 2
    assert "[unsigned-bundle]" in ran.err
    assert call("image", "verify", workshop.bundle(), "--keyring", workshop.keyring).code == 0
