"""What a person writes: pydantic models of `fleet.yaml` and of a site's files.

A field that is None was not written and may come from a default. The models check one value at a time; what needs two
values (references, sums, uniqueness) is in `fleetctl.core.inventory.invariants`. The docstrings of fields become the
descriptions that an editor shows.
"""
