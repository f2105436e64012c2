"""What a stand-in unit is: the settings that its init starts with and its other programs read again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from fleetctl.lab.unit.place import root

LIBRARY = "/usr/lib/fleet/lab"
"""Where these programs live on a unit."""
PYTHON = "/usr/bin/python3"
FULL = "data/lab-fill"
"""On its disk: what fills it. Where the disk is a folder, a sign that no file may grow."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Settings:
    """Settings of one stand-in.

    Attributes:
        name: `site/unit`.
        isolated: it has mounts and processes of its own (otherwise a folder is its root).
        networked: it has a network of its own.
        listen: address that its sshd listens on.
        interfaces: `(name, address/length)` that the lab gives, as a DHCP server would, where no file says otherwise.
        peer: the controller's address on the uplink, the last interface; empty where there is none.
        heat_loss_w_k: its share of what the zone that it heats loses.
        water_c: what a boiler lifts its water to.
        node: environment of its platform's daemon, where it is a node of one; else empty.
    """

    name: str
    host_name: str
    kind: str
    model: str
    serial: str
    compatible: str
    version: str
    isolated: bool
    networked: bool
    listen: str
    port: int
    interfaces: tuple[tuple[str, str], ...] = ()
    peer: str = ""
    power_w: float = 0.0
    heat_loss_w_k: float = 20.0
    setpoint_c: float = 20.0
    water_c: float = 60.0
    node: str = ""

    def to_json(self) -> str:
        """Return the settings as a JSON document."""
        return json.dumps(asdict(self))


def from_json(text: str) -> Settings:
    """Read settings back."""
    values = json.loads(text)
    values["interfaces"] = tuple((name, address) for name, address in values["interfaces"])
    return Settings(**values)


def release_text(settings: Settings, version: str) -> str:
    """Return `/etc/fleet/release` of a slot that holds a version of this unit's system."""
    values = {
        "VERSION": version,
        "MODEL": settings.model,
        "KIND": settings.kind,
        "SERIAL": settings.serial,
        "COMPATIBLE": settings.compatible,
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())


def on_unit() -> Settings:
    """Return the settings of the unit that this process runs on."""
    return from_json((root() / "run/lab/unit.json").read_text())


def command(program: str, *arguments: str) -> list[str]:
    """Return the command line that runs one of these programs on the unit."""
    library = str(root()).rstrip("/") + LIBRARY
    start = (
        f"import sys; sys.path.insert(0, {library!r}); from fleetctl.lab.unit.{program} import main; sys.exit(main())"
    )
    return [PYTHON, "-IS", "-c", start, *arguments]
