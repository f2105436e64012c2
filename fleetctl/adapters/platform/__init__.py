"""Rollouts on platforms: drains go to a unit's platform, and what its facts say of jobs comes from there.

Both halves stand around an executor and a prober that reach the unit itself, and change nothing for units that are no
node.
"""
