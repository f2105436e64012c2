"""What goes on beside a controller: a real process offers metrics; people are told before the lead is given up."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fleetctl.cli import compose
from fleetctl.cli.frame import Frame
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Decision, Noted
from fleetctl.services.drive import Moved
from tests.builders.cli import Cli
from tests.builders.command import call
from tests.builders.receiver import Receiver, receiving
from tests.builders.rollouts import rollout, rows

SOON_S = 60.0


@pytest.fixture
def receiver(fleet_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Run a receiver that the fleet declares."""
    monkeypatch.setenv("FLEET_TEST_TOKEN", "a token of some length")
    with receiving() as running, (fleet_folder / "fleet.yaml").open("a") as file:
        file.write(f"notify:\n  on-call: {{url: '{running.url}/hook', secret: token}}\n")
        file.flush()
        yield running


def test_people_are_told_of_what_a_controller_commits(fleet_folder: Path, receiver: Receiver) -> None:
    frame = Frame(fleet_folder)
    with compose.state(frame) as state:
        state.rollouts.add(rollout(), rows(), {})
        seat = compose.seat(frame, state, lambda: False)
        with seat.lead() as (_, epoch):
            note = Noted("r-1", "", compose.clock().now().utc, "rollout-halted", "2 of 3 failed, limit 1")
            state.journal.commit(epoch, [note])
            seat.witness(Moved(Board(rollout(), rows()), Decision(changes=(note,))))
    (got,) = receiver.got
    assert (got.path, got.document["event"], got.document["text"]) == ("/hook", "halted", "2 of 3 failed, limit 1")
    assert got.is_signed_with("a token of some length")


def test_a_fleet_that_cannot_be_read_is_said_and_stops_no_controller(
    fleet_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = Frame(fleet_folder)
    with compose.state(frame) as state:
        (fleet_folder / "fleet.yaml").write_text("name: [no fleet\n")
        with compose.seat(frame, state, lambda: False).lead():
            pass
    assert "notifications: " in capsys.readouterr().err


def test_a_controller_offers_metrics_in_a_file_and_at_a_port(fleet_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "fleet.prom"
    process = Cli(fleet_folder).start("controller", "run", "--metrics-file", str(file), "--metrics-port", "0")
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("metrics: "))
        port = int(line.rpartition("/")[0].rpartition(":")[2])
        fetched = fetch(port)
        written = until_written(file)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SOON_S)
    assert process.returncode == 0
    for text in (fetched, written):
        assert 'fleetctl_rollouts{status="running"} 0\n' in text
        assert_promtool_likes(text)


def fetch(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=SOON_S)
    connection.request("GET", "/metrics")
    return connection.getresponse().read().decode()


def until_written(file: Path) -> str:
    deadline_s = time.monotonic() + SOON_S
    while not file.exists():
        assert time.monotonic() < deadline_s, "no metrics were written"
        time.sleep(0.05)
    return file.read_text()


def assert_promtool_likes(text: str) -> None:
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--metrics-file", "fleet.txt"), "end in .prom"),
        (("--metrics-port", "http"), "'http' is not a port"),
        (("--metrics-port", "65536"), "'65536' is not a port"),
        (("--metrics-port", "10.0.0.1:"), "'10.0.0.1:' is not a port"),
    ],
)
def test_metrics_that_nobody_could_read_are_bad_input(fleet_folder: Path, options: tuple[str, str], said: str) -> None:
    called = call("controller", "run", *options, inventory=fleet_folder)
    assert called.code == 2
    assert said in called.err
