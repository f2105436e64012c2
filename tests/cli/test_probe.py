"""`fleetctl probe` and `fleetctl unit`, against real servers that run the real `fleet-unit`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.route import Way
from fleetctl.services.render import configs
from tests.builders.cli import Cli
from tests.builders.command import Called, call
from tests.builders.sshd import Server, servers
from tests.builders.unit_root import PROGRAM, UnitRoot, payload_bytes
from tests.builders.world import START

KINDS = {"gw-a": "gateway", "a101-1": "radiator", "a101-2": "radiator"}


@dataclass
class Site:
    """The fleet's folder, and a server for each of its units."""

    folder: Path
    servers: Mapping[str, Server]
    roots: Mapping[str, UnitRoot]

    def call(self, *arguments: str) -> Called:
        return call(*arguments, inventory=self.folder)

    def pin(self, *units: str) -> None:
        with compose.state(Frame(self.folder)) as state:
            pins = {f"les-sables/{unit}": self.servers[unit].pins for unit in units}
            state.units.pin(pins, actor="test", at=START, why="made for it")

    def configure(self, *units: str) -> None:
        """Bring units to what is declared."""
        frame = Frame(self.folder)
        fleet = compose.fleet(frame)
        wanted = [fleet.by_name[f"les-sables/{unit}"] for unit in units]
        for unit, config in zip(units, configs(fleet, wanted, compose.template_files(frame)), strict=True):
            root = self.roots[unit]
            assert root.effect("configure", stdin=payload_bytes(config))["ending"] == "ok"
            assert root.effect("confirm", "--digest", config.digest)["ending"] == "ok"
            root.reboot()


@pytest.fixture
def site(fleet_folder: Path, tmp_path: Path) -> Iterator[Site]:
    with servers(tmp_path / "servers") as maker:
        roots = {name: UnitRoot.make(tmp_path / "roots" / name, kind=kind) for name, kind in KINDS.items()}
        for (name, root), serial in zip(roots.items(), ("QG-1", "QR-1", "QR-2"), strict=True):
            version = "gw-2026.11" if name == "gw-a" else "qh-2026.11"
            root.write("/etc/fleet/release", f"version={version}\nmodel=m\nkind={KINDS[name]}\nserial={serial}\n")
        made = {
            name: maker.start(
                f"les-sables/{name}",
                environment={"FLEET_ROOT": str(root.root), "PATH": f"{PROGRAM.parent}:/usr/bin:/bin"},
            )
            for name, root in roots.items()
        }
        ways = {
            server.unit: Way(
                host="127.0.0.1", port=server.port, user=server.hop.user, identity_file=str(server.client_key)
            )
            for server in made.values()
        }
        with compose.state(Frame(fleet_folder)) as state:
            state.units.set_ways(ways)
        yield Site(fleet_folder, made, roots)


def test_units_are_observed_and_remembered(site: Site) -> None:
    site.pin(*KINDS)
    called = site.call("probe")
    assert called.code == 0, called.err
    assert [line.split()[0] for line in called.lines[1:]] == [f"les-sables/{name}" for name in KINDS]
    assert "it has no config" in called.out
    assert "3 units: 3 drifted" in called.err
    with compose.state(Frame(site.folder)) as state:
        assert set(state.units.facts()) == {f"les-sables/{name}" for name in KINDS}


def test_drift_is_an_exit_code_only_when_asked_for(site: Site) -> None:
    site.pin(*KINDS)
    assert site.call("probe", "kind=radiator", "--detailed-exitcode").code == 3
    site.configure("a101-1")
    assert site.call("probe", "les-sables/a101-1", "--detailed-exitcode").code == 0
    path = next(iter(site.roots["a101-1"].status()["config"]["files"]))
    site.roots["a101-1"].write(path, "edited\n")
    called = site.call("-o", "json", "probe", "les-sables/a101-1", "--detailed-exitcode")
    assert called.code == 3
    (unit,) = called.document["units"]
    assert called.document["schema"] == "fleetctl/probe/v1"
    assert [(drift["kind"], drift["files"]) for drift in unit["drift"]] == [("edited", [path])]


def test_a_unit_that_is_not_known_is_told_how_to_adopt_it(site: Site) -> None:
    site.pin("gw-a", "a101-1")
    called = site.call("probe", "kind=radiator")
    assert called.code == 1
    assert "fleetctl unit adopt les-sables/a101-2 --fingerprint" in called.err
    assert "not observed (host key unknown)" in called.out


def test_a_unit_is_adopted_by_its_fingerprint_alone(site: Site) -> None:
    site.pin("gw-a")
    right, wrong = (site.servers[name].pins[0].fingerprint for name in ("a101-1", "a101-2"))
    refused = site.call("unit", "adopt", "les-sables/a101-1", "--fingerprint", wrong)
    assert refused.code == 1
    assert right in refused.err
    assert site.call("unit", "adopt", "les-sables/a101-1", "--fingerprint", right).code == 0
    assert site.call("probe", "les-sables/a101-1").code == 0


def test_a_fingerprint_that_is_none_is_bad_input(site: Site) -> None:
    assert site.call("unit", "adopt", "les-sables/a101-1", "--fingerprint", "aa:bb").code == 2


def test_a_unit_is_shown_with_what_was_last_seen(site: Site) -> None:
    site.pin(*KINDS)
    shown = site.call("-o", "json", "unit", "show", "les-sables/a101-1").document
    assert (shown["schema"], shown["last"]) == ("fleetctl/unit/v1", None)
    site.call("probe", "les-sables/a101-1")
    shown = site.call("-o", "json", "unit", "show", "les-sables/a101-1").document
    assert shown["last"]["facts"]["serial"] == "QR-1"
    assert shown["host_keys"][0]["fingerprint"] == site.servers["a101-1"].pins[0].fingerprint
    assert "last.facts.serial" in site.call("unit", "show", "les-sables/a101-1").out


def test_ssh_takes_over_with_the_way_and_the_keys_that_are_known(site: Site) -> None:
    refused = site.call("unit", "ssh", "les-sables/a101-1")
    assert refused.code == 1
    assert "no host key is pinned" in refused.err
    site.pin(*KINDS)
    ran = Cli(site.folder)("unit", "ssh", "les-sables/a101-1", "--", "echo in; exit 7", code=7)
    assert ran.out == "in\n"


def test_an_unknown_unit_is_bad_input_with_a_hint(site: Site) -> None:
    called = site.call("unit", "show", "les-sables/a101-9")
    assert called.code == 2
    assert "did you mean 'a101-" in called.err
