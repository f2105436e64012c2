"""The prober against real servers that run the real `fleet-unit`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fleetctl.adapters.ssh.prober import SshProber
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.route import Route
from fleetctl.ports import Target
from tests.builders.sshd import Server, Servers, servers
from tests.builders.unit_root import PROGRAM, UnitRoot
from tests.builders.world import START, FakeClock


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Servers]:
    with servers(tmp_path / "servers") as made:
        yield made


@pytest.fixture
def gateway(maker: Servers) -> Server:
    return maker.start("site/gw")


StartUnit = Callable[[str], Server]


@pytest.fixture
def start_unit(maker: Servers, tmp_path: Path) -> StartUnit:
    def start(name: str) -> Server:
        root = UnitRoot.make(tmp_path / name)
        path = f"{tmp_path}/bin:{PROGRAM.parent}:/usr/bin:/bin"
        return maker.start(f"site/{name}", environment={"FLEET_ROOT": str(root.root), "PATH": path})

    return start


@pytest.fixture
def prober() -> Iterator[SshProber]:
    made = SshProber(FakeClock(), unit_timeout_s=10, gateway_timeout_s=5)
    yield made
    made.close()


def ask(prober: SshProber, *routes: Route) -> Mapping[str, Observation]:
    """Observe units; each of them gets exactly one answer."""
    prober.submit([Target(route.target.unit, route) for route in routes])
    answers: list[Observation] = []
    deadline = time.monotonic() + 60
    while len(answers) < len(routes):
        assert time.monotonic() < deadline
        answers += prober.poll(0.2)
    assert not prober.poll(0.05)
    return {answer.unit: answer for answer in answers}


def cause(observation: Observation) -> Cause:
    assert isinstance(observation, Unobserved), observation
    return observation.cause


def test_what_a_unit_says_of_itself_becomes_facts(prober: SshProber, start_unit: StartUnit) -> None:
    unit = start_unit("u1")
    facts = ask(prober, unit.route())["site/u1"]
    assert isinstance(facts, Facts)
    assert (facts.serial, facts.version, facts.at) == ("QR-1", "1.2.0", START)
    assert facts.host_key == unit.pins[0].fingerprint


def test_units_of_a_site_share_one_connection_that_is_kept(
    prober: SshProber, gateway: Server, start_unit: StartUnit
) -> None:
    routes = [start_unit(f"u{n}").route(through=gateway) for n in range(4)]
    for _ in range(2):
        assert all(isinstance(seen, Facts) for seen in ask(prober, *routes).values())
    assert (gateway.folder / "log").read_text().count("Accepted publickey") == 1


def test_a_unit_that_is_being_observed_is_not_asked_twice(prober: SshProber, start_unit: StartUnit) -> None:
    unit = start_unit("u1")
    target = Target(unit.unit, unit.route())
    prober.submit([target, target])
    prober.submit([target])
    deadline = time.monotonic() + 60
    answers: list[Observation] = []
    while not answers and time.monotonic() < deadline:
        answers += prober.poll(1)
    assert len([*answers, *prober.poll(0.3)]) == 1


def test_a_silent_unit_behind_a_gateway_that_answers_is_unreachable(
    prober: SshProber, gateway: Server, start_unit: StartUnit
) -> None:
    well, silent = start_unit("u1"), start_unit("u2")
    silent.stop()
    seen = ask(prober, well.route(through=gateway), silent.route(through=gateway))
    assert isinstance(seen["site/u1"], Facts)
    assert cause(seen["site/u2"]) is Cause.UNREACHABLE


def test_a_dead_gateway_is_one_failure_that_all_its_units_are_told(
    prober: SshProber, gateway: Server, start_unit: StartUnit
) -> None:
    routes = [start_unit(f"u{n}").route(through=gateway) for n in range(3)]
    gateway.stop()
    seen = ask(prober, *routes, gateway.route())
    assert {cause(seen[f"site/u{n}"]) for n in range(3)} == {Cause.GATEWAY_DOWN}
    assert len({said.message for said in seen.values() if isinstance(said, Unobserved)}) == 2
    assert cause(seen["site/gw"]) is Cause.UNREACHABLE


def test_a_gateway_that_came_back_is_connected_anew(prober: SshProber, gateway: Server, start_unit: StartUnit) -> None:
    route = start_unit("u1").route(through=gateway)
    ask(prober, route)
    gateway.stop()
    gateway.start()
    assert isinstance(ask(prober, route)["site/u1"], Facts)


def test_a_gateway_that_hangs_is_down_and_its_units_are_not_called_unreachable(
    gateway: Server, start_unit: StartUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetctl.adapters.ssh.connection.ALIVE_TIMEOUT_S", 0.5)
    monkeypatch.setattr("fleetctl.adapters.ssh.connection.CONNECT_TIMEOUT_S", 1.5)
    prober = SshProber(FakeClock(), unit_timeout_s=10, gateway_timeout_s=2)
    route = start_unit("u1").route(through=gateway)
    assert isinstance(ask(prober, route)["site/u1"], Facts)
    with gateway.hanging():
        assert cause(ask(prober, route)["site/u1"]) is Cause.GATEWAY_DOWN
    assert isinstance(ask(prober, route)["site/u1"], Facts)
    prober.close()


def test_a_dead_gateway_holds_back_no_other_site(gateway: Server, start_unit: StartUnit, maker: Servers) -> None:
    prober = SshProber(FakeClock(), workers=2, gateway_timeout_s=2)
    other = maker.start("other/gw")
    units = [start_unit(f"u{n}") for n in range(4)]
    with gateway.hanging():
        behind_hanging = [Target(f"site/h{n}", units[0].route(through=gateway)) for n in range(3)]
        prober.submit([*behind_hanging, *(Target(unit.unit, unit.route(through=other)) for unit in units[1:])])
        first: list[Observation] = []
        while len(first) < 3:
            first += prober.poll(5)
        assert all(isinstance(seen, Facts) for seen in first)
    prober.close()


def test_a_unit_that_hangs_has_a_deadline(gateway: Server, start_unit: StartUnit) -> None:
    prober = SshProber(FakeClock(), unit_timeout_s=2)
    unit = start_unit("u1")
    with unit.hanging():
        assert cause(ask(prober, unit.route(through=gateway))["site/u1"]) is Cause.TIMED_OUT
    prober.close()


def test_refused_host_keys_come_with_the_cure(prober: SshProber, gateway: Server, start_unit: StartUnit) -> None:
    unknown, changed = start_unit("u1"), start_unit("u2")
    seen = ask(prober, unknown.route(through=gateway, pins=()), changed.route(through=gateway, pins=unknown.pins))
    assert cause(seen["site/u1"]) is Cause.HOST_KEY_UNKNOWN
    told = seen["site/u2"]
    assert cause(told) is Cause.HOST_KEY_CHANGED
    assert isinstance(told, Unobserved)
    assert unknown.pins[0].fingerprint in told.message
    assert changed.pins[0].fingerprint in told.message
    assert "fleetctl unit adopt site/u2 --fingerprint" in told.hint


def test_an_unknown_gateway_is_named_with_the_cure(prober: SshProber, gateway: Server, start_unit: StartUnit) -> None:
    hop = replace(gateway.hop, pins=())
    told = ask(prober, Route((), (hop, start_unit("u1").hop)))["site/u1"]
    assert cause(told) is Cause.GATEWAY_DOWN
    assert isinstance(told, Unobserved)
    assert "fleetctl unit adopt site/gw" in told.hint


def test_a_machine_without_the_program_gives_a_bad_answer(prober: SshProber, maker: Servers) -> None:
    told = ask(prober, maker.start("site/bare").route())["site/bare"]
    assert cause(told) is Cause.BAD_ANSWER
    assert isinstance(told, Unobserved)
    assert "not found" in told.message


def test_an_ordinary_user_becomes_root_by_sudo(prober: SshProber, start_unit: StartUnit, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    sudo = tmp_path / "bin" / "sudo"
    sudo.write_text(f'#!/bin/sh\n[ "$1" = -n ] || exit 1\nshift\ntouch {tmp_path}/became\nexec "$@"\n')
    sudo.chmod(0o755)
    route = replace(start_unit("u1").route(), become=True)
    assert isinstance(ask(prober, route)["site/u1"], Facts)
    assert (tmp_path / "became").exists()


def test_a_controllers_look_raises_the_fence(start_unit: StartUnit, tmp_path: Path) -> None:
    prober = SshProber(FakeClock(), epoch=7)
    ask(prober, start_unit("u1").route())
    assert '"epoch":7' in (tmp_path / "u1/data/fleet/journal").read_text()
    prober.close()


def test_closing_does_not_wait_for_deadlines(gateway: Server, start_unit: StartUnit) -> None:
    prober = SshProber(FakeClock(), unit_timeout_s=60, gateway_timeout_s=60)
    unit = start_unit("u1")
    ask(prober, unit.route(through=gateway))
    with unit.hanging():
        prober.submit([Target(unit.unit, unit.route(through=gateway))])
        time.sleep(0.1)
        before = time.monotonic()
        prober.close()
        assert time.monotonic() - before < 10
