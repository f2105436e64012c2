"""A bundle is believed only if the keyring vouches for every byte of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from fleetctl.adapters.bundles.reader import BundleReader
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.releases.offer import Bundle
from fleetctl.lab.unit import bundle as stand_in
from tests.builders.bundles import DAY, NOW, Party, Workshop, a_party, an_authority, trailer


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path / "workshop")


def read(workshop: Workshop, path: Path) -> Bundle:
    return BundleReader(workshop.keyring, ask_rauc=False).read(path, NOW)


def codes(bundle: Bundle) -> list[str]:
    return [problem.code for problem in bundle.problems]


def test_a_signed_bundle_says_what_it_is_and_who_signed_it(workshop: Workshop) -> None:
    bundle = read(workshop, workshop.bundle())
    assert codes(bundle) == []
    assert bundle.manifest is not None
    assert (bundle.manifest.compatible, bundle.manifest.version) == ("heat-qh", "2026.12")
    assert dict(bundle.manifest.images)["rootfs"] > 0
    assert bundle.signer == "CN=builder"


def test_a_stand_in_reads_a_signed_bundle_as_well(workshop: Workshop, tmp_path: Path) -> None:
    (slot := tmp_path / "slot").mkdir()
    assert stand_in.unpack(workshop.bundle(), slot).version == "2026.12"
    assert (slot / "etc" / "fill").read_text() == "x" * 10


def test_an_unsigned_bundle_is_refused_and_still_shows_its_manifest(workshop: Workshop) -> None:
    bundle = read(workshop, workshop.unsigned())
    assert codes(bundle) == ["unsigned-bundle"]
    assert bundle.manifest is not None


@pytest.mark.parametrize("cut", [1, 8, 9, 500, 5000])
def test_a_bundle_that_was_cut_off_is_refused(workshop: Workshop, cut: int) -> None:
    path = workshop.bundle(size=20_000)
    path.write_bytes(path.read_bytes()[:-cut])
    assert codes(read(workshop, path))


def test_a_file_system_cut_off_is_named_as_such(workshop: Workshop) -> None:
    path = workshop.folder / "cut.raucb"
    path.write_bytes(b"hsqs" + bytes(36) + (1 << 20).to_bytes(8, "little") + bytes(4096))
    assert codes(read(workshop, path)) == ["truncated-bundle"]


@pytest.mark.parametrize("at", [600, 2048])
def test_a_changed_payload_is_found_out(workshop: Workshop, at: int) -> None:
    path = workshop.bundle(size=20_000)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    bundle = read(workshop, path)
    assert "bad-signature" in codes(bundle)
    assert "other content" in " ".join(problem.message for problem in bundle.problems)


def test_a_bundle_signed_by_a_stranger_is_refused_by_name(workshop: Workshop) -> None:
    bundle = read(workshop, workshop.bundle(signer=a_party("mallory", an_authority("their own"))))
    assert [p.message for p in bundle.problems] == ["the fleet's keyring does not vouch for CN=mallory"]


def signers(authority: Party) -> dict[str, Party]:
    plain = a_party("no authority", authority)
    bounded = a_party("bounded", authority, authority=True, path_length=0)
    link = a_party("link", bounded, authority=True)
    return {
        "ended": a_party("builder", authority, ends=NOW - DAY),
        "not valid yet": a_party("builder", authority, begins=NOW + DAY),
        "unsuitable purpose": a_party("builder", authority, purposes=[ExtendedKeyUsageOID.CODE_SIGNING]),
        "does not vouch": a_party("builder", plain),
        "critical extension": a_party(
            "builder", authority, extra=x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\5\0")
        ),
        "keyring does not vouch": a_party("builder", link),
    }


@pytest.mark.parametrize("reason", list(signers(an_authority())))
def test_a_signer_that_units_would_not_believe_is_refused(workshop: Workshop, reason: str) -> None:
    bundle = read(workshop, workshop.bundle(signer=signers(workshop.authority)[reason]))
    assert codes(bundle) == ["bad-signature"]
    assert reason in bundle.problems[0].message


def test_a_link_that_came_with_the_signature_leads_to_the_keyring(workshop: Workshop) -> None:
    link = a_party("link", workshop.authority, authority=True)
    signer = a_party("builder", link)
    path = workshop.unsigned()
    payload = path.read_bytes()
    path.write_bytes(payload + trailer(signer.sign(payload, chain=(link,))))
    assert codes(read(workshop, path)) == []
    path.write_bytes(payload + trailer(signer.sign(payload)))
    assert codes(read(workshop, path)) == ["bad-signature"], "without the link nobody vouches"


def test_the_keyring_rotates_over_two_releases(workshop: Workshop) -> None:
    after = an_authority("next authority")
    old, new = workshop.bundle("1"), workshop.bundle("2", signer=a_party("builder", after))
    assert (codes(read(workshop, old)), codes(read(workshop, new))) == ([], ["bad-signature"])
    workshop.keyring.write_bytes(workshop.authority.pem + after.pem)
    assert (codes(read(workshop, old)), codes(read(workshop, new))) == ([], [])
    workshop.keyring.write_bytes(after.pem)
    assert (codes(read(workshop, old)), codes(read(workshop, new))) == (["bad-signature"], [])


def test_the_verity_form_is_checked_down_to_the_last_block(workshop: Workshop) -> None:
    path = workshop.verity()
    assert codes(read(workshop, path)) == []
    content = bytearray(path.read_bytes())
    content[299 * 4096 + 7] ^= 1
    path.write_bytes(content)
    bundle = read(workshop, path)
    assert [problem.message for problem in bundle.problems] == ["its payload is not the one that was signed"]


@pytest.mark.parametrize("blocks", [1, 2, 128, 129])
def test_the_hash_tree_has_as_many_levels_as_it_needs(workshop: Workshop, blocks: int) -> None:
    assert codes(read(workshop, workshop.verity(blocks=blocks))) == []


def test_a_payload_shorter_than_its_hash_tree_says_is_cut_off(workshop: Workshop) -> None:
    path = workshop.verity()
    path.write_bytes(path.read_bytes()[4096 * 3 + 1 :])
    assert "cut off" in read(workshop, path).problems[0].message


@pytest.mark.parametrize("at", range(0, 700, 23))
def test_a_damaged_signature_is_a_problem_and_never_a_crash(workshop: Workshop, at: int) -> None:
    path = workshop.unsigned()
    payload = path.read_bytes()
    signature = bytearray(workshop.builder.sign(payload))
    signature[at % len(signature)] ^= 0x55
    path.write_bytes(payload + trailer(bytes(signature)))
    assert "bad-signature" in codes(read(workshop, path))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL's program is not installed")
@pytest.mark.parametrize("options", [[], ["-keyid"]])
def test_a_signature_made_by_openssl_is_read(workshop: Workshop, options: list[str]) -> None:
    path = workshop.unsigned()
    key, certificate = workshop.folder / "key.pem", workshop.folder / "certificate.pem"
    key.write_bytes(workshop.builder.key_pem)
    certificate.write_bytes(workshop.builder.pem)
    command = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", *options, "-in", str(path)]
    keys = ["-signer", str(certificate), "-inkey", str(key)]
    signature = subprocess.run([*command, *keys], check=True, capture_output=True).stdout
    path.write_bytes(path.read_bytes() + trailer(signature))
    assert codes(read(workshop, path)) == []


def test_a_missing_file_or_keyring_says_so(workshop: Workshop) -> None:
    with pytest.raises(InvalidInput, match="is not there"):
        read(workshop, workshop.folder / "nowhere.raucb")
    path = workshop.bundle()
    workshop.keyring.unlink()
    with pytest.raises(CouldNot, match=r"keyring .* cannot be read"):
        read(workshop, path)
