"""The second tier of the lab: systemd and the real RAUC in each unit, two slots and a data disk on loop devices."""
