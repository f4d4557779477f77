"""A stand-in for Lean's language server: it says what a folder tells it to, and keeps what it hears.

    python tests/editor/server.py FOLDER [ARGUMENTS]

`FOLDER/said/N` is written once it has read N messages (0: at once), byte for byte. What it reads is
added to `FOLDER/heard`. If N's file is called `N.exit`, it ends with the exit code written in it, by
`N.kill` with a signal; its child, a process that sleeps and holds its output, is not ended. Its arguments, its process id
and that of its child are in `FOLDER/started`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")


def main(folder: Path) -> None:
    sleeper = subprocess.Popen(
        ["sleep", "600"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    started = folder / "started"
    about = {"arguments": sys.argv[2:], "pid": os.getpid(), "child": sleeper.pid}
    started.with_suffix(".new").write_text(json.dumps({**about, "path": os.environ["PATH"]}))
    started.with_suffix(".new").rename(started)
    number = 0
    with (folder / "heard").open("ab", buffering=0) as heard:
        while True:
            act(folder, number)
            head = b""
            while not head.endswith((b"\r\n\r\n", b"\n\n")):
                line = sys.stdin.buffer.readline()
                heard.write(line)
                if not line:
                    return
                head += line
            length = LENGTH.search(head)
            assert length is not None
            left = int(length[1])
            while left:
                data = sys.stdin.buffer.read1(left)  # type: ignore[union-attr]
                if not data:
                    return  # in the midst of a message
                heard.write(data)
                left -= len(data)
            number += 1


def act(folder: Path, number: int) -> None:
    said = folder / "said" / str(number)
    if said.exists():
        sys.stdout.buffer.write(said.read_bytes())
        sys.stdout.buffer.flush()
    if said.with_suffix(".exit").exists():
        os._exit(int(said.with_suffix(".exit").read_text()))
    if said.with_suffix(".kill").exists():
        os.kill(os.getpid(), int(said.with_suffix(".kill").read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
