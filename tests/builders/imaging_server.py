"""An imaging server in a process of its own, which may be in another network namespace.

python -m tests.builders.imaging_server IMAGE FOLDER ADDRESS PORT RATE MACHINES
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from fleetctl.adapters.imaging.share import FairShare
from fleetctl.core.imaging.record import Stage
from fleetctl.services.image_requests import request
from tests.builders.imager import Bench
from tests.builders.imaging import NOON, fleet, unit


def main(image: str, folder: str, address: str, port: str, rate: str, machines: str) -> None:
    """Serve until every machine is imaged, and print how many host keys are pinned."""
    units = [unit(number) for number in range(1, int(machines) + 1)]
    parts = Bench(Path(folder), Path(image), fleet(*units), share=FairShare(float(rate)))
    request(parts.state, units, "ada", NOON, again=False)
    with parts.serving(int(port), address):
        print("ready", flush=True)
        while any(record.stage is not Stage.DONE for record in parts.state.imaging.records().values()):
            time.sleep(0.05)
        time.sleep(0.5)  # the last answer is still on its way
    print(len(parts.state.units.pins()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
