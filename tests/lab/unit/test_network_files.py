from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.lab.unit.network import parse, read

GOOD = """\
# a comment
[Match]
MACAddress=02:00:00:00:01:0B

[Network]
Address=10.77.1.11/24
Gateway=10.77.1.1
DNS=10.77.1.1

[Route]
Destination=10.80.0.0/16
Gateway=10.77.1.2
"""


def test_addresses_and_routes_are_read() -> None:
    network = parse(GOOD)
    assert network.addresses == ("10.77.1.11/24",)
    assert network.routes == (("default", "10.77.1.1"), ("10.80.0.0/16", "10.77.1.2"))


@pytest.mark.parametrize(
    ("match", "name", "mac", "matches"),
    [
        ("Name=eth0", "eth0", "02:00:00:00:00:01", True),
        ("Name=en* eth*", "eth0", "02:00:00:00:00:01", True),
        ("Name=wan0", "eth0", "02:00:00:00:00:01", False),
        ("MACAddress=02:00:00:00:00:01", "eth0", "02:00:00:00:00:01", True),
        ("MACAddress=02:00:00:00:00:02", "eth0", "02:00:00:00:00:01", False),
        ("Name=eth0\nMACAddress=02:00:00:00:00:02", "eth0", "02:00:00:00:00:01", False),
        ("Type=ether", "eth0", "02:00:00:00:00:01", True),
    ],
)
def test_which_interface_a_file_is_for(match: str, name: str, mac: str, matches: bool) -> None:
    assert parse(f"[Match]\n{match}\n[Network]\nDHCP=yes\n").matches(name, mac) is matches


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[Network]\nAddress=10.0.0.1/24\n", "names no interface"),
        ("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.1\n", "lacks its length"),
        ("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.300/24\n", "10.0.0.300"),
        ("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.1/24\nGateway=nowhere\n", "nowhere"),
        ("[Match]\nName=eth0\n", "neither an Address nor DHCP"),
        ("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.1/24\n[Route]\nDestination=10.0.0.0/8\n", "no Gateway"),
        ("Name=eth0\n", "line 1"),
        ("[Match]\nnonsense\n", "line 2"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(text)


def test_files_are_read_in_order_and_a_bad_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "20-b.network").write_text(GOOD.replace(".11/24", ".12/24"))
    (tmp_path / "10-a.network").write_text(GOOD)
    assert [n.addresses[0] for n in read(tmp_path)] == ["10.77.1.11/24", "10.77.1.12/24"]
    (tmp_path / "30-c.network").write_text("[Match]\n")
    with pytest.raises(ValueError, match=r"30-c\.network"):
        read(tmp_path)
