"""A state in PostgreSQL, as a team has it: its server dies in mid-rollout, its controllers die, two of them meet.

The real command line, a real server on a Unix socket, a dwelling and a hot-water plant. What is held against it is what
the units have written down themselves.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.builders import postgres
from tests.builders.acceptance import done_twice, drained, phases, until_event
from tests.builders.cli import TIMEOUT_S, Cli

pytestmark = [
    pytest.mark.lab,
    pytest.mark.acceptance,
    pytest.mark.evening,
    pytest.mark.postgres,
    pytest.mark.xdist_group("postgres"),
]

DWELLING = "site=launaguet-les-sables,dwelling=A102"
PLANT = "site=bordeaux-aiguillon"
POLICY = """policies:
  steady: {max_in_progress: 3, max_failed: 0, retries: 0, step_timeout_s: 60, unit_timeout_s: 300, soak_samples: 0}
"""
ONE_EACH = ("launaguet-les-sables/a102-1", "bordeaux-aiguillon/boiler-01")
AWAY_TEXT = "nothing more is started, and it is waited for up to 15 min"


@dataclass(frozen=True)
class Team:
    """A fleet, whose state is on a server that can be killed."""

    cli: Cli
    server: postgres.Server
    units: tuple[str, ...]

    def is_well(self) -> None:
        """Hold that the last rollout is done, once, and has left nothing behind."""
        ends = phases(self.cli)
        assert set(ends.values()) == {"succeeded"}
        assert done_twice(self.cli, ends) == []
        assert drained(self.cli, self.units) == []
        self.cli("rollout", "verify-log")

    def changed(self) -> None:
        """Give every unit a configuration that takes effect only after a reboot."""
        self.cli.override("boot.conf.j2", append=f"# {uuid.uuid4()}\n")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Two radiators and three boilers behind their gateways: they have just booted, nothing is configured."""
    programs = postgres.programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    with postgres.running(programs) as server:
        folder = tmp_path_factory.mktemp("team") / "demo"
        cli = Cli(Cli.of_example("demo", folder).folder, {"FLEETCTL_STATE": server.new_database()})
        cli.edit("fleet.yaml", ("policies:\n", POLICY))
        up = cli.json("lab", "up", "--select", DWELLING, "--select", PLANT, "--time-factor", "60")
        try:
            yield Team(cli, server, tuple(up["units"]))
        finally:
            cli("lab", "down", code=None)


def test_a_server_that_is_killed_twice_in_mid_rollout_stops_what_is_new_and_nothing_else(team: Team) -> None:
    """Killed while a unit is being configured, then for longer while one reboots: it is said, waited for, and ends."""
    process = team.cli.start("-o", "json", "apply", *team.units, "--yes", "--policy", "steady")
    until_event(process, "attempt-started")
    team.server.kill()
    team.server.start()
    until_event(process, "unit-reboots", "unit-succeeded")
    team.server.kill()
    refused = team.cli("rollout", "show", "last", code=1)
    said = until_line(process, lambda line: AWAY_TEXT in line)
    team.server.start()
    out, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, out
    named = rf"the state postgresql\+psycopg://\S*{team.server.folder.name}\S* could not be used: "
    for text in (refused.err, said):
        assert re.search(named, text), text
        assert "see that its server runs and can be reached from here" in text
    team.is_well()


def test_a_controller_that_is_killed_is_succeeded_and_a_second_one_is_told_who_leads(team: Team) -> None:
    team.changed()
    controller = team.cli.start("-o", "json", "controller", "run")
    try:
        rollout = team.cli("apply", *ONE_EACH, "--yes", "--policy", "steady", "--detach").out.strip()
        until_event(controller, "unit-reboots")
        second = team.cli("controller", "run", code=2)
        assert f"leads from {socket.gethostname()} as process {controller.pid}" in second.err
        assert "'fleetctl -o json controller run'" in second.err
    finally:
        controller.send_signal(signal.SIGKILL)
        controller.communicate()
    team.cli("rollout", "resume", rollout)
    team.is_well()


def until_line(process: subprocess.Popen[str], is_it: Callable[[str], bool]) -> str:
    """Read what a running rollout says up to a line; returns that."""
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if is_it(line):
            return line
    raise AssertionError(f"it was never said:\n{''.join(seen)}")
