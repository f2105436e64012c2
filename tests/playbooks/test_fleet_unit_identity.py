"""`fleet-unit identity`, `enrol` and `wipe-identity`: a key that never leaves, one certificate in force or none."""

from __future__ import annotations

import json
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.identity.authority import FleetAuthority
from fleetctl.core.identity.certificate import Certificate
from tests.builders.authority import NOON, a_profile, a_request, an_authority
from tests.builders.cuts import every_cut
from tests.builders.unit_root import Document, UnitRoot

IDENTITY = "/data/fleet/identity"
CURRENT = f"{IDENTITY}/current"
DIGEST = "d" * 64


@pytest.fixture
def unit(tmp_path: Path) -> UnitRoot:
    return UnitRoot.make(tmp_path / "unit")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> FleetAuthority:
    return an_authority(tmp_path_factory.mktemp("ca"))


def asked(unit: UnitRoot, *options: str, again: bool = False) -> str:
    """Return the request that a unit answers with."""
    outcome = unit.effect("identity", *options, again=again)
    assert outcome["ending"] == "ok", outcome
    return str(outcome["answer"]["request"])


def issued(authority: FleetAuthority, request: str) -> Certificate:
    return authority.issue(authority.read(request), a_profile(at=NOON), "ada")


def enrolment(authority: FleetAuthority, certificate: Certificate, **told: str) -> bytes:
    """Return what the controller sends."""
    chain = authority.chain()
    registration = {
        "digest": DIGEST,
        "unit": certificate.unit,
        "serial": certificate.serial,
        "number": certificate.number,
        "not_after": certificate.not_after.isoformat(),
        **told,
    }
    texts = {"certificate": certificate.pem, "chain": chain.issuing, "root": chain.root}
    return json.dumps({**texts, "registration": registration}).encode()


def enrolled(unit: UnitRoot, authority: FleetAuthority, *options: str) -> Certificate:
    """Give a unit a certificate, as the controller does."""
    certificate = issued(authority, asked(unit, *options))
    outcome = unit.effect("enrol", stdin=enrolment(authority, certificate))
    assert outcome["ending"] == "ok", outcome
    return certificate


def private_keys(unit: UnitRoot) -> list[Path]:
    """Return every file of the unit that holds a private key, whatever it is called."""
    files = [path for path in unit.root.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if b"PRIVATE KEY" in path.read_bytes()]


def key_fits(unit: UnitRoot, certificate: Certificate) -> bool:
    """Say whether the key in force is the one that a certificate is for."""
    public = ("openssl", "pkey", "-in", str(unit.path(f"{CURRENT}/key.pem")), "-pubout")
    of_key = subprocess.run(public, capture_output=True, check=True).stdout
    of_certificate = subprocess.run(
        ("openssl", "x509", "-noout", "-pubkey"), input=certificate.pem.encode(), capture_output=True, check=True
    ).stdout
    return of_key == of_certificate


