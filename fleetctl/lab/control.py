"""Ask the supervisor of a lab that is up."""

from __future__ import annotations

import json
import socket
from typing import Any

from fleetctl.core.problems import CouldNot
from fleetctl.lab.folder import Record

_ANSWER_S = 15.0


def ask(record: Record, request: dict[str, Any]) -> dict[str, Any]:
    """Ask the supervisor; returns its answer.

    Raises:
        CouldNot: if it refuses or does not answer.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_S)
            connection.connect(str(record.control))
            with connection.makefile("rw") as lines:
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                reply: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError) as error:
        raise CouldNot(
            f"the lab's supervisor does not answer: {error}", hint="clean up with 'fleetctl lab down'"
        ) from error
    if "error" in reply:
        raise CouldNot(reply["error"], hint=reply.get("hint", ""))
    return reply
