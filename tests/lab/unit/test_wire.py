"""The wire between a heat agent and what it heats."""

from __future__ import annotations

import fcntl
import resource
import socket

import pytest

from fleetctl.lab.unit.room import Reading, Wire, has_answer

BEYOND_SELECT = 1024


@pytest.fixture
def many_files() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft <= BEYOND_SELECT + 1:
        pytest.skip(f"this user may have {soft} files open, and a lab of hundreds needs more")


@pytest.mark.usefixtures("many_files")
def test_a_wire_of_a_lab_of_hundreds_is_heard() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        high = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, BEYOND_SELECT)
        wire = Wire(high)
        with socket.socket(fileno=fcntl.fcntl(high, fcntl.F_DUPFD_CLOEXEC, BEYOND_SELECT)) as hub:
            assert not has_answer(hub, 0.0)
            ours.send(Reading(650.0, -5.0, zone_c=20.0).to_bytes())
            assert has_answer(hub, 0.0)
        assert wire.exchange(None) is None  # what came before the question is no answer to it
