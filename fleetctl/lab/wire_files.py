"""Where a stand-in has what the wire tells: written by the lab's supervisor, shown by the programs of a real unit."""

from __future__ import annotations

LLDP, LEASES = "data/lab/lldp.json", "data/lab/dnsmasq.leases"
LEASE_FILE = "var/lib/misc/dnsmasq.leases"
"""Where dnsmasq keeps its leases; a link to what the lab writes."""
LLDPCTL = """\
#!/bin/sh
# What LLDP heard of the switch, as lldpd prints it.
exec cat "${FLEET_ROOT:-}/data/lab/lldp.json"
"""
