"""Heat: how rooms and tanks cool, what an update may take away, and what proves that a unit heats again."""
