"""The lab's platform: settings, keys, networks, and the machine that it is led from; without any of Slurm."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.core.inventory.fleet import ComputeSettings, Fleet
from fleetctl.core.problems import InvalidInput
from fleetctl.lab import networks
from fleetctl.lab.layout import Blueprint, Level, blueprint_from_json, lay_out
from fleetctl.lab.system.slurm import ask, keys, leader, settings
from fleetctl.lab.system.unit import system_files
from tests.builders.lab_fleets import lab_fleet

SLURM = ComputeSettings("main", "slurm.example:6817", cpus=4, kind="slurm")


def a_fleet() -> Fleet:
    """Two sites whose radiators are nodes; the boiler only heats."""
    sites = {}
    for id, site in lab_fleet().sites.items():
        units = {n: replace(u, compute=SLURM) if n.startswith("rad") else u for n, u in site.units.items()}
        sites[id] = replace(site, units=units)
    return replace(lab_fleet(), sites=sites)


def a_blueprint(platform: str = "slurm") -> Blueprint:
    return lay_out(a_fleet(), Level.SYSTEM, platform=platform)


def claims(part: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return document


def test_a_token_is_signed_and_says_for_whom_and_until_when(tmp_path: Path) -> None:
    keys.make(tmp_path)
    head, body, signature = keys.token(tmp_path, "slurm", at=1000.0, lasts_s=60.0).encode().split(b".")
    assert claims(head) == {"alg": "HS256", "typ": "JWT"}
    assert claims(body) == {"sun": "slurm", "iat": 1000, "exp": 1060}
    made = hmac.digest((tmp_path / keys.JWT).read_bytes(), head + b"." + body, hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + b"=" * (-len(signature) % 4)) == made


def test_keys_are_their_owners_alone_and_never_the_same(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        keys.make(folder)
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
        made += [file.read_bytes() for file in folder.iterdir()]
    assert len(set(made)) == 4


def test_units_that_name_a_platform_are_nodes_and_others_have_the_stand_in(tmp_path: Path) -> None:
    blueprint = a_blueprint()
    assert blueprint_from_json(blueprint.to_json()) == blueprint
    assert [stand.unit for stand in blueprint.nodes] == ["site-1/rad-1", "site-2/rad-1"]
    assert a_blueprint("").nodes == ()
    wanted = {}
    for stand in blueprint.stands:
        root = tmp_path / str(stand.number)
        (root / "etc/fleet").mkdir(parents=True)
        (root / "data").mkdir()
        (root / "etc/fleet/release").write_text("VERSION=2.0\n")
        system_files.write(stand.settings, root)
        services = root / "run/systemd/system/multi-user.target.wants"
        wanted[stand.unit] = {"fleet-compute.service" in {p.name for p in services.iterdir()}}
        assert (root / "run/lab/slurmd.env").exists() == bool(stand.platform)
    assert wanted["site-1/rad-1"] == wanted["site-1/gw"] == {False}
    assert wanted["site-1/boiler-1"] == {True}


def test_a_node_joins_under_its_own_name_and_its_configuration_cannot_lead_it_elsewhere() -> None:
    (node, _) = a_blueprint().nodes
    options, leads = node.settings.node.splitlines()
    assert "-Z -N site-1-rad-1 " in options
    assert "CPUs=4" in options
    assert leads == f"LAB_LEADER=--conf-server {settings.LEADER}:6817"


def test_a_tunnel_is_a_network_beside_the_sites_and_goes_with_the_cable() -> None:
    blueprint = a_blueprint()
    node = blueprint.nodes[0]
    made = [batch for batch in networks.plumbing(blueprint.stands) if batch.namespace == networks.PLATFORM]
    assert sum("veth" in line for batch in made for line in batch.lines) == 2
    assert [batch.namespace for batch in networks.links(node, up=False)] == ["s1", networks.PLATFORM]
    assert len({stand.platform for stand in blueprint.nodes}) == 2
    assert not any(batch.namespace == networks.PLATFORM for batch in networks.plumbing(a_blueprint("").stands))


def test_the_way_to_the_platform_wins_over_a_file_for_every_interface() -> None:
    """A unit without a hardware address has a file that matches whatever is a cable."""
    files = dict(system_files.network(a_blueprint().nodes[0].settings))
    assert [name for name in files if "plat0" in name] == ["00-lab-plat0.network"]


def test_a_platform_without_nodes_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no unit of the lab names a compute platform"):
        lay_out(lab_fleet(), Level.SYSTEM, platform="slurm")


def test_every_node_that_may_join_has_room() -> None:
    assert f"MaxNodeCount={20 + 16}\n" in settings.conf(20)


@pytest.mark.parametrize("argv", [[], ["sh", "-c", "id"], ["/usr/bin/scontrol"], ["slurmctld"]])
def test_only_slurms_own_programs_may_be_asked_for(argv: list[str]) -> None:
    assert leader.answer({"argv": argv})["code"] == 2


def test_asking_is_one_line_each_way(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "ask"))
        server.listen()

        def serve() -> None:
            peer, _ = server.accept()
            leader.hear(peer)

        thread = threading.Thread(target=serve)
        thread.start()
        answer = ask.ask(str(tmp_path / "ask"), ["rm", "-rf", "x"], "text\n")
        thread.join()
    assert answer["code"] == 2
    assert "scontrol" in answer["err"]
