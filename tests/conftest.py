"""What all tests share: no clock judges property tests, and nothing of the caller's settings reaches fleetctl."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# A loaded machine is not a failure.
settings.register_profile("fleetctl", deadline=None)
settings.load_profile("fleetctl")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_caller() -> None:
    """Forget what would steer fleetctl: a pipeline's `CI`, a state or inventory that somebody works with."""
    for name in [name for name in os.environ if name == "CI" or name.startswith("FLEETCTL_")]:
        del os.environ[name]
