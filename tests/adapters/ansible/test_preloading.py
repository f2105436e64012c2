"""Real Ansible, loaded once: a run is done by a fork of the loaded process, and looks like a run of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.adapters.ansible.lean import SOCKET
from fleetctl.adapters.ansible.preloading import Preloading
from fleetctl.adapters.process import VARIABLE, LocalProcesses

MARKER = "preloading:1:r12345678"
DEADLINE_S = 120.0
PLAYBOOK = r"""
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    shown: tr '\0' '\n' < /proc/$PPID/environ | grep ^FLEETCTL_RUN=
    passed: env | grep ^OWN=
    program: tr '\0' ' ' < /proc/$PPID/cmdline
  tasks:
    - debug:
        msg: "{{ lookup('pipe', item) }}"
      loop: ["{{ shown }}", "{{ passed }}", "{{ program }}"]
"""
"""Says what the process of a task shows as its environment and its command line, and what its children get."""


@pytest.fixture
def preloading(tmp_path: Path) -> Iterator[Preloading]:
    made = Preloading(tmp_path)
    yield made
    made.close()


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    file = tmp_path / "playbook.yml"
    file.write_text(PLAYBOOK)
    return file


def environment(preloading: Preloading, **own: str) -> dict[str, str]:
    """Return the environment of a run."""
    return {**os.environ, **preloading.environment, "ANSIBLE_LOCALHOST_WARNING": "False", VARIABLE: MARKER, **own}


def run(environment: dict[str, str], *arguments: str | Path) -> tuple[int, str]:
    """Run what stands in Ansible's place; return its code and output."""
    argv = [sys.executable, "-m", "fleetctl.adapters.ansible.lean", *map(str, arguments)]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=DEADLINE_S)
    return done.returncode, done.stdout + done.stderr


def by_loaded(preloading: Preloading, *arguments: str | Path, **own: str) -> tuple[int, str]:
    """Run over the socket of the loaded process."""
    alone = environment(preloading, **own)
    return run({**alone, SOCKET: str(preloading.socket({**alone, VARIABLE: MARKER}))}, *arguments)


def test_a_run_shows_its_own_marker_and_passes_its_own_environment_on(preloading: Preloading, playbook: Path) -> None:
    code, said = by_loaded(preloading, playbook, OWN="run-1")
    assert code == 0, said
    assert f"{VARIABLE}={MARKER}" in said
    assert "OWN=run-1" in said
    assert "fleetctl.adapters.ansible.loaded" in said
    assert "OWN=run-2" in by_loaded(preloading, playbook, OWN="run-2")[1]


def test_the_code_is_ansibles(preloading: Preloading, tmp_path: Path) -> None:
    code, said = by_loaded(preloading, tmp_path / "missing.yml")
    assert code == 1
    assert "could not be found" in said


def test_a_run_whose_marker_would_not_be_seen_is_a_process_of_its_own(preloading: Preloading, playbook: Path) -> None:
    code, said = by_loaded(preloading, playbook, OWN="run", **{VARIABLE: f"{MARKER}-longer"})
    assert code == 0, said
    assert f"{VARIABLE}={MARKER}-longer" in said
    assert "fleetctl.adapters.ansible.lean" in said


def test_without_a_loaded_process_ansible_runs_by_itself(preloading: Preloading, tmp_path: Path) -> None:
    code, said = run({**environment(preloading), SOCKET: str(tmp_path / "nobody")}, "--version")
    assert (code, said.startswith("ansible-playbook")) == (0, True), said


def test_a_successor_finds_the_loaded_process_and_a_killed_one_is_started_anew(preloading: Preloading) -> None:
    assert by_loaded(preloading, "--version")[0] == 0
    assert LocalProcesses().end_marked("preloading:1") == 1
    assert by_loaded(preloading, "--version")[0] == 0


def test_nothing_is_left(preloading: Preloading, tmp_path: Path) -> None:
    by_loaded(preloading, "--version")
    preloading.close()
    assert list(tmp_path.iterdir()) == []
    assert LocalProcesses().end_marked("preloading:1") == 0
