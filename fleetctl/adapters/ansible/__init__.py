"""Steps on units by Ansible playbooks, in micro-batches: the only place that imports ansible-runner.

Ansible starts a step and never waits for one, and decides nothing: `serial`, failure percentages and exit codes count
for nothing here, only the outcome that each unit's own task reports. Inside this package a unit is a *host*.
"""