def test_a_unit_makes_a_key_once_and_asks_with_it(unit: UnitRoot, authority: FleetAuthority) -> None:
    first, second = authority.read(asked(unit)), authority.read(asked(unit))
    assert first.serial == "QR-1"
    assert first.key == second.key
    assert stat.S_IMODE(unit.path(f"{IDENTITY}/next.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(unit.path(IDENTITY).stat().st_mode) == 0o700


def test_no_key_in_what_a_unit_says_or_writes_down(unit: UnitRoot, authority: FleetAuthority) -> None:
    said = [unit.run("identity", *unit.step_options())]
    certificate = issued(authority, json.loads(said[0].stdout)["answer"]["request"])
    unit.step += 1
    said.append(unit.run("enrol", *unit.step_options(), stdin=enrolment(authority, certificate)))
    said.append(unit.run("status"))
    key = unit.read(f"{CURRENT}/key.pem").splitlines()[1]
    for ran in said:
        assert b"PRIVATE" not in ran.stdout + ran.stderr
        assert key.encode() not in ran.stdout + ran.stderr
    holders = [path for path in private_keys(unit) if path.parent.resolve() != unit.path(CURRENT).resolve()]
    assert holders == []
    assert "PRIVATE" not in unit.read("/data/fleet/journal")


def test_a_certificate_is_in_force_with_its_key_and_shows_in_the_status(
    unit: UnitRoot, authority: FleetAuthority
) -> None:
    assert (unit.status()["registration"], unit.status()["certificate"]) == ("", None)
    certificate = enrolled(unit, authority)
    status = unit.status()
    assert status["registration"] == DIGEST
    assert status["certificate"] == {"number": certificate.number, "not_after": certificate.not_after.isoformat()}
    assert key_fits(unit, certificate)
    assert unit.read(f"{CURRENT}/certificate.pem") == certificate.pem + authority.chain().issuing
    assert stat.S_IMODE(unit.path(f"{CURRENT}/key.pem").stat().st_mode) == 0o600
    assert len(private_keys(unit)) == 1


def test_a_step_that_is_asked_for_again_gives_the_same_request(unit: UnitRoot, authority: FleetAuthority) -> None:
    first = asked(unit)
    outcome = unit.effect("identity", again=True)
    assert outcome["repeated"]
    assert outcome["answer"]["request"] == first
    certificate = issued(authority, first)
    sent = enrolment(authority, certificate)
    assert not unit.effect("enrol", stdin=sent)["repeated"]
    assert unit.effect("enrol", stdin=sent, again=True)["repeated"]
    assert unit.effect("enrol", stdin=sent)["ending"] == "ok", "a new step finds it in force already"


def test_a_renewal_has_another_key_and_the_old_one_is_gone(unit: UnitRoot, authority: FleetAuthority) -> None:
    old = enrolled(unit, authority)
    request = asked(unit, "--renew")
    assert key_fits(unit, old), "until the new certificate is there the old one is in force"
    new = issued(authority, request)
    assert new.key != old.key
    assert unit.effect("enrol", stdin=enrolment(authority, new))["ending"] == "ok"
    assert key_fits(unit, new)
    assert len(private_keys(unit)) == 1
    assert authority.read(asked(unit)).key == new.key, "without --renew it asks with the key in force"


def test_a_certificate_for_another_key_or_machine_changes_nothing(unit: UnitRoot, authority: FleetAuthority) -> None:
    mine = enrolled(unit, authority)
    foreign = issued(authority, a_request())
    refused = [
        (enrolment(authority, foreign), "not on this unit"),
        (enrolment(authority, mine, serial="QR-2"), "this machine is QR-1, not QR-2"),
        (enrolment(authority, replace(mine, pem="nonsense")), "does not hold"),
        (b"{}", "an enrolment has"),
        (b"cut", "may have been cut"),
    ]
    for sent, words in refused:
        outcome = unit.effect("enrol", stdin=sent)
        assert (outcome["ending"], words in outcome["message"]) == ("refused", True), outcome
        assert key_fits(unit, mine)
        assert unit.status()["registration"] == DIGEST
    assert len(private_keys(unit)) == 1


def test_a_chain_that_does_not_lead_to_the_root_is_refused(
    unit: UnitRoot, authority: FleetAuthority, tmp_path: Path
) -> None:
    certificate = issued(authority, asked(unit))
    other = an_authority(tmp_path / "other")
    outcome = unit.effect("enrol", stdin=enrolment(other, certificate))
    assert outcome["ending"] == "refused"
    assert unit.status()["registration"] == ""


def test_a_cut_leaves_the_old_certificate_or_the_new_one(unit: UnitRoot, authority: FleetAuthority) -> None:
    old = enrolled(unit, authority)
    new = issued(authority, asked(unit, "--renew"))
    sent = enrolment(authority, new, digest="e" * 64)
    ends = set()

    def check(cut: UnitRoot) -> None:
        whole = {"d" * 64: old, "e" * 64: new}[cut.status()["registration"]]
        assert key_fits(cut, whole)
        ends.add(whole.number)
        again = cut.effect("enrol", stdin=sent, again=True)
        assert again["ending"] == "ok", again
        assert key_fits(cut, new)
        assert len(private_keys(cut)) == 1

    assert every_cut(unit, check, "enrol", stdin=sent) > 10
    assert ends == {old.number, new.number}


def test_a_cut_while_the_key_is_made_leaves_none_or_a_whole_one(unit: UnitRoot, authority: FleetAuthority) -> None:
    def check(cut: UnitRoot) -> None:
        request = asked(cut, again=True)
        assert authority.read(request).serial == "QR-1"
        assert cut.effect("enrol", stdin=enrolment(authority, issued(authority, request)))["ending"] == "ok"
        assert len(private_keys(cut)) == 1

    assert every_cut(unit, check, "identity") > 3


def test_a_wiped_unit_is_nobody_and_nothing_of_it_is_left(unit: UnitRoot, authority: FleetAuthority) -> None:
    enrolled(unit, authority)
    assert "is not site/unit any more" in unit.effect("wipe-identity")["message"]
    assert private_keys(unit) == []
    assert unit.status()["registration"] == ""
    assert unit.effect("wipe-identity")["message"] == "it has no identity"


def test_a_wipe_that_is_cut_is_finished_by_the_next_one(unit: UnitRoot, authority: FleetAuthority) -> None:
    enrolled(unit, authority)

    def check(cut: UnitRoot) -> None:
        assert cut.effect("wipe-identity", again=True)["ending"] == "ok"
        assert private_keys(cut) == []

    assert every_cut(unit, check, "wipe-identity") > 2


def test_a_unit_goes_off_only_when_it_is_nobody(unit: UnitRoot, authority: FleetAuthority) -> None:
    unit.write("/usr/sbin/poweroff", '#!/bin/sh\necho off >> "$FLEET_ROOT/off"\n', 0o755)
    enrolled(unit, authority)
    outcome = unit.effect("power-off")
    assert (outcome["ending"], "wipe-identity" in outcome["message"]) == ("refused", True)
    unit.effect("wipe-identity")
    assert unit.effect("power-off")["ending"] == "ok"


def test_a_machine_without_a_serial_gets_no_key(unit: UnitRoot) -> None:
    unit.write("/etc/fleet/release", "VERSION=1.2.0\nMODEL=qh-1\nKIND=radiator\n")
    outcome: Document = unit.effect("identity")
    assert outcome["ending"] == "refused"
    assert private_keys(unit) == []


def test_a_unit_without_openssl_says_so(unit: UnitRoot) -> None:
    (unit.root / "few").mkdir()
    for name in ("python3", "env"):
        (unit.root / "few" / name).symlink_to(f"/usr/bin/{name}")
    unit.env["PATH"] = str(unit.root / "few")
    outcome = unit.effect("identity")
    assert (outcome["ending"], outcome["message"]) == ("refused", "there is no 'openssl' on this unit")
    assert private_keys(unit) == []


def test_a_controller_that_was_taken_over_gets_no_request(unit: UnitRoot) -> None:
    unit.epoch = 5
    unit.undrain()
    unit.epoch = 4
    outcome = unit.effect("identity")
    assert (outcome["ending"], "answer" in outcome) == ("refused", False)


def test_a_service_that_uses_the_certificate_is_told_of_a_new_one(unit: UnitRoot, authority: FleetAuthority) -> None:
    unit.hook("identity", "exit 0")
    enrolled(unit, authority)
    assert unit.hook_calls == ["identity reload"]
