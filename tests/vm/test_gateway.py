"""The gateway's image boots, as the machine that it says it is, and has what a gateway needs."""

from __future__ import annotations

import pytest

from tests.builders.vagrant import Machines

pytestmark = pytest.mark.vm
NAME = "gateway"


def test_a_gateway_marks_its_slot_good_and_has_its_services(machines: Machines) -> None:
    machines.run_only(NAME)
    host = machines.host(NAME)
    assert host.check_output("systemctl --failed --plain --no-legend") == ""
    for service in ("ssh", "dnsmasq", "chrony", "fleet-good"):
        assert host.service(service).is_running, service
    release = host.file("/etc/fleet/release").content_string
    assert {"KIND=gateway", "VERSION=gateway-1", "SERIAL=VM-0000"} <= set(release.split())
    assert host.exists("nft")
    assert host.file("/usr/lib/ipxe/undionly.kpxe").is_file
