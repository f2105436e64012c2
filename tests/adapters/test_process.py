"""Processes are told apart by their start, and what a run left behind is found and ended, whatever it did to hide."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest

from fleetctl.adapters import process
from fleetctl.adapters.process import LocalProcesses
from fleetctl.ports import Process

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True).wait()"

Start = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture
def marker() -> str:
    return f"test:{uuid4()}"


@pytest.fixture
def start() -> Iterator[Start]:
    """Return what starts a Python program that has said it is up; whatever is left at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start_one(program: str, marker: str) -> subprocess.Popen[str]:
        environment = {**os.environ, **({"FLEETCTL_RUN": marker} if marker else {})}
        command = [sys.executable, "-c", program]
        one = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(one)
        assert one.stdout is not None
        assert one.stdout.readline() == "up\n"
        return one

    yield start_one
    for one in started:
        with suppress(ProcessLookupError):
            one.kill()
        one.wait()
        assert one.stdout is not None
        one.stdout.close()


def test_this_process_is_alive() -> None:
    processes = LocalProcesses()
    assert processes.me().pid == os.getpid()
    assert processes.is_alive(processes.me())


def test_another_process_with_the_same_number_is_not_it() -> None:
    processes = LocalProcesses()
    assert not processes.is_alive(replace(processes.me(), mark="another-boot:1"))
    assert not processes.is_alive(Process(os.getpid(), ""))


def test_a_stopped_process_is_alive_and_a_zombie_is_not(start: Start) -> None:
    one, processes = start(SLEEP, ""), LocalProcesses()
    known = Process(one.pid, process._mark(one.pid))
    one.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, one.pid, os.WSTOPPED | os.WNOWAIT)
    assert processes.is_alive(known)
    one.kill()
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)  # ended, but nobody has collected it
    assert not processes.is_alive(known)


@pytest.mark.parametrize("program", [SLEEP, DEAF], ids=["that listens", "that ignores SIGTERM"])
def test_a_marked_process_is_ended(program: str, start: Start, marker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.2)
    one = start(program, marker)
    assert LocalProcesses().end_marked(marker) == 1
    assert one.poll() is not None


def test_a_stopped_one_is_ended_without_waiting_for_it(start: Start, marker: str) -> None:
    one = start(SLEEP, marker)
    one.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, one.pid, os.WSTOPPED | os.WNOWAIT)
    assert LocalProcesses().end_marked(marker) == 1
    assert one.wait() == -signal.SIGKILL


def test_what_carries_a_part_of_the_marker_belongs_to_it_and_a_longer_number_does_not(
    start: Start, marker: str
) -> None:
    part, other = start(SLEEP, f"{marker}:run-7"), start(SLEEP, f"{marker}0")
    assert LocalProcesses().end_marked(marker) == 1
    assert part.poll() is not None
    assert other.poll() is None


def test_a_child_in_a_session_of_its_own_is_found(start: Start, marker: str) -> None:
    parent = start(PARENT, marker)
    assert LocalProcesses().end_marked(marker) == 2
    assert parent.poll() is not None
    assert LocalProcesses().end_marked(marker) == 0


def test_others_are_left_alone(start: Start, marker: str) -> None:
    unmarked, of_another_run = start(SLEEP, ""), start(SLEEP, f"{marker}0")
    assert LocalProcesses().end_marked(marker) == 0
    assert unmarked.poll() is None
    assert of_another_run.poll() is None


def test_it_does_not_end_itself(marker: str) -> None:
    program = (
        "from fleetctl.adapters.process import LocalProcesses as P; import sys; print(P().end_marked(sys.argv[1]))"
    )
    environment = {**os.environ, "FLEETCTL_RUN": marker}
    command = [sys.executable, "-c", program, marker]
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "0\n"
