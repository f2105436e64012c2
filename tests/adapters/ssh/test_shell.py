"""Single commands on a unit, over real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.adapters.ssh.connection import MAX_OUTPUT
from fleetctl.adapters.ssh.failures import SshFailed
from fleetctl.adapters.ssh.shell import SshShell
from fleetctl.core.facts import Cause
from fleetctl.core.route import Route
from tests.builders.sshd import servers


@pytest.fixture
def route(tmp_path: Path) -> Iterator[Route]:
    with servers(tmp_path / "servers") as made:
        yield made.start("site/u1").route()


def written(count: int, *, to: int) -> list[str]:
    return ["sh", "-c", f"head -c {count} /dev/zero >&{to}"]


@pytest.mark.parametrize("stream", [1, 2])
def test_an_answer_is_whole_or_a_failure(route: Route, stream: int) -> None:
    shell = SshShell(timeout_s=20)
    _, *streams = shell.execute(route, written(MAX_OUTPUT, to=stream))
    assert len(streams[stream - 1]) == MAX_OUTPUT
    with pytest.raises(SshFailed, match="site/u1: its answer is longer than 1 MiB") as failure:
        shell.execute(route, written(MAX_OUTPUT + 1, to=stream))
    assert failure.value.cause is Cause.BAD_ANSWER
