"""The modules of `fleet-unit`; see there for what it promises."""
