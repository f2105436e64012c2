"""Effects without decisions: each module fills one port of `fleetctl.ports`."""
