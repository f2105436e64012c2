"""The stand-in's compute daemon: real processes, a drain that is obeyed, and jobs that are lost and known to be."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleetctl.lab.unit.compute import CANCEL, DRAIN, LOG, QUEUE, STATE, Daemon, became


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    (tmp_path / "data/fleet").mkdir(parents=True)
    made = started(tmp_path)
    yield made
    end(made)


def started(folder: Path) -> Daemon:
    made = Daemon(folder)
    made.start()
    return made


def end(daemon: Daemon) -> None:
    """End the daemon's jobs, as its end or the unit's does."""
    for pid in daemon.jobs.values():
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    daemon.jobs.clear()


def hand_in(daemon: Daemon, name: str, seconds: float = 600.0) -> None:
    (daemon.folder / QUEUE / f"{name}.json").write_text(json.dumps({"seconds": seconds}))


def drain(daemon: Daemon, reason: str = "fleetctl r1") -> None:
    (daemon.folder / DRAIN).write_text(json.dumps({"reason": reason, "since": 1.0}))


def told(daemon: Daemon) -> dict[str, object]:
    document: dict[str, object] = json.loads((daemon.folder / STATE).read_text())
    return document


def fates(daemon: Daemon) -> dict[str, str]:
    return became((daemon.folder / LOG).read_text())


def tick_until(daemon: Daemon, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        daemon.tick()
        time.sleep(0.01)


def test_a_job_is_a_process_that_ends_by_itself(daemon: Daemon) -> None:
    hand_in(daemon, "job-1", 0.05)
    daemon.tick()
    assert told(daemon)["jobs"] == ["job-1"]
    assert Path(f"/proc/{daemon.jobs['job-1']}").exists()
    tick_until(daemon, lambda: told(daemon)["jobs"] == [])
    assert fates(daemon) == {"job-1": "done"}


def test_a_drained_unit_starts_no_job_and_lets_the_running_go_on(daemon: Daemon) -> None:
    hand_in(daemon, "job-1")
    daemon.tick()
    drain(daemon)
    hand_in(daemon, "job-2")
    daemon.tick()
    assert (told(daemon)["drain"], told(daemon)["jobs"]) == ("fleetctl r1", ["job-1"])
    (daemon.folder / DRAIN).unlink()
    daemon.tick()
    assert (told(daemon)["drain"], told(daemon)["jobs"]) == ("", ["job-1", "job-2"])


def test_a_drain_that_cannot_be_read_is_obeyed_too(daemon: Daemon) -> None:
    (daemon.folder / DRAIN).write_text("")
    hand_in(daemon, "job-1")
    daemon.tick()
    assert told(daemon)["jobs"] == []
    assert told(daemon)["drain"]


def test_jobs_are_ended_once_for_each_request(daemon: Daemon) -> None:
    hand_in(daemon, "job-1")
    daemon.tick()
    (daemon.folder / CANCEL).write_text('{"id": "a:1"}')
    daemon.tick()
    assert (told(daemon)["jobs"], told(daemon)["cancelled"], told(daemon)["lost"]) == ([], "a:1", ["job-1"])
    assert fates(daemon) == {"job-1": "cancelled"}
    hand_in(daemon, "job-2")
    daemon.tick()
    daemon.tick()
    assert told(daemon)["jobs"] == ["job-2"]


def test_what_ran_when_the_unit_went_down_is_lost(daemon: Daemon) -> None:
    hand_in(daemon, "job-1")
    hand_in(daemon, "job-2", 0.01)
    daemon.tick()
    tick_until(daemon, lambda: fates(daemon)["job-2"] == "done")
    end(daemon)
    again = started(daemon.folder)
    again.tick()
    assert told(again)["jobs"] == []
    assert fates(again) == {"job-1": "lost", "job-2": "done"}


def test_a_line_that_was_cut_is_passed_over() -> None:
    log = '{"at": 1, "job": "job-1", "is": "running"}\n{"at": 2, "jo'
    assert became(log) == {"job-1": "running"}


def test_the_state_is_written_anew_even_if_nothing_happens(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon.tick()
    first = told(daemon)["at"]
    daemon.tick()
    assert told(daemon)["at"] == first
    monkeypatch.setattr("fleetctl.lab.unit.compute._TELL_EVERY_S", 0.0)
    (daemon.folder / STATE).unlink()
    daemon.tick()
    assert (daemon.folder / STATE).exists()
