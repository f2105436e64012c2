"""A machine as the imaging server sees it, in a process of its own: what an imager does, but for the disk.

    python one_machine.py URL SERIAL MAC HOST_KEY [together]

Prints when how many bytes were there. With `together` it says `ready` once it has its manifest, and goes on at a line
on standard input. Standard library alone, so that ten of them start quickly.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from urllib.parse import urlencode
from urllib.request import urlopen


def main(url: str, serial: str, mac: str, key: str, together: str = "") -> None:
    """Fetch a manifest and every chunk, enrol, and say that it is done."""
    words = {"serial": serial, "mac": mac, "boot": f"b007-{mac[-2:]}00"}
    signed = urlopen(f"{url}/v1/manifest?{urlencode(words)}", timeout=60).read().decode()
    pairs = [line.split("=", 1) for line in signed.splitlines() if "=" in line]
    token = next(value for name, value in pairs if name == "token")
    if together:
        print("ready", flush=True)
        sys.stdin.readline()
    samples: list[tuple[float, int]] = [(time.monotonic(), 0)]
    for digest in (value.split()[3] for name, value in pairs if name == "chunk"):
        seen = hashlib.sha256()
        with urlopen(f"{url}/v1/chunk/{digest}?{urlencode(words)}", timeout=60) as answer:
            while content := answer.read(16 << 10):
                seen.update(content)
                samples.append((time.monotonic(), samples[-1][1] + len(content)))
        assert seen.hexdigest() == digest
    for path, said in (("enrol", {"token": token, "key": key}), ("done", {"token": token})):
        urlopen(f"{url}/v1/{path}", urlencode({**words, **said}).encode(), timeout=60).read()
    print(json.dumps(samples))


if __name__ == "__main__":
    main(*sys.argv[1:])
