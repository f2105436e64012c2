"""A process of its own that uses a state: `python -m tests.builders.store_process URL WHAT`, for races and crashes.

It says `ready`, waits for a line on its standard input so that several start at once, and prints what came of it.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from fleetctl.adapters.store.engine import open_database
from fleetctl.adapters.store.state import SqlState, open_state
from fleetctl.core.commissioning.reservation import Reserved, reserved
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import UnitChanged
from tests.builders.rollouts import UNITS, note, rollout, rows
from tests.builders.world import START

HAS_POWER_FOR = 2


def acquire(state: SqlState, name: str) -> str:
    now = datetime.now(UTC)
    return str(state.controllers.acquire(owner=name, host="h", pid=1, command="race", now=now, lease_s=60))


def use_plan(state: SqlState, name: str) -> str:
    state.rollouts.add(rollout(f"r-{name}", "p-1"), rows(), {})
    return f"r-{name}"


def commit_for_ever(state: SqlState, _name: str) -> str:
    """Commit one attempt of every unit, with one event, again and again."""
    epoch = state.controllers.acquire(owner="o", host="h", pid=1, command="c", now=START, lease_s=60)
    for attempt in count(1):
        changed = [UnitChanged("r-1", replace(row, attempt=attempt)) for row in rows(*UNITS)]
        state.journal.commit(epoch, [*changed, note(str(attempt))])
        sys.stdout.write(f"{attempt}\n")
        sys.stdout.flush()
    return ""


def stop_in_a_transaction(_state: SqlState, _name: str) -> str:
    """Hold the lock of a writer, and do nothing more until somebody says so."""
    with open_database(sys.argv[1]).write():
        os.kill(os.getpid(), signal.SIGSTOP)
    return ""


def reserve(state: SqlState, name: str) -> str:
    """Reserve a unit's load if the site has power for one more."""
    now = datetime.now(UTC)

    def decide(standing: Reserved) -> tuple[Reserved, str]:
        if len(standing) == HAS_POWER_FOR:
            return standing, "waits"
        return {**standing, **reserved([f"home/r{name}"], name, "ada", now, 60.0)}, "begins"

    return state.reservations.change("home", decide)


ACTIONS = {
    "acquire": acquire,
    "use-plan": use_plan,
    "commit": commit_for_ever,
    "stop": stop_in_a_transaction,
    "reserve": reserve,
}


def main() -> None:
    url, what, name = sys.argv[1:]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        state = open_state(url)  # in the race as well: both may have to create it
        came_of_it = ACTIONS[what](state, name)
        sys.stdout.write(f"done {came_of_it}\n")
        state.close()
    except CouldNot as refused:
        sys.stdout.write(f"refused {type(refused).__name__} {refused}\n")


if __name__ == "__main__":
    main()
