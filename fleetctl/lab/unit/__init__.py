"""Programs that run on a stand-in unit: its boot loader, init, heat agent, RAUC stand-in and service hooks.

They are copied to every stand-in (`/usr/lib/fleet/lab`) and run there by the system's own `python3` with the standard
library alone; they import nothing of fleetctl but one another.
"""
