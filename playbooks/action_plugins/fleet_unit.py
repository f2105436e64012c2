"""The action plugin `fleet_unit`: one exec of `fleet-unit COMMAND` on the unit, its answer as the task's outcome.

No module is shipped and no file is copied. A payload (it may hold secrets) comes from the controller over a Unix socket
that only its user may open, and goes to the unit on the command's standard input: it is in no variable, no argument, no
environment and no artefact.

A task may ask the unit for something `first`: what the payload is made of, as a certificate is of a request for one.
The unit's answer goes to the controller over the same socket, and both calls are one step.
"""

from __future__ import annotations

import json
import shlex
import socket
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

OUTCOME_SCHEMA = "fleetctl/unit-outcome/v1"


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible's own classes are untyped
    """Run `fleet-unit` on the unit and return its outcome document under `outcome`."""

    TRANSFERS_FILES = False
    _requires_connection = True
    _VALID_ARGS = frozenset({"command", "payload", "first"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the step that the host's variables describe."""
        result: dict[str, Any] = super().run(tmp, task_vars or {})
        step = (task_vars or {})["fleet_step"]
        first = self._task.args.get("first")
        outcome = self._call(step, first, step["first"]) if first else None
        if outcome is None or outcome["ending"] == "ok":
            brings = self._task.args.get("payload") and step["payload"]
            payload = fetch(step["socket"], step["id"], (outcome or {}).get("answer")) if brings else None
            outcome = self._call(step, self._task.args["command"], step["options"], payload)
        result["outcome"] = outcome
        result["changed"] = outcome["ending"] == "ok" and not outcome.get("repeated", False)
        result["failed"] = outcome["ending"] != "ok"
        if result["failed"]:
            result["msg"] = outcome.get("message", "")
        return result

    def _call(
        self, step: dict[str, Any], name: str, options: list[str], payload: bytes | None = None
    ) -> dict[str, Any]:
        command = shlex.join([*step["become"], "fleet-unit", name, *options])
        return read_outcome(*self._connection.exec_command(command, in_data=payload, sudoable=False))


def fetch(path: str, step: str, answer: dict[str, Any] | None = None) -> bytes:
    """Ask the controller for the payload of a step; it answers only while it still leads.

    Args:
        path: of the controller's socket.
        step: id of the step.
        answer: of the unit, that the payload is made of.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        connection.sendall(step.encode() + b"\n" + (json.dumps(answer).encode() if answer else b""))
        connection.shutdown(socket.SHUT_WR)
        payload = b"".join(iter(lambda: connection.recv(65536), b""))
    if not payload:
        raise AnsibleActionFail(f"the controller has no payload for step {step}")
    return payload


def read_outcome(code: int, out: bytes, err: bytes) -> dict[str, Any]:
    """Return the outcome document that the unit printed.

    Raises:
        AnsibleActionFail: if there is none: then nobody knows how the step ended.
    """
    try:
        document = json.loads(out)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("schema") != OUTCOME_SCHEMA:
        last = err.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
        raise AnsibleActionFail(f"fleet-unit gave no outcome (exit {code}): {last[0]}")
    return document
