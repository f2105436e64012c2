"""An ordinary user for tests that root runs: with a home and a shell, in a user database that only one command sees."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fleetctl

UID = 54321
_CHECKOUT = Path(fleetctl.__file__).parents[1]


@dataclass(frozen=True)
class Somebody:
    """An ordinary user."""

    home: Path
    accounts: Path

    def run_python(self, script: str, *arguments: str, first: str = "true") -> list[str]:
        """Run a script as this user; returns the lines that it prints.

        Args:
            script: a Python program.
            arguments: its arguments.
            first: what root does before, in the shell, in the mount namespace that the script will run in.
        """
        become = f"mount --bind {self.accounts} /etc/passwd && setpriv --reuid {UID} --regid {UID} --clear-groups"
        python = " ".join(["/usr/bin/python3 -", *arguments])
        result = subprocess.run(
            ["unshare", "--mount", "sh", "-c", f"cd {_CHECKOUT} && {first} && {become} {python}"],
            input=script,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home), "PYTHONPATH": str(_CHECKOUT)},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip().splitlines()


@contextmanager
def somebody(folder: Path) -> Iterator[Somebody]:
    """Make a user for the length of a block; `folder` holds the user database."""
    home = Path("/tmp") / f"fleetctl-lab-user-{os.getpid()}"
    accounts = folder / "passwd"
    entry = f"labuser:x:{UID}:{UID}::{home}:/bin/sh\n"
    accounts.write_text("".join(f"{':'.join(map(str, user))}\n" for user in pwd.getpwall()) + entry)
    home.mkdir()
    os.chown(home, UID, UID)
    try:
        yield Somebody(home, accounts)
    finally:
        shutil.rmtree(home)
