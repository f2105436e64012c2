"""A modelled fleet in virtual time, on which the very same `decide` is played. Pure: luck comes from a seed."""
