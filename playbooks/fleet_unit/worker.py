"""Long work in a process of its own, which outlives the connection that asked for it."""

from __future__ import annotations

import json
import os
import signal
import sys

from fleet_unit.files import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_unit.kinds import Document


def in_worker(call: Callable[[], Document]) -> Document | None:
    """Do long work in a process that outlives the connection; wait for its answer as long as the connection lasts."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        _work(call, writer)
    os.close(writer)
    with open(reader, "rb") as answers:
        answer = json.loads(answers.read() or b"{}")
    sys.stderr.write(answer.pop("fault", ""))
    return answer or None


def _work(call: Callable[[], Document], writer: int) -> None:
    try:
        os.setsid()
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)  # else sshd would wait for this process when the caller is gone
        os.write(writer, dump(call()))
    except Exception:  # a fault of this program: no outcome, but the trace has to reach somebody
        import traceback

        os.write(writer, dump({"fault": traceback.format_exc()}))
    finally:
        os._exit(0)
