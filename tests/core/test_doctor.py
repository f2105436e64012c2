from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleetctl.core.doctor import PROGRAMS, Check, Grade, Machine, checks, cure_lines, healthy, to_document

NOW = datetime(2026, 1, 15, tzinfo=UTC)
WHOLE = Machine(
    python=(3, 11, 7),
    programs={program.name: f"/usr/bin/{program.name}" for program in PROGRAMS},
    now=NOW,
    newest_file=NOW - timedelta(days=1),
    free_bytes={"folder of the state": 8 << 30, "tmpfs": 1 << 30},
    agent_keys=1,
)


def without(*names: str) -> Machine:
    return replace(WHOLE, programs={name: path for name, path in WHOLE.programs.items() if name not in names})


def finding(machine: Machine, subject: str) -> Check:
    return next(check for check in checks(machine) if check.subject == subject)


def test_a_machine_that_has_everything_needs_nothing() -> None:
    found = list(checks(WHOLE))
    assert {check.finding for check in found} == {Grade.OK}
    assert list(cure_lines(found)) == []


@pytest.mark.parametrize(
    ("machine", "subject"),
    [
        (without("ssh"), "ssh"),
        (replace(WHOLE, python=(3, 10, 9)), "python"),
        (replace(WHOLE, free_bytes={"tmpfs": 1 << 30}), "folder of the state"),
        (replace(WHOLE, free_bytes={**WHOLE.free_bytes, "folder of the state": 1 << 20}), "folder of the state"),
        (replace(WHOLE, now=NOW - timedelta(days=400)), "clock"),
    ],
)
def test_what_fleetctl_cannot_do_without_is_missing(machine: Machine, subject: str) -> None:
    assert finding(machine, subject).finding is Grade.MISSING
    assert not healthy(checks(machine))
    assert list(cure_lines(checks(machine)))


@pytest.mark.parametrize(
    ("machine", "subject"),
    [
        (without("sshd"), "sshd"),
        (without("rauc"), "rauc"),
        (replace(WHOLE, agent_keys=None), "ssh agent"),
        (replace(WHOLE, agent_keys=0), "ssh agent"),
        (replace(WHOLE, free_bytes={"folder of the state": 8 << 30}), "tmpfs"),
    ],
)
def test_what_only_makes_more_possible_is_optional(machine: Machine, subject: str) -> None:
    assert finding(machine, subject).finding is Grade.OPTIONAL
    assert healthy(checks(machine))


def test_all_packages_come_in_one_command() -> None:
    lines = list(cure_lines(checks(without("ip", "tc", "sshd", "sops"))))
    assert lines[0] == "sudo apt-get install --no-install-recommends iproute2 openssh-server"
    assert [line.partition(":")[0] for line in lines[1:]] == ["sops"]


def test_the_document_says_whether_the_machine_is_healthy() -> None:
    document = to_document(checks(without("ssh")))
    assert document["schema"] == "fleetctl/doctor/v1"
    assert document["healthy"] is False
    assert {"subject": "ssh", "finding": "missing", "package": "openssh-client"}.items() <= document["checks"][
        1
    ].items()
