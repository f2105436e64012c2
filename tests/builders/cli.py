"""The real command line on a fleet of its own, as a user runs it: a process, its output, its exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLEETCTL = Path(sys.executable).with_name("fleetctl")
INVENTORIES = Path(__file__).parents[2] / "inventories"
TIMEOUT_S = 800.0


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    def __str__(self) -> str:
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@dataclass(frozen=True)
class Cli:
    """Runs `fleetctl` in a fleet's folder."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_example(cls, name: str, folder: Path) -> Cli:
        """Copy an example fleet; its state will be in the copy."""
        shutil.copytree(INVENTORIES / name, folder, ignore=shutil.ignore_patterns(".fleetctl"))
        return cls(folder)

    def __call__(self, *arguments: str, code: int | None = 0) -> Ran:
        """Run a command and hold its exit code against `code` (None: any)."""
        done = subprocess.run(
            [FLEETCTL, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert code is None or ran.code == code, f"fleetctl {' '.join(arguments)}: {ran}"
        return ran

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running; its standard output is a pipe of lines."""
        return subprocess.Popen(
            [FLEETCTL, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """Run a command with `-o json` and return its document."""
        return self("-o", "json", *arguments, code=code).json

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLEETCTL_", "CI"))}
        return {**kept, "NO_COLOR": "1", **self.env}

    def edit(self, file: str, *changes: tuple[str, str]) -> None:
        """Replace texts in a file of the fleet; each has to be there."""
        path = self.folder / file
        text = path.read_text()
        for old, new in changes:
            assert old in text, f"{file} has no {old!r}"
            text = text.replace(old, new, 1)
        path.write_text(text)

    def override(self, template: str, change: Sequence[tuple[str, str]] = (), *, append: str = "") -> None:
        """Put a template of the fleet's own in the place of ours."""
        ours = INVENTORIES.parent / "templates" / template
        path = self.folder / "templates" / template
        path.parent.mkdir(parents=True, exist_ok=True)
        text = ours.read_text()
        for old, new in change:
            assert old in text, f"{template} has no {old!r}"
            text = text.replace(old, new, 1)
        path.write_text(text + append)
