"""fleetctl: infrastructure as code for fleets of computers that heat buildings."""

__version__ = "0.1.0"
