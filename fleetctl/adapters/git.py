"""What Git says about a fleet's folder; for people who read a plan, nothing binds to it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit_of(folder: Path) -> str:
    """Return the commit that a folder stands at, with `+` if it has changes; empty where there is no repository."""
    head = _git(folder, "rev-parse", "--verify", "HEAD")
    if not head:
        return ""
    return head + ("+" if _git(folder, "status", "--porcelain", "--", ".") else "")


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):  # no git on this machine, or a repository on a dead disk
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
