"""A port for one lab alone: free at each of its addresses, and claimed by no lab that comes up at the same time."""

from __future__ import annotations

import socket
import subprocess

import pytest

from fleetctl.core.problems import CouldNot
from fleetctl.lab import ports

HOST, OTHER = "127.10.250.1", "127.10.251.1"
"""Addresses of sites that no lab of the tests has."""


@pytest.fixture(autouse=True)
def a_few_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be three ports that no lab uses."""
    monkeypatch.setattr(ports, "_PORTS", range(2522, 2525))


def test_two_labs_never_have_one_port_although_nobody_listens_yet() -> None:
    first, one = ports.claim([HOST])
    second, two = ports.claim([OTHER])
    with one, two:
        assert (first, second) == (2522, 2523)


def test_a_claim_ends_with_the_last_process_that_inherited_it() -> None:
    port, claim = ports.claim([HOST])
    with claim, subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[claim.fileno()]) as supervisor:
        claim.close()
        other, another = ports.claim([HOST])
        another.close()
        assert other != port
        supervisor.communicate()
    again, freed = ports.claim([HOST])
    freed.close()
    assert again == port


def test_a_port_that_somebody_has_at_one_of_the_addresses_is_passed_over() -> None:
    with socket.socket() as somebody:
        somebody.bind((OTHER, 2522))
        somebody.listen()
        port, claim = ports.claim([HOST, OTHER])
        claim.close()
    assert port == 2523


def test_when_every_port_is_taken_it_says_which() -> None:
    claims = [ports.claim([HOST])[1] for _ in range(3)]
    with pytest.raises(CouldNot, match="ports 2522 to 2524 are all taken"):
        ports.claim([HOST])
    for claim in claims:
        claim.close()
