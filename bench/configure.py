"""Configuring units whose config changed, on the lab, beside a task-per-file playbook and pyinfra.

Two of eight files change and their services are reloaded, on forty units for each tool; all use the same SSH routes
through the gateways, whose master connections are open. CPU is that of the controller; the units' is not in it.
fleetctl's cost is that of a batch in a running controller: what three batches cost more than one, divided by two. The
others have no running controller, so theirs is a whole run with its start, after one that made all files. The playbook
(`bench/peers/task-per-file`) runs as Ansible does by default but with as many forks as hosts; pyinfra
(`bench/peers/pyinfra`) compares no host keys. fleetctl and pyinfra take turns, three times, and the medians count; the
playbook, which takes minutes, has one run after them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.configured import SECRET, changed, rendered
from bench.figures import Figure, Line, NotMeasured, number
from bench.lab import Known, known, lab
from bench.measure import Command, once
from bench.programs import ANSIBLE_PLAYBOOK, HOME, PYTHON
from fleetctl.adapters.ssh.masters import MasterConnections
from fleetctl.core.config import payload

UNIT_AT_MOST_MS, ONE_AT_MOST_S = 60.0, 1.5
PLAYBOOK_AT_MOST, PYINFRA_AT_MOST = 1 / 40, 1 / 2
BATCH, PEERS, GATEWAYS = 40, 40, 3
MOSTLY_ANSIBLE = (
    "About a quarter of it is Ansible's start, shared by forty units, a quarter two SSH clients a unit, "
    "the rest a fork, a task and its result; see ADR 21"
)
OTHER_WORK = "Wall time counts what else runs on this machine, which was much"
PYINFRA_VERSION = "3.10.0"
_PEERS = Path(__file__).parent / "peers"
_VENV = Path(__file__).parent / ".venv"


@dataclass(frozen=True)
class Counts:
    """How many units are configured by us and by the others, how many more batches than one, and in how many turns."""

    batch: int = BATCH
    peers: int = PEERS
    more: int = 2
    turns: int = 3


def lines(folder: Path, *, quick: bool) -> Iterator[Line]:
    """Yield cost and ratios."""
    counts = Counts(2, 1, 1, 1) if quick else Counts()
    with lab(folder / "lab", GATEWAYS + counts.batch + counts.peers) as fleet:
        ours(fleet, counts.batch + counts.peers, 0)
        yield from _one(fleet, counts)
        yield from _beside_peers(fleet, counts)
    reason = "a plan has no action for such a unit, so there is nothing to run; a test of the planner holds it"
    yield NotMeasured("configure, unchanged", reason)


def ours(fleet: Path, units: int, rounds: int) -> tuple[float, list[float]]:
    """Return the CPU of a whole process that configures so many units in so many rounds, and the rounds' wall times."""
    report = fleet / "configured.json"
    used = once(Command([PYTHON, "-m", "bench.configured", fleet, str(units), str(rounds), report], HOME))
    walls: list[float] = json.loads(report.read_text())
    return used.cpu_s, walls


def _cost_of_a_batch_s(fleet: Path, size: int, more: int) -> float:
    single, _ = ours(fleet, size, 1)
    several, _ = ours(fleet, size, 1 + more)
    return (several - single) / more


def _one(fleet: Path, counts: Counts) -> Iterator[Line]:
    cpu_s = _cost_of_a_batch_s(fleet, 1, counts.more)
    yield Figure("a batch of one", cpu_s, "s", ONE_AT_MOST_S, "CPU of the controller")
    _, walls = ours(fleet, 1, 1 + counts.more)
    detail = f"fastest {number(min(walls))} s; the units share this machine"
    yield Figure("a batch of one, wall time", statistics.median(walls), "s", ONE_AT_MOST_S, detail, OTHER_WORK)


