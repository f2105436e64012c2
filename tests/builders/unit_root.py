"""A stand-in unit that is just a folder: `FLEET_ROOT` for the real `fleet-unit`, with fake hooks."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fleetctl.core.config import Config, ConfigFile, payload

REPOSITORY = Path(__file__).parents[2]
SOURCE = REPOSITORY / "playbooks" / "fleet-unit"
PYTHON = ("/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable, "-IS")


def _compiled() -> Path:
    """Return a copy of the program with compiled modules, as stand-ins have it: tests start it thousands of times."""
    content = b"".join(path.read_bytes() for path in (SOURCE, *sorted(SOURCE.with_name("fleet_unit").glob("*.py"))))
    folder = REPOSITORY / ".cache/tests" / f"fleet-unit-{hashlib.sha256(content).hexdigest()[:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent))
        draft.chmod(0o755)
        shutil.copy2(SOURCE, draft)
        shutil.copytree(SOURCE.with_name("fleet_unit"), draft / "fleet_unit")
        subprocess.run([*PYTHON, "-m", "compileall", "-q", str(draft)], check=True, stdout=subprocess.DEVNULL)
        try:
            draft.rename(folder)
        except OSError:  # another process of the suite was first
            shutil.rmtree(draft)
    return folder / SOURCE.name


PROGRAM = _compiled()

Document = dict[str, Any]


def config(*files: ConfigFile) -> Config:
    """Return a config of the stand-in unit."""
    return Config("site/unit", files)


@dataclass
class UnitRoot:
    """The folder, and the calls that a controller makes on it."""

    root: Path
    epoch: int = 1
    attempt: str = "r1:site/unit:1"
    step: int = 0
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, *, kind: str = "radiator") -> UnitRoot:
        """Lay out the folder of a unit that has booted once."""
        unit = cls(root)
        unit.write("/etc/fleet/release", f"VERSION=1.2.0\nMODEL=qh-1\nKIND={kind}\nSERIAL=QR-1\n")
        unit.reboot(run_boot=False)
        unit.heat()
        return unit

    def copy(self, name: str) -> UnitRoot:
        """Copy the folder beside itself; links into it are made to lead into the copy."""
        root = self.root.with_name(name)
        shutil.copytree(self.root, root, symlinks=True)
        for link in [p for p in root.rglob("*") if p.is_symlink()]:
            target = str(link.readlink()).replace(str(self.root), str(root))
            link.unlink()
            link.symlink_to(target)
        return UnitRoot(root, self.epoch, self.attempt, self.step)

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def write(self, path: str, content: str, mode: int = 0o644) -> Path:
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(mode)
        return file

    def read(self, path: str) -> str:
        return self.path(path).read_text()

    def hook(self, service: str, script: str) -> None:
        """Install a service's hook; `$1` is the verb, calls are kept in /hooks.log."""
        log = self.path("/hooks.log")
        self.write(f"/usr/lib/fleet/hooks/{service}", f'#!/bin/sh\necho "{service} $1" >> {log}\n{script}\n', 0o755)

    @property
    def hook_calls(self) -> list[str]:
        log = self.path("/hooks.log")
        return log.read_text().splitlines() if log.exists() else []

    def heat(self, power_w: float = 500.0) -> None:
        state = {"at": "2026-01-01T00:00:00Z", "power_w": power_w, "commanded_w": 500.0, "setpoint_c": 20.0}
        self.write("/run/heat/state.json", json.dumps(state))

    def compute(self, *jobs: str, **more: object) -> None:
        """Write what the compute daemon writes; `drain=` names the drain that it obeys."""
        self.write("/run/fleet/compute.json", json.dumps({"drain": "", "jobs": jobs, **more}))

    def reboot(self, *, run_boot: bool = True, slot: str = "A") -> Document:
        """Begin a new boot: a new boot id, an empty /run, then what init does."""
        self.write("/proc/sys/kernel/random/boot_id", f"{uuid.uuid4()}\n")
        self.write("/proc/cmdline", f"root=/dev/sda1 rauc.slot={slot} quiet\n")
        self.path("/run/fleet/config").unlink(missing_ok=True)
        return self.call("boot") if run_boot else {}

    def environment(self) -> dict[str, str]:
        return {"FLEET_ROOT": str(self.root), "PATH": os.environ["PATH"], **self.env}

    def run(
        self, *arguments: str, stdin: bytes = b"", program: Sequence[str] = (*PYTHON, str(PROGRAM))
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*program, *arguments], input=stdin, capture_output=True, env=self.environment(), timeout=60, check=False
        )

    def call(self, *arguments: str, stdin: bytes = b"") -> Document:
        """Run the program; return the document that it printed."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr.decode()
        document: Document = json.loads(done.stdout)
        return document

    def status(self) -> Document:
        return self.call("status")

    def step_options(self) -> tuple[str, ...]:
        return ("--epoch", str(self.epoch), "--attempt", self.attempt, "--step", str(self.step))

    def effect(self, command: str, *arguments: str, stdin: bytes = b"", again: bool = False) -> Document:
        """Ask for an effect as a new step, or as the last step once more."""
        self.step += 0 if again else 1
        return self.call(command, *self.step_options(), *arguments, stdin=stdin)

    def configure(self, *files: ConfigFile, again: bool = False, timeout_s: float = 120.0) -> Document:
        return self.effect("configure", stdin=payload_bytes(config(*files), timeout_s), again=again)

    def verify(self, digest: str, *arguments: str) -> Document:
        return self.effect("verify", "--digest", digest, *arguments)

    def roll_back(self, digest: str, *, again: bool = False) -> Document:
        """Leave the config with this digest."""
        return self.effect("roll-back", "--digest", digest, again=again)

    def drain(self, *arguments: str, reason: str = "fleetctl r1", again: bool = False) -> Document:
        return self.effect("drain", "--reason", reason, *arguments, again=again)

    def undrain(self, *, reason: str = "fleetctl r1") -> Document:
        return self.effect("undrain", "--reason", reason)


def payload_bytes(of: Config, timeout_s: float = 120.0) -> bytes:
    """Return what the controller sends to `fleet-unit configure`."""
    return json.dumps({**payload(of, lambda name: f"value-of-{name}"), "confirm_timeout_s": timeout_s}).encode()
