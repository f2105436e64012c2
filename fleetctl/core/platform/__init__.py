"""The compute platform that units work for: its nodes and jobs, whose a drain is, what counts as drained."""