def _beside_peers(fleet: Path, counts: Counts) -> Iterator[Line]:
    everyone = known(fleet, counts.batch + counts.peers)
    of = replace(everyone, units=everyone.units[counts.batch :], routes=everyone.routes[counts.batch :])
    with MasterConnections() as masters:
        slow, quick = playbook(fleet, of, masters.config(of.routes)), pyinfra(fleet, of, masters.config(of.routes))

        def cost_ms(peer: Peer) -> float:
            masters.config(of.routes)  # a master that nobody used for a while has ended
            return 1000 * once(peer.command).cpu_s / counts.peers

        for peer in (slow, quick):
            cost_ms(peer)  # all files are new to the units in the first run
        turns = [(_our_cost_ms(fleet, counts), cost_ms(quick)) for _ in range(counts.turns)]
        slow_ms = cost_ms(slow)
    ours_ms = [turn[0] for turn in turns]
    spread = f"CPU of the controller; {' / '.join(map(number, sorted(ours_ms)))} ms"
    what = f"batches of {counts.batch}, a unit"
    yield Figure(what, statistics.median(ours_ms), "ms", UNIT_AT_MOST_MS, spread, MOSTLY_ANSIBLE)
    yield _ratio(slow, [(mine, slow_ms) for mine in ours_ms])
    yield _ratio(quick, turns)


def _our_cost_ms(fleet: Path, counts: Counts) -> float:
    return 1000 * _cost_of_a_batch_s(fleet, counts.batch, counts.more) / counts.batch


def _ratio(peer: Peer, pairs: Sequence[tuple[float, float]]) -> Figure:
    ours_ms, theirs_ms = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(mine / other for mine, other in pairs)
    detail = f"{number(ours_ms)} ms and {number(theirs_ms)} ms of CPU a unit"
    return Figure(f"a unit / {peer.name}", ratio, "times", peer.at_most, detail, MOSTLY_ANSIBLE)


@dataclass(frozen=True)
class Peer:
    """Another tool that does the same."""

    name: str
    command: Command
    at_most: float


def playbook(fleet: Path, of: Known, ssh_config: Path) -> Peer:
    """Return the run of the task-per-file playbook over some units."""
    files, inventory = fleet / "files", fleet / "hosts.ini"
    shared = ["[all:vars]", f"files={files}", f"ansible_ssh_common_args='-F {ssh_config}'"]
    inventory.write_text("\n".join([*_aliases(of), *shared]) + "\n")
    tasks = _PEERS / "task-per-file" / "playbook.yml"
    environment = {"ANSIBLE_FORKS": str(len(of.units)), "ANSIBLE_HOME": str(fleet / "ansible")}
    command = Command(
        [ANSIBLE_PLAYBOOK, "-i", inventory, tasks], fleet, environment, before=lambda: _write_files(of, files)
    )
    return Peer("task-per-file playbook", command, PLAYBOOK_AT_MOST)


def pyinfra(fleet: Path, of: Known, ssh_config: Path) -> Peer:
    """Return pyinfra's run over some units; it is installed first, into an environment of its own."""
    _install_pyinfra()
    files, inventory = fleet / "files", fleet / "inventory.py"
    options = {"ssh_config_file": str(ssh_config), "ssh_strict_host_key_checking": "no", "files": str(files)}
    options |= {"ssh_user": of.routes[0].target.user, "ssh_key": of.routes[0].target.identity_file}
    inventory.write_text(f"units = [(name, {options!r}) for name in {_aliases(of)!r}]\n")
    deploy = _PEERS / "pyinfra" / "deploy.py"
    command = Command(
        [_VENV / "bin" / "pyinfra", "-y", inventory, deploy], fleet, before=lambda: _write_files(of, files)
    )
    return Peer("pyinfra", command, PYINFRA_AT_MOST)


def _aliases(of: Known) -> Sequence[str]:
    return [unit.alias for unit in of.units]


def _write_files(of: Known, folder: Path) -> None:
    """Write the units' files for the tools that copy them; the changing ones have changed."""
    aliases = {unit.name: unit.alias for unit in of.units}
    round_id = str(time.time_ns())
    for config in rendered(of):
        for file in payload(changed(config, round_id), lambda _: SECRET)["files"]:
            path = folder / aliases[config.unit] / file["path"][1:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file["content"])


def _install_pyinfra() -> None:
    if not (_VENV / "bin" / "pyinfra").exists():
        venv.create(_VENV, with_pip=True)
        wanted = f"pyinfra=={PYINFRA_VERSION}"
        subprocess.run([_VENV / "bin" / "pip", "install", "--quiet", wanted], check=True, capture_output=True)
