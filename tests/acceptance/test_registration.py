"""Registration on stand-in units, as a user does it: real keys on the units, real Ansible, OpenSSL as the judge."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.acceptance import SITE, on_unit, phases, status_of, unit, wait_for
from tests.builders.cli import Cli

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SIX = (f"site={SITE},dwelling=A10[12]", unit("gw-a"))
IDENTITY = "/data/fleet/identity"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A building whose fleet has a CA, and two of its dwellings as stand-in units."""
    folder = tmp_path_factory.mktemp("registration")
    plain = Cli.of_example("demo", folder / "demo")
    cli = Cli(plain.folder, {"FLEETCTL_CA_KEYS": str(folder / "ca-keys")})
    root = cli.json("ca", "init", "--root-keys", str(folder / "safe"))["root_sha256"]
    cli.edit("fleet.yaml", ("policies:\n", f"authority: {{root_sha256: {root}}}\npolicies:\n"))
    cli("lab", "up", "--select", SIX[0])
    try:
        yield cli
    finally:
        cli("lab", "down", code=None)


def registered(cli: Cli, *arguments: str, code: int = 0) -> dict[str, dict[str, Any]]:
    document = cli.json("register", *arguments, code=code)
    return {row["unit"]: row for row in document["units"]}


def verified(cli: Cli, name: str, folder: Path, *more: str) -> str:
    """Let OpenSSL on the unit judge the unit's own certificate; with the list of revoked ones, if it is given."""
    check = f"openssl verify -CAfile {IDENTITY}/current/root.pem -untrusted {IDENTITY}/current/certificate.pem"
    return cli("unit", "ssh", name, "--", f"{check} {' '.join(more)} {IDENTITY}/current/certificate.pem", code=None).out


def test_six_units_are_registered_and_once(fleet: Cli, tmp_path: Path) -> None:
    first = registered(fleet, *SIX)
    assert [row["standing"] for row in first.values()] == ["registered"] * 6
    again = registered(fleet, *SIX)
    assert [row["standing"] for row in again.values()] == ["unchanged"] * 6
    for name, row in first.items():
        assert status_of(fleet, name)["certificate"]["number"] == row["certificate"] == again[name]["certificate"]
    assert "OK" in verified(fleet, unit("a101-1"), tmp_path)
    text = on_unit(fleet, unit("a101-1"), f"openssl x509 -noout -text -in {IDENTITY}/current/certificate.pem")
    assert f"URI:fleet://demo/{unit('a101-1')}" in text


def test_monitoring_has_the_registered_units_as_targets(fleet: Cli) -> None:
    targets = json.loads(fleet("inventory", "export", "--format", "prometheus", "--registered").out)
    assert len(targets) == 6
    shown = fleet.json("unit", "show", unit("a101-1"))
    assert shown["registration"]["certificate"]


def test_a_plan_has_nothing_to_register_and_renews_what_is_due(fleet: Cli) -> None:
    plan = fleet.json("plan", unit("a101-2"))
    assert [row["actions"] for row in plan["units"]] == [["configure", "reboot"]]
    fleet.edit("fleet.yaml", ("authority: {", "authority: {valid_days: 91, renew_days: 90, "))
    try:
        before = status_of(fleet, unit("a101-2"))["certificate"]["number"]
        assert "register" in fleet("apply", unit("a101-2"), "--yes").err
        assert set(phases(fleet).values()) == {"succeeded"}
        assert status_of(fleet, unit("a101-2"))["certificate"]["number"] != before
    finally:
        fleet.edit("fleet.yaml", ("valid_days: 91, renew_days: 90, ", ""))


def test_a_revoked_certificate_is_refused_by_who_has_the_list_and_replaced(fleet: Cli, tmp_path: Path) -> None:
    name, crl = unit("a101-3"), fleet.folder / "fleet.crl"
    gone = status_of(fleet, name)["certificate"]["number"]
    old = on_unit(fleet, name, f"cat {IDENTITY}/current/certificate.pem")
    fleet("ca", "revoke", name, "--reason", "keyCompromise")
    assert gone in fleet.json("ca", "crl", "--out", str(crl))["revoked"]
    assert registered(fleet, name)[name]["standing"] == "registered"
    assert status_of(fleet, name)["certificate"]["number"] != gone
    assert on_unit(fleet, name, f"cat {IDENTITY}/current/certificate.pem") != old


