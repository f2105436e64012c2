"""The program by which a stand-in shows itself: it has no light, so it notes in `/run` that it blinks."""

from __future__ import annotations

PROGRAM = """\
#!/bin/sh
# Blinks for so many seconds: from when, and until when, in seconds since the epoch.
now=$(date +%s)
folder="${FLEET_ROOT:-}/run/lab"
printf '{"since_s": %s, "until_s": %s}\\n' "$now" "$((now + ${1%.*}))" > "$folder/blink.new"
mv "$folder/blink.new" "$folder/blink.json"
"""
