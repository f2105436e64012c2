"""Probes a lab's units, by fleetctl's prober or barely: `python -m bench.probed ours|bare|both FOLDER ROUNDS REPORT`.

The ways to the units come from another process, so that this one holds a prober and nothing else.
"""

from __future__ import annotations

import json
import pickle
import socket
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import paramiko

from bench.measure import Stretch, stretch
from bench.programs import PYTHON
from fleetctl.adapters.clock import SystemClock
from fleetctl.adapters.ssh.connection import Deadline
from fleetctl.adapters.ssh.forwarded import Forwarded
from fleetctl.adapters.ssh.prober import STATUS, WORKERS, SshProber
from fleetctl.adapters.ssh.reach import command_line, first_stream
from fleetctl.core.facts import Facts
from fleetctl.core.route import Hop, Route
from fleetctl.ports import Target

Probe = Callable[[Sequence[Route]], None]


def ours(routes: Sequence[Route]) -> None:
    """Observe every unit by the prober, which is new each time."""
    prober = SshProber(SystemClock())
    prober.submit(Target(route.target.unit, route) for route in routes)
    seen = 0
    while seen < len(routes):
        answers = prober.poll(1.0)
        seen += len(answers)
        assert all(isinstance(answer, Facts) for answer in answers), answers
    prober.close()


def bare(routes: Sequence[Route]) -> None:
    """Run the prober's command on every unit by paramiko as it comes."""
    gateways: dict[str, tuple[paramiko.Transport, Callable[[], None]]] = {}
    for route in routes:
        if route.hops[0].unit not in gateways:
            gateways[route.hops[0].unit] = _gateway(route)
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda route: _exec(gateways[route.hops[0].unit][0], route), routes))
    for _, end in gateways.values():
        end()


def _gateway(route: Route) -> tuple[paramiko.Transport, Callable[[], None]]:
    stream, dialled = first_stream(route, Deadline(30))
    transport = paramiko.Transport(stream)
    transport.connect(username=route.hops[0].user, pkey=_key(route.hops[0]))

    def end() -> None:
        transport.close()
        if dialled is not None:
            dialled.terminate()
            dialled.wait()

    return transport, end


def _exec(gateway: paramiko.Transport, route: Route) -> None:
    hop = route.target
    channel = gateway.open_channel("direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0))
    # Over the channel itself it would break: see `Forwarded`.
    transport = paramiko.Transport(cast("socket.socket", Forwarded(channel)))
    transport.connect(username=hop.user, pkey=_key(hop))
    session = transport.open_session()
    session.exec_command(command_line(route, STATUS))
    assert b"unit-status" in session.makefile("rb").read()
    assert session.recv_exit_status() == 0
    transport.close()


_keys: dict[str, paramiko.PKey] = {}


def _key(hop: Hop) -> paramiko.PKey:
    if hop.identity_file not in _keys:
        _keys[hop.identity_file] = paramiko.PKey.from_path(hop.identity_file)
    return _keys[hop.identity_file]


def measured(probes: Mapping[str, Probe], routes: Sequence[Route], rounds: int) -> dict[str, dict[str, float]]:
    """Let probes take turns; return the median of their CPU and wall time."""
    stretches: dict[str, list[Stretch]] = {name: [] for name in probes}
    for _ in range(rounds):
        for name, probe in probes.items():
            with stretch() as taken:
                probe(routes)
            stretches[name].append(taken)
    return {
        name: {
            "cpu_s": statistics.median(each.cpu_s for each in of),
            "wall_s": statistics.median(each.wall_s for each in of),
        }
        for name, of in stretches.items()
    }


def _routes(folder: Path) -> Sequence[Route]:
    code = (
        "import pickle, sys, pathlib; from bench.lab import known; "
        "pickle.dump([r for r in known(pathlib.Path(sys.argv[1])).routes if r.gateway], sys.stdout.buffer)"
    )
    found: Sequence[Route] = pickle.loads(subprocess.check_output([PYTHON, "-c", code, folder]))
    return found


def main() -> None:
    """Probe, and write what it took."""
    which, folder, rounds, report = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    probes: Mapping[str, Probe] = {"ours": ours, "bare": bare}
    chosen = probes if which == "both" else {which: probes[which]}
    report.write_text(json.dumps(measured(chosen, _routes(folder), rounds)))


if __name__ == "__main__":
    main()
