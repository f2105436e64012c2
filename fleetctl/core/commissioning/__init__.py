"""Commissioning a building: what was done, proved, skipped and left open, place by place. Pure."""
