"""Run one of Slurm's programs where a lab's platform is led from, as `ssh LEADER PROGRAM` would in a real one.

    python ask.py SOCKET PROGRAM [ARGUMENTS...] < INPUT

A script of its own with few imports, because fleetctl starts it for every change of a node.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Sequence
from typing import Any


def ask(path: str, argv: Sequence[str], text: str = "") -> dict[str, Any]:
    """Run a program there; returns its exit code as `code`, and what it said as `out` and `err`.

    Raises:
        OSError: if the platform is not led any more.
    """
    with socket.socket(socket.AF_UNIX) as leader:
        leader.connect(path)
        with leader.makefile("rw") as lines:
            lines.write(json.dumps({"argv": list(argv), "in": text}) + "\n")
            lines.flush()
            line = lines.readline()
    if not line:
        raise ConnectionError("the platform gave no answer")
    answer: dict[str, Any] = json.loads(line)
    return answer


def main() -> int:
    """Run it, and be as it was."""
    try:
        answer = ask(sys.argv[1], sys.argv[2:], "" if sys.stdin.isatty() else sys.stdin.read())
    except OSError as error:
        sys.stderr.write(f"{sys.argv[1]}: {error}\n")
        return 255
    sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    return int(answer["code"])


if __name__ == "__main__":
    sys.exit(main())
