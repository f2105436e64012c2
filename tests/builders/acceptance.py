"""What acceptance tests do and look at again and again: units by name, what they say, a rollout's lines."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.builders.cli import Cli

SITE = "launaguet-les-sables"
PART = f"site={SITE},dwelling=A10[1-5]"
"""Five dwellings: enough for tests that break a unit or two."""
SOME = f"site={SITE},dwelling=A10[45]"
"""Six radiators: enough to interrupt a rollout in the middle."""


def unit(name: str) -> str:
    return f"{SITE}/{name}"


def changed(cli: Cli) -> str:
    """Change the rendered labels of every unit; returns the word that is new in them."""
    word = f"# {uuid.uuid4()}"
    cli.override("labels.prom.j2", append=f"{word}\n")
    return word


def units_of(cli: Cli, selection: str) -> list[str]:
    return [row["unit"] for row in cli.json("inventory", "list", selection)["units"]]


def phases(cli: Cli, rollout: str = "last") -> dict[str, str]:
    return {row["unit"]: row["phase"] for row in cli.json("rollout", "show", rollout)["units"]}


def status_of(cli: Cli, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(on_unit(cli, name, "fleet-unit", "status"))
    return document


def on_unit(cli: Cli, name: str, *command: str) -> str:
    return cli("unit", "ssh", name, "--", *command).out


def until_event(process: subprocess.Popen[str], *whats: str) -> dict[str, Any]:
    """Read the JSON lines of a running rollout up to the first event of a kind."""
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith("{") and (event := json.loads(line)).get("what") in whats:
            return dict(event)
    raise AssertionError(f"no event {whats} in:\n{''.join(seen)}")


def done_twice(cli: Cli, names: Iterable[str], rollout: str = "last") -> list[str]:
    """Return the steps of a rollout that units have ended well more than once, by the units' own journals."""
    id = cli.json("rollout", "show", rollout)["id"]
    steps: Counter[str] = Counter()
    for name in names:
        for line in map(json.loads, on_unit(cli, name, "cat", "/data/fleet/journal").splitlines()):
            if id in str(line.get("attempt")) and line.get("ending") == "ok":
                steps[f"{name} {line['attempt']}:{line['step']}"] += 1
    assert steps, f"no unit has done anything for {id}"
    return [step for step, times in steps.items() if times > 1]


def drained(cli: Cli, names: Iterable[str]) -> list[str]:
    """Return the units that say that they are drained."""
    return [name for name in names if (status_of(cli, name)["compute"] or {}).get("drained")]


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=600)
    return process.returncode, out


def wait_for(cli: Cli, name: str) -> None:
    for _ in range(30):
        if cli("probe", name, code=None).code == 0:
            return
    raise AssertionError(f"{name} does not come back")
