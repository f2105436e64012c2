"""A small slurmrestd on a Unix socket, after recorded answers of the real one; and a `scontrol` and `srun` for it.

It speaks v0.0.38, which can change no node (22.05), or v0.0.40, which can, and says states and exit codes otherwise.
"""

from __future__ import annotations

import json
import re
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdW4iOiJmbGVldGN0bCJ9.c2lnbmF0dXJl"
_PROGRAM = """\
import json, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    body = json.dumps({"argv": sys.argv[2:], "in": sys.stdin.read()})
    server.sendall(f"POST /program HTTP/1.0\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
    answer = b"".join(iter(lambda: server.recv(65536), b""))
document = json.loads(answer.partition(b"\\r\\n\\r\\n")[2])
sys.stdout.write(document["out"])
sys.stderr.write(document["err"])
sys.exit(document["code"])
"""


@dataclass
class FakeSlurm:
    """What is true on the platform.

    Attributes:
        nodes: flags of each node besides its base state, and the reason, by its name.
        jobs: state, nodes and name of each job, by its id.
        hides_jobs: the token's user is shown no job of others.
        hangs_up: how many of the next requests end without an answer.
    """

    version: int
    nodes: dict[str, tuple[set[str], str]] = field(default_factory=dict)
    jobs: dict[int, tuple[str, tuple[str, ...], str]] = field(default_factory=dict)
    hides_jobs: bool = False
    hangs_up: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)

    def runs(self, *names: str) -> str:
        able = all(not self.nodes[name][0] for name in names)
        id = len(self.jobs) + 1
        self.jobs[id] = ("RUNNING" if able else "PENDING", names if able else (), "wrap")
        return str(id)

    def ends(self, id: str) -> None:
        _, nodes, name = self.jobs[int(id)]
        self.jobs[int(id)] = ("COMPLETED", nodes, name)

    def drained_by(self, name: str, reason: str) -> None:
        self.nodes[name] = ({"DRAIN"}, reason)

    # --- answers ------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/openapi/v3":
            return 200, {"paths": {f"/slurm/v0.0.{self.version}/ping": {}}}
        if path == "/program":
            return 200, self._program(body["argv"], body["in"])
        what, _, name = path.removeprefix(f"/slurm/v0.0.{self.version}/").partition("/")
        match method, what:
            case "GET", "nodes":
                return 200, {"errors": [], "nodes": [self._node(name) for name in self.nodes]}
            case "GET", "jobs":
                shown = () if self.hides_jobs else self.jobs
                return 200, {"errors": [], "jobs": [self._job(id) for id in shown]}
            case "GET", "job" if name.isdigit() and int(name) in self.jobs:
                return 200, {"errors": [], "jobs": [self._job(int(name))]}
            case "DELETE", "job":
                state, nodes, title = self.jobs[int(name)]
                self.jobs[int(name)] = ("CANCELLED" if state in {"RUNNING", "PENDING"} else state, nodes, title)
                return 200, {"errors": []}
            case "POST", "job" if self.version > 38:
                return 200, {"errors": [], "job_id": self._prove(body["job"]["required_nodes"][0])}
            case "POST", "node" if self.version > 38:
                self._set(name.split(","), body["state"][0], body.get("reason", ""))
                return 200, {"errors": []}
            case "DELETE", "node" if self.version > 38:
                del self.nodes[name]
                return 200, {"errors": []}
            case "GET", "job":
                return 500, {"errors": [{"error": "Invalid job id specified", "error_number": 2017}], "jobs": []}
        return 405, {}

    def _node(self, name: str) -> dict[str, Any]:
        flags, reason = self.nodes[name]
        running = [nodes for state, nodes, _ in self.jobs.values() if state == "RUNNING" and name in nodes]
        state = "allocated" if running else "idle"
        words = [*sorted(flags), "DYNAMIC_NORM"]
        states = {"state": state, "state_flags": words} if self.version < 39 else {"state": [state.upper(), *words]}
        return {"name": name, "reason": reason, **states}

    def _job(self, id: int) -> dict[str, Any]:
        state, nodes, name = self.jobs[id]
        old = self.version < 39
        exit_code = 0 if old else {"return_code": {"set": True, "number": 0}}
        shown = {"job_state": state if old else [state], "exit_code": exit_code}
        return {"job_id": id, "name": name, "nodes": ",".join(nodes), **shown}

    def _set(self, names: list[str], state: str, reason: str) -> None:
        self.nodes.update({name: ({"DRAIN"}, reason) if state == "DRAIN" else (set(), "") for name in names})

    def _prove(self, name: str) -> int:
        id = int(self.runs(name))
        self.ends(str(id))
        return id

    def _program(self, argv: list[str], text: str) -> dict[str, Any]:
        if argv[0] == "srun":
            name = next(word.partition("=")[2] for word in argv if word.startswith("--nodelist="))
            return {"code": 0, "out": f"{self._prove(name)}\n{name}\n", "err": ""}
        if deleted := re.fullmatch(r"delete NodeName=(\S+)\n", text):
            del self.nodes[deleted[1]]
            return {"code": 0, "out": "", "err": ""}
        said = re.fullmatch(r'update NodeName=(\S+) State=(\w+)(?: Reason="([^"]*)")?\n', text)
        if argv != ["scontrol"] or said is None or not set(said[1].split(",")) <= set(self.nodes):
            return {"code": 1, "out": "", "err": "slurm_update error: Invalid node name specified\n"}
        self._set(said[1].split(","), said[2], said[3] or "")
        return {"code": 0, "out": "", "err": ""}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    slurm: FakeSlurm


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    wbufsize: ClassVar[int] = -1

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        self.server.slurm.headers.append(dict(self.headers))
        if self.server.slurm.hangs_up:
            self.server.slurm.hangs_up -= 1
            return
        accepted = self.headers.get("X-SLURM-USER-TOKEN") == TOKEN or self.path == "/program"
        refusal = (500, {"errors": [{"error": "Unspecified error", "errno": -1}]})
        status, document = self.server.slurm.ask(self.command, self.path, body) if accepted else refusal
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - as http.server wants it

    def address_string(self) -> str:
        return "peer"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def a_slurmrestd(folder: Path, version: int, *nodes: str) -> Iterator[tuple[FakeSlurm, str, tuple[str, ...]]]:
    """Yield a platform with nodes, the address of its slurmrestd, and the command that runs its programs."""
    slurm = FakeSlurm(version, {name: (set(), "") for name in nodes})
    path, program = folder / "api", folder / "program.py"
    program.write_text(_PROGRAM)
    with _Server(str(path), _Handler) as server:
        server.slurm = slurm
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield slurm, f"unix:{path}", (sys.executable, "-IS", str(program), str(path))
        finally:
            server.shutdown()
            thread.join()
