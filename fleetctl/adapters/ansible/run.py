"""One run of one playbook over a batch of hosts, by ansible-runner.

What is known of ansible-runner and kept away from here: it replaces signal handlers unless it has a cancel callback;
it copies its whole environment into its artefacts; without `ANSIBLE_HOST_KEY_CHECKING` in the environment it switches
host key checking *off*; an exception in the event handler escapes the run; a reused ident appends to the old artefacts.
Ansible's workers have sessions of their own, so ansible-runner's kill of a process group leaves them running: a step
that was given up could still act later. Every process of a run carries the run's marker, and is ended with the run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_runner import Runner
from ansible_runner.config.runner import RunnerConfig

from fleetctl.adapters.ansible.lean import SOCKET
from fleetctl.adapters.ansible.preloading import Preloading
from fleetctl.adapters.process import LocalProcesses

KEPT_ENVIRONMENT = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"}
)
"""All that Ansible gets of this process's environment: secrets that stand in it stay here."""

PROGRAM = (sys.executable, "-m", "fleetctl.adapters.ansible.lean")
"""Runs in place of `ansible-playbook`."""

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Settings:
    """What every run shares.

    Attributes:
        playbooks: folder with the playbooks; the plugins are in `action_plugins` and `connection_plugins` beside them.
        folder: private, short and on a tmpfs; runs make and remove folders in it.
        marker: beginning of `FLEETCTL_RUN` in every process of a run, so that a successor finds what a killed
            controller left running.
        connect_timeout_s: how long SSH may take to connect.
    """

    playbooks: Path
    folder: Path
    marker: str
    connect_timeout_s: int = 15


def run_playbook(
    settings: Settings,
    preloading: Preloading,
    playbook: Path,
    hosts: Mapping[str, Mapping[str, Any]],
    ssh_config: Path,
    on_event: Callable[[Event], None],
    cancelled: Callable[[], bool],
) -> str:
    """Run a playbook and return the last lines that Ansible printed, for the case that an outcome is missing.

    Args:
        settings: shared settings.
        preloading: has Ansible loaded.
        playbook: file of the playbook.
        hosts: variables by host name; hold no secret.
        ssh_config: generated configuration with every host's route and host key.
        on_event: gets every event; must only enqueue.
        cancelled: asked about once a second; True kills the run.
    """
    folder = Path(tempfile.mkdtemp(prefix="r", dir=settings.folder))
    try:
        inventory = folder / "inventory.yaml"  # JSON is YAML; the file holds the hosts of this run and no others
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        environment = {**preloading.environment, **_environment(settings, folder, ssh_config)}
        config = _config(folder, playbook, inventory, environment, len(hosts))
        config.env[SOCKET] = str(preloading.socket(config.env))
        Runner(config, event_handler=_no_file(on_event), cancel_callback=cancelled).run()
        return _tail(Path(config.artifact_dir) / "stdout")
    finally:
        LocalProcesses().end_marked(_marker(settings, folder))
        shutil.rmtree(folder, ignore_errors=True)


def _config(folder: Path, playbook: Path, inventory: Path, environment: Mapping[str, str], forks: int) -> RunnerConfig:
    config = RunnerConfig(
        private_data_dir=str(folder),
        playbook=str(playbook),
        inventory=str(inventory),
        forks=forks,
        ident="run",
        fact_cache_type="memory",
        quiet=True,
        suppress_ansible_output=True,
        envvars=dict(environment),
        settings={"pexpect_timeout": 1, "pexpect_use_poll": True, "suppress_env_files": True},
    )
    config.prepare()
    config.command[:1] = PROGRAM
    inherited = set(os.environ) - KEPT_ENVIRONMENT
    config.env = {key: value for key, value in config.env.items() if key not in inherited or _is_ours(key)}
    return config


def _environment(settings: Settings, folder: Path, ssh_config: Path) -> dict[str, str]:
    programs = Path(sys.executable).parent  # ansible-playbook stands beside the interpreter, on PATH or not
    return {
        "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_ACTION_PLUGINS": str(settings.playbooks / "action_plugins"),
        "ANSIBLE_CONNECTION_PLUGINS": str(settings.playbooks / "connection_plugins"),
        "ANSIBLE_INVENTORY_ENABLED": "yaml",
        "ANSIBLE_VARS_ENABLED": "",  # what a unit is comes from the inventory, not from group_vars beside a playbook
        "ANSIBLE_GATHERING": "explicit",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_SSH_ARGS": f"-F {ssh_config}",
        "ANSIBLE_SSH_RETRIES": "0",
        "ANSIBLE_SSH_USETTY": "False",
        "ANSIBLE_TIMEOUT": str(settings.connect_timeout_s),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "FLEETCTL_RUN": _marker(settings, folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _marker(settings: Settings, folder: Path) -> str:
    return f"{settings.marker}:{folder.name}"


def _is_ours(key: str) -> bool:
    return key.startswith(("ANSIBLE_", "AWX_", "RUNNER_")) or key in {"FLEETCTL_RUN", "PYTHONDONTWRITEBYTECODE"}


def _no_file(on_event: Callable[[Event], None]) -> Callable[[Event], bool]:
    """Answer False to ansible-runner, so that it keeps no file for each event."""

    def handler(event: Event) -> bool:
        on_event(event)
        return False

    return handler


def _tail(stdout: Path, lines: int = 3) -> str:
    if not stdout.is_file():
        return ""
    text = stdout.read_text(encoding="utf-8", errors="replace")
    return " ".join(" ".join(text.strip().splitlines()[-lines:]).split())[:400]
