"""Compute platforms as they are written in `fleet.yaml`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fleetctl.core.inventory.declared.quantities import Declared, Id, Texts, form, in_schema

_URL = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[!-~]*)?|unix:/[!-~]+")
PlatformUrl = Annotated[
    str,
    form(
        _URL,
        "bad-url",
        "is not the address of a platform's REST interface",
        "write one such as https://slurm.example.net:6820 or unix:/run/slurmrestd.socket; no password in it",
    ),
    in_schema(_URL),
]


class Platform(Declared):
    """A compute platform that units work for, and that fleetctl drains them on."""

    kind: Literal["slurm"]
    """What it is."""
    url: PlatformUrl
    """Where its REST interface (slurmrestd) is reached."""
    token: Id
    """Secret with the token (a JSON Web Token of an operator) that fleetctl shows there."""
    command: Texts = ()
    """Command that runs Slurm's own programs, such as `[ssh, slurm.example.net]`: only before Slurm 23.02, whose
    slurmrestd cannot drain a node."""
