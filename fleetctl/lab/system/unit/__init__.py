"""What runs on a unit of the second tier besides its system. Standard library only, as in `fleetctl.lab.unit`."""
