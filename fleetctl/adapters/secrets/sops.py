"""Files encrypted with SOPS, opened by the `sops` program, which finds its keys by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from fleetctl.adapters.secrets.documents import Environment, encrypted
from fleetctl.core.problems import CouldNot

TIMEOUT_S = 60.0


def decrypt(file: Path, environ: Environment) -> str:
    """Return what a file holds, as JSON.

    Raises:
        CouldNot: if `sops` is not installed, or refuses.
    """
    encrypted(file)
    program = shutil.which("sops", path=environ.get("PATH"))
    if program is None:
        raise CouldNot(
            f"{file} needs 'sops', which is not installed", hint="https://getsops.io tells how to install it"
        )
    command = [program, "--decrypt", "--output-type", "json", str(file)]
    try:
        done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise CouldNot(
            f"'sops' gave no answer for {file} in {TIMEOUT_S:.0f} s", hint="does it ask for a pass phrase?"
        ) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise CouldNot(
            f"'sops' cannot decrypt {file}: it says '{said}'", hint=f"'sops --decrypt {file}' tries the same"
        )
    return done.stdout
