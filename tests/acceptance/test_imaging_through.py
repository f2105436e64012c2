"""A machine without a system reaches the imaging server of an operator's laptop through its gateway."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import imager as bench
from tests.builders import one_machine
from tests.builders.acceptance import SITE, on_unit, unit
from tests.builders.cli import Cli
from tests.builders.imaging import host_key

pytestmark = [
    pytest.mark.lab,
    pytest.mark.acceptance,
    pytest.mark.skipif(bool(bench.lacking()), reason=bench.lacking() or "-"),
]

PROGRAM = base64.b64encode(Path(one_machine.__file__).read_bytes()).decode()
"""That runs beside the blank machine, on a unit of the same network."""
GATEWAY, NEIGHBOUR, BLANK = unit("gw-a"), unit("a101-1"), unit("a101-2")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A gateway and one radiator; the radiator's neighbour is still in its box."""
    folder = tmp_path_factory.mktemp("through")
    made = Cli.of_example("demo", folder / "demo")
    made = Cli(made.folder, {"FLEETCTL_IMAGING_KEY": str(folder / "imaging-key")})
    made("lab", "up", "--select", NEIGHBOUR)
    try:
        yield made
    finally:
        made("lab", "down", code=None)


def test_a_gateway_leads_a_blank_machine_to_this_one(cli: Cli) -> None:
    serve = ("-o", "json", "image", "serve", "--images", "images", "--through", f"site={SITE},kind=gateway")
    declared = cli.json("unit", "show", BLANK)["declared"]
    bench.write_image(cli.folder / "images/qh-1", version=declared["release"], compatible="heat-qh-1")
    cli("image", "request", BLANK)

    refused = cli(*serve, "--until-done", code=1)
    assert f"{GATEWAY} does not listen at" in refused.err, "its sshd allows what its config says, and it has none yet"

    cli("apply", GATEWAY, "--yes")
    address = cli.json("unit", "show", GATEWAY)["declared"]["address"]
    key = host_key()
    server = cli.start(*serve, "--until-done")
    assert server.stdout is not None
    next(line for line in server.stdout if line.startswith("imaging at "))
    words = [f"http://{address}:8099", declared["serial"], declared["mac"], key]
    on_unit(cli, NEIGHBOUR, f"echo {PROGRAM} | base64 -d | python3 -I - {shlex.join(words)}")
    out, _ = server.communicate(timeout=120)
    assert server.returncode == 0, out
    assert key in out
    assert len(cli.json("unit", "show", BLANK)["host_keys"]) == 1
