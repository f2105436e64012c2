"""slurmrestd over HTTP: versions, errors, and a token that is shown to nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.adapters.slurm.control import Programs
from fleetctl.adapters.slurm.platform import SlurmPlatform
from fleetctl.adapters.slurm.rest import Refused, Rest
from fleetctl.core.platform.drains import Did
from fleetctl.core.problems import CouldNot
from tests.builders.slurmrestd import TOKEN, FakeSlurm, a_slurmrestd

NODE = "s-a101-1"


@pytest.fixture
def old(tmp_path: Path) -> Iterator[tuple[FakeSlurm, str, tuple[str, ...]]]:
    with a_slurmrestd(tmp_path, 38, NODE) as made:
        yield made


def the_platform(url: str, *command: str, token: str = TOKEN) -> SlurmPlatform:
    return SlurmPlatform(Rest(url, lambda: token, "slurm"), command, title="slurm", pause=lambda _: None)


def test_the_token_and_its_user_are_shown_to_the_platform_alone(old: tuple[FakeSlurm, str, tuple[str, ...]]) -> None:
    fake, url, _ = old
    the_platform(url).nodes([NODE])
    assert {(h["X-SLURM-USER-NAME"], h["X-SLURM-USER-TOKEN"]) for h in fake.headers} == {("fleetctl", TOKEN)}
    broken = TOKEN[:-4] + "AAAA"
    with pytest.raises(Refused) as refused:
        the_platform(url, token=broken).nodes([NODE])
    assert "expired" in refused.value.hint
    assert broken not in f"{refused.value!r} {refused.value.hint}"


@pytest.mark.parametrize("token", ["", "secret-of-somebody", "a.b.c", "a.bm90IGpzb24.c", "a.eyJzdW4iOjF9.c"])
def test_what_is_no_token_is_not_sent(old: tuple[FakeSlurm, str, tuple[str, ...]], token: str) -> None:
    fake, url, _ = old
    with pytest.raises(CouldNot, match="no JSON Web Token"):
        the_platform(url, token=token).nodes([NODE])
    assert fake.headers == []


def test_a_platform_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="slurm does not answer at unix:") as silent:
        the_platform(f"unix:{tmp_path / 'nobody'}").nodes([NODE])
    assert TOKEN not in str(silent.value)


def test_a_question_is_asked_again_where_the_platform_hangs_up(old: tuple[FakeSlurm, str, tuple[str, ...]]) -> None:
    fake, url, _ = old
    fake.hangs_up = 2
    assert the_platform(url).nodes([NODE])[NODE].takes_jobs
    fake.hangs_up = 9
    with pytest.raises(CouldNot, match="slurm does not answer"):
        the_platform(url).nodes([NODE])


def test_a_change_is_not_said_again_where_the_platform_hangs_up(tmp_path: Path) -> None:
    with a_slurmrestd(tmp_path, 40, NODE) as (fake, url, _):
        rest = Rest(url, lambda: TOKEN, "slurm")
        assert rest.version == 40
        fake.hangs_up = 1
        with pytest.raises(CouldNot, match="slurm does not answer"):
            rest.post("node", NODE, body={"state": ["DRAIN"]})
        assert fake.nodes[NODE] == (set(), "")


@pytest.mark.parametrize("version", [35, 99])
def test_versions_that_are_not_known_are_told(tmp_path: Path, version: int) -> None:
    with a_slurmrestd(tmp_path, version, NODE) as (_, url, _), pytest.raises(CouldNot, match=rf"v0\.0\.{version}"):
        the_platform(url).nodes([NODE])


def test_before_23_02_nodes_change_by_programs_alone(old: tuple[FakeSlurm, str, tuple[str, ...]]) -> None:
    fake, url, command = old
    with pytest.raises(CouldNot, match="cannot change nodes") as lacking:
        the_platform(url).drain([NODE], "fleetctl r-1")
    assert "command" in lacking.value.hint
    assert fake.nodes[NODE] == (set(), "")
    assert the_platform(url, *command).drain([NODE], "fleetctl r-1")[NODE].did is Did.DRAINED


def test_jobs_that_are_not_shown_are_neither_ended_nor_overlooked(old: tuple[FakeSlurm, str, tuple[str, ...]]) -> None:
    fake, url, command = old
    fake.runs(NODE)
    fake.hides_jobs = True
    platform = the_platform(url, *command)
    platform.drain([NODE], "fleetctl r-1")
    assert not platform.nodes([NODE])[NODE].is_free
    with pytest.raises(CouldNot, match="not shown"):
        platform.cancel([NODE])


def test_a_node_is_removed_when_nothing_runs(old: tuple[FakeSlurm, str, tuple[str, ...]]) -> None:
    fake, url, command = old
    the_platform(url, *command).remove(NODE)
    assert fake.nodes == {}


def test_a_program_that_fails_or_is_not_there_is_said_without_the_token(tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="scontrol cannot be run"):
        Programs([str(tmp_path / "nothing")], lambda: TOKEN, "slurm").set_state([NODE], "RESUME")
    shows = ["sh", "-c", 'echo "$SLURM_JWT" | cut -c1-3 >&2; exit 1']
    with pytest.raises(CouldNot, match="scontrol said: eyJ") as failed:  # it is in its environment
        Programs(shows, lambda: TOKEN, "slurm").set_state([NODE], "RESUME")
    assert TOKEN not in str(failed.value)


def test_a_reason_of_several_lines_is_no_second_command(tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="one line"):
        Programs(["false"], lambda: TOKEN, "slurm").set_state([NODE], "DRAIN", "x\ndelete NodeName=all")