def test_a_unit_that_dies_in_the_midst_of_it_has_one_certificate_in_the_end(fleet: Cli) -> None:
    """Kill `fleet-unit enrol` while it stages the new certificate, then take the unit's power away."""
    name = unit("a102-1")
    before = status_of(fleet, name)["certificate"]["number"]
    killer = f"until ls -d {IDENTITY}/*.new; do :; done; pkill -9 -f '[f]leet-unit enrol'; touch /tmp/killed"
    on_unit(fleet, name, f"nohup sh -c {shlex.quote(killer)} > /dev/null 2>&1 &")
    assert registered(fleet, name, "--renew", code=1)[name]["standing"] == "failed"
    on_unit(fleet, name, "test -e /tmp/killed")
    assert status_of(fleet, name)["certificate"]["number"] == before, "the old one is in force"
    fleet("lab", "fault", name, "cut")
    fleet("lab", "fault", name, "on")
    wait_for(fleet, name)
    assert registered(fleet, name, "--renew")[name]["standing"] == "registered"
    shown = fleet.json("ca", "show")["certificates"]
    mine = [c["number"] for c in shown if c["unit"] == name]
    assert len(mine) == 2, "the one before, and one for the key that waited"
    assert status_of(fleet, name)["certificate"]["number"] in set(mine) - {before}
    assert len(on_unit(fleet, name, f"ls {IDENTITY}").split()) == 2, "the link and the one that it leads to"


def test_a_retired_unit_is_nobody_and_off(fleet: Cli) -> None:
    name = unit("a102-2")
    refused = fleet("unit", "retire", name, "--confirm", unit("a102-1"), code=2)
    assert "nothing was done" in refused.err
    said = fleet("unit", "retire", name, "--confirm", name, "--reason", "fan broken").err
    assert [line.split(": ")[1] for line in said.splitlines() if line.startswith(f"{name}: ")][:4] == [
        "drained",
        "revoked",
        "unregistered",
        "wiped",
    ]
    assert fleet("probe", name, code=1)
    assert fleet.json("unit", "show", name)["registration"] is None
    assert "retired" in fleet("register", name, code=1).out


def test_no_private_key_left_a_unit(fleet: Cli) -> None:
    """Search everything that this machine kept for the keys that are on the units."""
    keys = [
        on_unit(fleet, unit(name), f"cat {IDENTITY}/current/key.pem").splitlines()[1].encode()
        for name in ("a101-1", "a101-2", "a101-3", "a102-1")
    ]
    assert len(set(keys)) == 4
    kept = [fleet.folder, fleet.folder.parent / "ca-keys", Path("/dev/shm")]
    files = [f for root in kept for f in root.rglob("*") if f.is_file() and "lab" not in f.relative_to(root).parts]
    assert files
    assert [f for f in files if any(key in f.read_bytes() for key in keys)] == []
    journals = on_unit(fleet, unit("a101-1"), "cat /data/fleet/journal")
    assert "PRIVATE" not in journals


def test_an_orphan_whose_machine_answers_is_wiped_and_heats_on(fleet: Cli) -> None:
    """Somebody takes two units out of the inventory and retires neither; the machine of one is dead."""
    name, dead, file = unit("a101-3"), unit("a102-1"), fleet.folder / f"sites/{SITE}.yaml"
    number, declared = status_of(fleet, name)["certificate"]["number"], file.read_text()
    (pinned,) = fleet.json("unit", "show", name)["host_keys"]
    fleet("lab", "fault", dead, "cut")
    file.write_text(
        "".join(line for line in declared.splitlines(True) if not line.startswith(("  a101-3:", "  a102-1:")))
    )
    allow = ("apply", "--yes", "--detach", "--retire-percent", "10", "--allow-retire")
    assert "--allow-retire says 1, and 2 units are orphaned" in fleet(*allow, "1", code=2).err
    told = [line for line in fleet(*allow, "2").err.splitlines() if "; retired; " in line]
    (wiped,) = [line for line in told if line.startswith(f"{name}: ")]
    assert wiped.endswith("wiped: is not " + name + " any more; retired; its machine heats on")
    (left,) = [line for line in told if line.startswith(f"{dead}: ")]
    assert "its machine was not touched: " in left
    assert number in fleet.json("ca", "crl", "--out", str(fleet.folder / "fleet.crl"))["revoked"]
    assert fleet(*allow, "2", code=2).err.count("0 units are orphaned") == 1
    file.write_text(declared)
    fleet("unit", "adopt", name, "--fingerprint", pinned["fingerprint"])
    status = status_of(fleet, name)
    assert (status["registration"], status["certificate"]) == ("", None)
    assert status["heat"]["power_w"] >= 0
