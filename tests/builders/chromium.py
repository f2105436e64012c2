"""A headless Chromium, driven over a pipe by its DevTools protocol: what a page looks like, and what it complains of.

Nothing but the standard library and the Debian package `chromium`. The browser has a profile of its own and no network.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
_DEADLINE_S = 60.0
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
_GREYS = """new Promise(done => { const image = new Image(); image.onload = () => {
  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  let grey = ''; for (let at = 1; at < pixels.length; at += 4) grey += String.fromCharCode(pixels[at]);
  done([image.width, btoa(grey)]); }; image.src = '%s'; })"""
_ON_3_AND_4 = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The protocol's pipe has to be on these two descriptors."""
_WIDER = """(() => {
  const width = document.documentElement.clientWidth;
  const inside = e => { for (let p = e.parentElement; p; p = p.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(p).overflowX)) return true; return false; };
  return [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width + 1 && !inside(e))
    .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 40));
})()"""


class Browser:
    """One browser with one page."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._buffer, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def open(self, page: Path, *, width: int = 1000, height: int = 800) -> None:
        """Open a file in a window of so many CSS pixels, and wait until it is loaded."""
        self.complaints.clear()
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", **metrics)
        self._call("Page.navigate", url=page.resolve().as_uri())
        self._await("Page.loadEventFired")

    def value(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def text(self) -> str:
        """Return the text that is seen."""
        return str(self.value("document.body.innerText"))

    def too_wide(self) -> list[str]:
        """Return the elements that reach out of the window's right edge, but those in a box that scrolls or clips."""
        return list(self.value(_WIDER))

    def picture(self) -> bytes:
        """Return a picture of the whole page, as PNG."""
        shot = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def greys(self, picture: bytes) -> list[bytes]:
        """Return a picture in shades of grey, a row of bytes each; the page that was open is left."""
        self._call("Page.navigate", url="about:blank")
        self._await("Page.loadEventFired")
        script = _GREYS % f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        result = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)["result"]
        width, pixels = result["value"]
        grey = base64.b64decode(pixels)
        return [grey[start : start + width] for start in range(0, len(grey), width)]

    def pdf(self) -> bytes:
        """Return the page as it is printed, on the paper that it asks for."""
        options = {"preferCSSPageSize": True, "printBackground": False, "generateTaggedPDF": False}
        return base64.b64decode(self._call("Page.printToPDF", **options)["data"])

    def close(self) -> None:
        """Ask the browser to end."""
        with contextlib.suppress(OSError, EOFError):
            self._session = ""
            self._call("Browser.close")

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda each: each.get("id") == self._number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return dict(answer["result"])

    def _await(self, event: str) -> None:
        self._until(lambda each: each.get("method") == event)

    def _until(self, is_it: Any) -> dict[str, Any]:
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            while b"\0" not in self._buffer:
                self._read(deadline - time.monotonic())
            line, _, self._buffer = self._buffer.partition(b"\0")
            message = json.loads(line)
            self._note(message)
            if is_it(message):
                return dict(message)

    def _read(self, left_s: float) -> None:
        ready, _, _ = select.select([self._from], [], [], max(0.0, left_s))
        chunk = os.read(self._from, 1 << 20) if ready else b""
        if not chunk:
            raise EOFError("the browser ended" if ready else "the browser does not answer")
        self._buffer += chunk

    def _note(self, message: dict[str, Any]) -> None:
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(parameters["args"]))
        elif method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith(("file:", "data:")):
            self.complaints.append(f"it asks for {parameters['request']['url']}")


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile is in a folder, and end it."""
    assert PROGRAM is not None
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    command = [sys.executable, "-c", _ON_3_AND_4, str(to_read), str(from_write), PROGRAM, *_OPTIONS]
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    with subprocess.Popen(
        [*command, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        pass_fds=(to_read, from_write),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(to_read)
        os.close(from_write)
        try:
            started = Browser(to_write, from_read)
            yield started
            started.close()
            process.wait(timeout=20)
        finally:
            process.kill()
            os.close(to_write)
            os.close(from_read)
