"""The gateway's image boots, as the machine that it says it is, and serves its site once it has its config."""

from __future__ import annotations

from pathlib import Path

import pytest
from testinfra.host import Host

from tests.builders.cli import Cli
from tests.builders.vagrant import REPOSITORY, Machines

pytestmark = pytest.mark.vm
NAME = "gateway"
DNS = "/etc/dnsmasq.d/fleet.conf"
NETBOOT = "/srv/fleet/netboot/boot.ipxe"


@pytest.fixture(scope="module")
def gateway(machines: Machines) -> Host:
    machines.run_only(NAME)
    return machines.host(NAME)


def test_it_marks_its_slot_good_and_nothing_fails(gateway: Host) -> None:
    assert gateway.check_output("systemctl --failed --plain --no-legend") == ""
    for service in ("ssh", "chrony", "fleet-good"):
        assert gateway.service(service).is_running, service
    assert not gateway.service("dnsmasq").is_running, "nobody said yet whom it may answer"
    release = gateway.file("/etc/fleet/release").content_string
    assert {"KIND=gateway", "VERSION=gateway-1", "SERIAL=VM-0000"} <= set(release.split())
    assert gateway.exists("nft")
    assert gateway.file("/usr/lib/ipxe/undionly.kpxe").is_file


def test_with_its_config_it_leads_machines_to_the_imaging_server(
    gateway: Host, machines: Machines, tmp_path: Path
) -> None:
    Cli(REPOSITORY / "vagrant/fleet")("render", "vm/gateway", "--out", str(tmp_path))
    for there in (DNS, NETBOOT):
        (rendered,) = tmp_path.rglob(there.lstrip("/"))
        rendered.chmod(0o644)
        gateway.check_output(f"mkdir -p {Path(there).parent}")
        machines.put(NAME, rendered, there)
    assert gateway.run("/usr/lib/fleet/hooks/netboot check /").rc == 0
    gateway.check_output("/usr/lib/fleet/hooks/netboot reload")
    assert gateway.service("dnsmasq").is_running
    for socket in ("udp://10.77.1.1:53", "udp://0.0.0.0:67", "udp://10.77.1.1:69"):
        assert gateway.socket(socket).is_listening, socket
