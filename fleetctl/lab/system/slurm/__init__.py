"""A lab's compute platform: the real Slurm of Debian, led from a machine of its own, with a daemon on each unit."""
