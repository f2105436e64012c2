"""`ca`, `register` and `unit retire` where nothing answers: what is said, what is written, which exit code."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.builders.cli import Cli

UNIT = "launaguet-les-sables/a101-1"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    plain = Cli.of_example("demo", tmp_path / "demo")
    return Cli(plain.folder, {"FLEETCTL_CA_KEYS": str(tmp_path / "keys")})


def test_a_ca_is_made_with_its_root_key_elsewhere_and_declared(cli: Cli, tmp_path: Path) -> None:
    said = cli("ca", "init", "--root-keys", str(tmp_path / "safe"))
    root = cli.json("ca", "show")["root_sha256"]
    assert f"authority: {{root_sha256: {root}}}" in said.err
    assert [f.name for f in (tmp_path / "keys").iterdir()] == ["issuing.key"]
    assert stat.S_IMODE((tmp_path / "safe/root.key").stat().st_mode) == 0o600
    again = cli("ca", "init", code=2)
    assert "exists already" in again.err
    cli.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {root}}}\npolicies:\n"))
    assert cli.json("ca", "crl", "--out", str(tmp_path / "fleet.crl"))["revoked"] == []
    renewed = cli.json("ca", "renew", "--root-keys", str(tmp_path / "safe"))
    assert renewed["root_sha256"] == root
    assert "cannot be read" in cli("ca", "renew", code=1).err, "the root's key is in the safe"


def test_another_root_than_the_declared_one_stops_everything(cli: Cli) -> None:
    cli("ca", "init")
    cli.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {'0' * 64}}}\npolicies:\n"))
    assert "fleet.yaml says" in cli("ca", "show", code=1).err


def test_a_fleet_without_a_ca_registers_nobody_and_says_how(cli: Cli) -> None:
    refused = cli("register", UNIT, code=2)
    assert "declares no CA" in refused.err
    assert "fleetctl ca init" in refused.err
    assert "declares no CA" in cli("ca", "crl", "--out", "crl", code=2).err


def test_who_does_not_answer_is_told_and_nothing_is_registered(cli: Cli) -> None:
    root = cli.json("ca", "init")["root_sha256"]
    cli.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {root}}}\npolicies:\n"))
    (row,) = cli.json("register", UNIT, code=1)["units"]
    assert row["standing"] != "registered"
    assert json.loads(cli("inventory", "export", "--format", "prometheus", "--registered").out) == []


def test_a_certificate_that_nobody_has_cannot_be_revoked(cli: Cli) -> None:
    refused = cli("ca", "revoke", "QR-0", "--reason", "unspecified", code=2)
    assert "nothing called 'QR-0' has a certificate" in refused.err


def test_a_unit_is_retired_by_its_own_name_alone(cli: Cli) -> None:
    refused = cli("unit", "retire", UNIT, "--confirm", "a101-1", code=2)
    assert "A101 keeps 2 of 3 units" in refused.err
    assert "nothing was done" in refused.err
    missing = cli("unit", "retire", UNIT, "--confirm", UNIT, code=1)
    assert "--gone" in missing.err


def test_orphans_are_retired_by_their_exact_number_only(cli: Cli) -> None:
    refused = cli("apply", "--yes", "--allow-retire", "3", code=2)
    assert "--allow-retire says 3, and 0 units are orphaned" in refused.err
