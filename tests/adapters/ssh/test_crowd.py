"""Commands for many units at once, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.adapters.ssh.crowd import SshCrowd
from fleetctl.ports.instruments import Order
from tests.builders.sshd import Server, Servers, servers

ECHO = ("sh", "-c", "cat; echo $0; exit 3")


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "servers") as made:
        yield made


@pytest.fixture
def gateway(maker: Servers) -> Server:
    return maker.start("site/gw")


def test_each_unit_answers_for_itself_over_one_connection_to_their_gateway(maker: Servers, gateway: Server) -> None:
    units = [maker.start(f"site/u{n}") for n in range(4)]
    orders = [Order(u.unit, u.route(through=gateway), (*ECHO, u.unit), b"given\n") for u in units]
    replies = SshCrowd().execute(orders)
    assert [(reply.unit, reply.code, reply.out.decode()) for reply in replies] == [
        (unit.unit, 3, f"given\n{unit.unit}\n") for unit in units
    ]
    assert (gateway.folder / "log").read_text().count("Accepted publickey") == 1


def test_a_unit_that_does_not_answer_is_its_own_trouble(maker: Servers, gateway: Server) -> None:
    well, silent = maker.start("site/u1"), maker.start("site/u2")
    silent.stop()
    replies = SshCrowd().execute([Order(u.unit, u.route(through=gateway), ("true",)) for u in (well, silent)])
    assert [bool(reply.trouble) for reply in replies] == [False, True]


def test_a_gateway_that_is_off_is_the_trouble_of_all_behind_it(maker: Servers, gateway: Server) -> None:
    units = [maker.start(f"site/u{n}") for n in range(2)]
    gateway.stop()
    replies = SshCrowd().execute([Order(u.unit, u.route(through=gateway), ("true",)) for u in units])
    assert len({reply.trouble for reply in replies}) == 1
    assert "gw" in replies[0].trouble


def test_nobody_is_asked_nothing() -> None:
    assert SshCrowd().execute([]) == []
