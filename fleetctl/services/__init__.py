"""Use cases: each takes ports and values, and returns values or yields typed events."""
