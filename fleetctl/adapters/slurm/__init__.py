"""Slurm as a compute platform: slurmrestd for what it can, Slurm's own programs for what it cannot."""
