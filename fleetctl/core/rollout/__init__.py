"""The rollout state machine: state, policy, and the pure `decide`."""
