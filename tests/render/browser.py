"""A real browser for tests: Debian's headless Chromium, driven over the DevTools protocol on a pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.debian import libraries, unpacked

CHROMIUM = [
    *("chromium-headless-shell", "chromium-common", "libasound2", "libasyncns0", "libatk1.0-0"),
    *("libatspi2.0-0", "libbrotli1", "libbsd0", "libdav1d6", "libdouble-conversion3", "libdrm2"),
    *("libffi8", "libflac12", "libfontconfig1", "libfreetype6", "libgbm1", "libglib2.0-0"),
    *("libgraphite2-3", "libharfbuzz-subset0", "libharfbuzz0b", "libjpeg62-turbo", "libmd0"),
    *(
        "libminizip1",
        "libmp3lame0",
        "libmpg123-0",
        "libnspr4",
        "libnss3",
        "libogg0",
        "libopenh264-7",
    ),
    *("libopus0", "libpng16-16", "libpulse0", "libsndfile1", "libvorbis0a", "libvorbisenc2"),
    *("libwayland-server0", "libx11-6", "libx11-xcb1", "libxau6", "libxcb1", "libxcomposite1"),
    *("libxdamage1", "libxdmcp6", "libxext6", "libxfixes3", "libxi6", "libxkbcommon0"),
    *("libxnvctrl0", "libxrandr2", "libxrender1"),
]
PATIENCE = 30.0
EXEC = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)
"""Chromium reads what it is told from 3 and answers on 4."""


class Browser:
    """One page of a browser without a network."""

    def __init__(self, profile: Path) -> None:
        root = unpacked("chromium", CHROMIUM)
        told, self._write = os.pipe()
        self._read, answers = os.pipe()
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (told, answers)]
        command = [
            str(root / "usr/lib/chromium/chromium-headless-shell"),
            *("--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            "--js-flags=--max-old-space-size=512",
            *(f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND"),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-c", EXEC, *map(str, theirs), *command],
            pass_fds=theirs,
            env={**os.environ, "LD_LIBRARY_PATH": libraries(root), "HOME": str(profile)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (told, answers, *theirs):
            os.close(end)
        self._buffer = b""
        self._last = 0
        self._session: str | None = None
        self.complaints: list[str] = []
        """What pages wrote to the console, and their exceptions that nobody caught."""
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
            self._session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Sends a command of the protocol and waits for its answer."""
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        self._send(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(json.dumps(answer["params"]))

    def _send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._write, data) :]

    def _receive(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            received = os.read(self._read, 1 << 20)
            assert received, "the browser ended"
            self._buffer += received
        first, _, self._buffer = self._buffer.partition(b"\0")
        read: dict[str, Any] = json.loads(first)
        return read

    def show(self, html: str, width: int = 1000, height: int = 800, dark: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self.call("Page.setDocumentContent", frameId=frame, html=html)

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        done = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def click(self, script: str) -> None:
        """Presses the mouse in the middle of the element that an expression gives, once what was done
        before is on the screen: the place of a click is looked up there."""
        self.run("new Promise(then => requestAnimationFrame(() => requestAnimationFrame(then)))")
        x, y = self.run(
            f"(() => {{ const r = ({script}).getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
            self.call("Input.dispatchMouseEvent", **event)

    def press(self, key: str) -> None:
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else None)
        down = {"type": "keyDown", "key": key, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
