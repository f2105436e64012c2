"""The CA against OpenSSL: what it signs is believed by a program that shares no code with it."""

from __future__ import annotations

import stat
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key

from fleetctl.adapters.identity.authority import FleetAuthority, listed
from fleetctl.adapters.identity.keys import CaKeys
from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.problems import CouldNot, InvalidInput
from tests.builders.authority import NOON, a_profile, a_request, an_authority


@pytest.fixture
def authority(tmp_path: Path) -> FleetAuthority:
    return an_authority(tmp_path)


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=20)


def verified(authority: FleetAuthority, certificate: Certificate, folder: Path, *more: str | Path) -> str:
    """Let OpenSSL verify a machine's certificate at noon; return what it objects to."""
    leaf = folder / "leaf.pem"
    leaf.write_text(certificate.pem)
    roots = ("-CAfile", authority.folder / "root.pem", "-untrusted", authority.folder / "issuing.pem")
    at = ("-attime", str(int((NOON + timedelta(minutes=1)).timestamp())))
    done = openssl("verify", "-x509_strict", *at, *roots, *more, leaf)
    return "" if done.returncode == 0 else done.stderr


def issued(authority: FleetAuthority, serial: str = "QR-1") -> Certificate:
    return authority.issue(authority.read(a_request(serial)), a_profile(serial=serial), "ada")


def test_openssl_believes_a_machines_certificate_and_reads_what_it_says(
    authority: FleetAuthority, tmp_path: Path
) -> None:
    certificate = issued(authority)
    assert verified(authority, certificate, tmp_path) == ""
    assert verified(authority, certificate, tmp_path, "-purpose", "sslclient") == ""
    text = openssl("x509", "-in", tmp_path / "leaf.pem", "-noout", "-text").stdout
    for said in ("serialNumber = QR-1", "URI:fleet://test-fleet/site/unit", "IP Address:10.77.1.11", "CA:FALSE"):
        assert said in text


def test_a_machines_certificate_signs_nothing(authority: FleetAuthority, tmp_path: Path) -> None:
    text = issued(authority).pem
    (tmp_path / "a.pem").write_text(text)
    said = openssl("x509", "-in", tmp_path / "a.pem", "-noout", "-text").stdout
    assert "Certificate Sign" not in said
    assert "CRL Sign" not in said


def test_a_revoked_certificate_is_refused_by_who_has_the_list(authority: FleetAuthority, tmp_path: Path) -> None:
    good, bad = issued(authority), issued(authority, "QR-2")
    revoked = bad.as_revoked(Reason.KEY_COMPROMISE, NOON)
    content = authority.revocations((revoked,), NOON)
    assert listed(content) == (NOON, NOON + timedelta(days=7), (bad.number,))
    (tmp_path / "crl.der").write_bytes(content)
    openssl("crl", "-inform", "DER", "-in", tmp_path / "crl.der", "-out", tmp_path / "crl.pem")
    with_list = ("-crl_check", "-CRLfile", tmp_path / "crl.pem")
    assert verified(authority, good, tmp_path, *with_list) == ""
    assert "certificate revoked" in verified(authority, bad, tmp_path, *with_list)


def test_the_request_decides_nothing_but_the_key(authority: FleetAuthority) -> None:
    certificate = authority.issue(authority.read(a_request("I am the root")), a_profile(), "ada")
    assert (certificate.serial, certificate.unit) == ("QR-1", "site/unit")
    assert "root" not in certificate.pem


def test_a_request_is_only_taken_from_who_has_the_key(authority: FleetAuthority) -> None:
    lines = a_request().splitlines()
    at = len(lines) - 2
    lines[at] = lines[at][:4] + ("A" if lines[at][4] != "A" else "B") + lines[at][5:]
    with pytest.raises(CouldNot, match="request for a certificate"):
        authority.read("\n".join(lines))
    with pytest.raises(CouldNot, match="not a request"):
        authority.read("nonsense")
    with pytest.raises(CouldNot, match=r"P-256 nor of ed25519"):
        authority.read(a_request(key=generate_private_key(SECP384R1())))


def test_no_certificate_outlives_the_one_that_signed_it(authority: FleetAuthority) -> None:
    late = NOON + timedelta(days=700)
    certificate = authority.issue(authority.read(a_request()), a_profile(at=late), "ada")
    assert certificate.not_after == authority.chain().issuing_until
    with pytest.raises(CouldNot, match="ended on"):
        authority.issue(authority.read(a_request()), a_profile(at=NOON + timedelta(days=800)), "ada")


def test_a_renewed_issuing_certificate_leaves_what_was_signed_before(authority: FleetAuthority, tmp_path: Path) -> None:
    before = issued(authority)
    (tmp_path / "keys/root.key").rename(tmp_path / "root.key")
    with pytest.raises(CouldNot, match=r"root\.key cannot be read"):
        authority.renew("test-fleet", authority.keys, NOON)
    (tmp_path / "safe").mkdir(mode=0o700)
    (tmp_path / "root.key").rename(tmp_path / "safe/root.key")
    renewed = authority.renew("test-fleet", CaKeys(tmp_path / "safe"), NOON + timedelta(minutes=1))
    assert renewed.root_sha256 == an_old(authority).chain().root_sha256
    assert verified(authority, before, tmp_path) == ""
    assert verified(authority, issued(an_old(authority)), tmp_path) == ""


def an_old(authority: FleetAuthority) -> FleetAuthority:
    """Return the same CA as another process finds it."""
    return replace(authority)


def test_keys_are_their_owners_and_open_by_the_passphrase_alone(tmp_path: Path) -> None:
    keys = CaKeys(tmp_path / "keys", "correct horse")
    authority = FleetAuthority(tmp_path / "authority", keys)
    authority.begin("test-fleet", keys, NOON)
    for file in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"ENCRYPTED" in file.read_bytes()
    with pytest.raises(CouldNot, match="kept with a passphrase"):
        CaKeys(tmp_path / "keys").load("issuing")
    with pytest.raises(CouldNot, match="passphrase is wrong"):
        CaKeys(tmp_path / "keys", "wrong").load("issuing")
    (tmp_path / "keys/issuing.key").chmod(0o640)
    with pytest.raises(CouldNot, match="can be read by others"):
        keys.load("issuing")


def test_a_ca_is_not_made_twice_and_never_in_a_repository(authority: FleetAuthority, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="exists already"):
        authority.begin("test-fleet", authority.keys, NOON)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/fleet.yaml").touch()
    inside = CaKeys(tmp_path / "repo/keys")
    with pytest.raises(InvalidInput, match="Git's folder"):
        FleetAuthority(tmp_path / "repo/authority", inside).begin("test-fleet", inside, NOON)
    assert not (tmp_path / "repo/authority").exists()


def test_another_root_than_the_declared_one_is_refused(authority: FleetAuthority, tmp_path: Path) -> None:
    pinned = replace(authority, pinned=authority.chain().root_sha256)
    assert pinned.chain() == authority.chain()
    other = an_authority(tmp_path / "other")
    (authority.folder / "root.pem").write_text(other.chain().root)
    with pytest.raises(CouldNot, match=r"fleet\.yaml says"):
        replace(pinned).chain()
    with pytest.raises(CouldNot, match="was not signed by"):
        replace(authority).chain()
