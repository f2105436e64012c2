"""A machine that keeps bundles, without SSH: the command that would go over the line runs here.

Its `fleet-unit` is the real one, or a stand-in that knows `receive` alone. A bad line is a program in between.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fleetctl.adapters.carry.cargo import Cargo
from fleetctl.adapters.carry.line import Reach
from fleetctl.core.rollout.state import Step, StepKind
from fleetctl.core.route import Hop, Route
from tests.builders.unit_root import PROGRAM, UnitRoot

STAND_IN = f"""#!{sys.executable} -IS
import hashlib, json, os, sys
at = {{sys.argv[i]: sys.argv[i + 1] for i in range(2, len(sys.argv), 2)}}
home = os.environ["FLEET_ROOT"] + "/data/fleet/bundles/"
os.makedirs(home, exist_ok=True)
part, whole, size = home + at["--bundle"] + ".part", home + at["--bundle"] + ".raucb", int(at["--size"])
def have():
    return next((os.path.getsize(p) for p in (whole, part) if os.path.exists(p)), 0)
def end(ending, message=""):
    print(json.dumps({{"schema": "fleetctl/unit-outcome/v1", "ending": ending, "message": message,
                      "received_bytes": have()}}))
    sys.exit()
first = sys.stdin.buffer.read(65536)
if first and int(at["--offset"]) != have():
    end("refused", "it goes on elsewhere")
with open(part, "ab") as file:
    while first and not os.path.exists(whole):
        file.write(first)
        first = sys.stdin.buffer.read(65536)
if not os.path.exists(whole) and have() == size:
    with open(part, "rb") as file:
        right = hashlib.sha256(file.read()).hexdigest() == at["--bundle"]
    if not right:
        os.unlink(part)
        end("failed", "its digest is another")
    os.rename(part, whole)
end("ok")
"""
LINE = f"""#!{sys.executable} -IS
import os, subprocess, sys
home, command = sys.argv[1:]
with open(home + "/calls", "a") as calls:
    calls.write(command + "\\n")
def budget():
    try:
        lines = open(home + "/cuts").read().split()
    except OSError:
        return None
    with open(home + "/cuts", "w") as file:
        file.write(" ".join(lines[1:]))
    return int(lines[0]) if lines and lines[0] != "whole" else None
left = budget()
if left == -1:
    print("ssh: connect to host 10.0.0.1 port 22: No route to host", file=sys.stderr)
    sys.exit(255)
if left is None:
    os.execvp("sh", ["sh", "-c", command])
unit = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
while left > 0 and (chunk := os.read(0, min(65536, left))):
    unit.stdin.write(chunk)
    left -= len(chunk)
unit.stdin.close()
unit.wait()
print("client_loop: send disconnect: Broken pipe", file=sys.stderr)
sys.exit(255)
"""


@dataclass
class Keeper:
    """The machine, and the line to it."""

    folder: Path
    root: UnitRoot

    @classmethod
    def make(cls, folder: Path, *, real: bool = True) -> Keeper:
        folder.mkdir(parents=True)
        root = UnitRoot.make(folder / "root", kind="gateway")
        programs = folder / "bin"
        programs.mkdir()
        if real:
            (programs / "fleet-unit").symlink_to(PROGRAM)
        else:
            _program(programs / "fleet-unit", STAND_IN)
        _program(folder / "line", LINE)
        return cls(folder, root)

    @property
    def reach(self) -> Reach:
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        return Reach(self._client, {**self.root.environment(), "PATH": path}, stall_s=20.0)

    def _client(self, _: Route) -> Sequence[str]:
        return [str(self.folder / "line"), str(self.folder)]

    def cut(self, *after: int | None) -> None:
        """Cut the next execs, each after so many bytes went in.

        None lets an exec through whole, -1 lets it not reach the machine at all.
        """
        (self.folder / "cuts").write_text(" ".join("whole" if each is None else str(each) for each in after))

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def kept(self, sha256: str) -> bytes | None:
        """Return a complete bundle; None if it is not there."""
        file = self.root.path(f"/data/fleet/bundles/{sha256}.raucb")
        return file.read_bytes() if file.exists() else None

    def partial(self, sha256: str) -> Path:
        return self.root.path(f"/data/fleet/bundles/{sha256}.part")


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def a_bundle(folder: Path, size: int = 300_000, name: str = "2.0.0") -> Path:
    """Write a file that stands for a bundle."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.raucb"
    file.write_bytes((name.encode() + bytes(range(251)) * (size // 251 + 1))[:size])
    return file


def a_cargo(file: Path, *, unit: str = "s/r1", keeper: str = "s/gw", epoch: int = 1, rate: int = 0) -> Cargo:
    """Return a cargo of a file, as a plan would freeze it now."""
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    step = Step(
        "r1", unit, 1, 1, StepKind.STAGE, epoch, release=file.stem, bundle=sha256, bundle_bytes=len(content),
        rate_bytes_per_s=rate,
    )  # fmt: skip
    route = Route((), (Hop(keeper, "gw.s", "127.0.0.1", 22, "root"),))
    return Cargo(step, file, route, "http://10.0.0.1:8480/bundles/x")
