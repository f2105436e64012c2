"""What all tests share: property tests are not judged by the clock, for a loaded machine is not a failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("fleetctl", deadline=None)
settings.load_profile("fleetctl")
