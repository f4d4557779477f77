"""Records the terminal of a person who proves a file in Neovim, as an animated SVG.

    python docs/record.py docs/neovim.svg

Everything in it happens: a real Neovim (unpacked from Debian's packages) with `prover lsp` on the
embedded Lean, in an empty home, set up as the README says. Only waiting is cut.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pexpect
import pyte
from platformdirs import user_cache_dir

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.debian import libraries, unpacked
from tests.editor.test_editors import NEOVIM

COLUMNS, ROWS = 88, 22
WIDTH, HEIGHT, PADDING = 8.4, 18, 14  # of a character and of the frame, in pixels

FILE = """\
def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

theorem le_double (n : Nat) : n ≤ double n := by
  sorry

theorem swap (p q : Prop) (h : p ∧ q) : q ∧ p := by
  constructor
  · sorry
  · sorry
"""

PALETTE = {
    "default": "#d8dee9",
    "background": "#1d222b",
    "black": "#3b4252",
    "red": "#f07178",
    "green": "#a3cf8b",
    "brown": "#ebcb8b",
    "blue": "#82aaff",
    "magenta": "#c99ad6",
    "cyan": "#7fd1d9",
    "white": "#e5e9f0",
    "brightblack": "#7b869c",
}


@dataclass(frozen=True)
class Frame:
    """What is seen, row by row, and for how long."""

    rows: tuple[str, ...]
    seconds: float


class Terminal:
    """A shell in a terminal, with a person who types. Each change of the screen is kept."""

    LONGEST = 1.6  # seconds that a screen is shown, however long it stood

    def __init__(self, command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.seen: list[tuple[float, tuple[str, ...]]] = []
        self.child = pexpect.spawn(
            command[0],
            list(command[1:]),
            cwd=str(folder),
            env=environment,  # type: ignore[arg-type]
            dimensions=(ROWS, COLUMNS),
        )
        self.child.delaybeforesend = None

    def look(self, seconds: float) -> None:
        """Watches the screen for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                data = self.child.read_nonblocking(65536, timeout=min(left, 0.05))
            except (pexpect.TIMEOUT, pexpect.EOF):
                continue
            # pyte takes these for colours, and does not know the screen that an editor has of its own
            data = re.sub(rb"\x1b\[[>?][\d;]*m", b"", data)
            self.stream.feed(data.replace(b"\x1b[?1049l", b"\x1b[H\x1b[2J"))
            rows = tuple(self._row(number) for number in range(ROWS))
            if not self.seen or self.seen[-1][1] != rows:
                self.seen.append((time.monotonic(), rows))

    def wait_for(self, pattern: str, seconds: float = 180.0) -> None:
        """Watches until the screen has a text. Raises TimeoutError if that does not come."""
        end = time.monotonic() + seconds
        while not re.search(pattern, "\n".join(self.screen.display)):
            if time.monotonic() > end:
                raise TimeoutError(f"no {pattern!r} in\n" + "\n".join(self.screen.display))
            self.look(0.1)

    def type(self, text: str, pause: float = 0.05) -> None:
        for key in text:
            self.child.send(key)
            self.look(pause)

    def frames(self) -> list[Frame]:
        """What was seen, without what stood too short to be read as a change."""
        found: list[Frame] = []
        ends = [when for when, _ in self.seen[1:]] + [self.seen[-1][0] + 6.0]
        for (begin, rows), end in zip(self.seen, ends, strict=True):
            if end - begin > 0.02:
                last = end == ends[-1]
                found.append(Frame(rows, min(end - begin, 6.0 if last else self.LONGEST)))
        return found

    def _row(self, number: int) -> str:
        """The SVG of a row: a text for each run of one style, a block for each background."""
        line = self.screen.buffer[number]
        cursor = self.screen.cursor
        blocks, texts, column = [], [], 0
        while column < COLUMNS:
            one = line[column]
            here = not cursor.hidden and (cursor.y, cursor.x) == (number, column)
            last = column + 1
            if one.data.isascii() and not here:  # other glyphs may have another width
                while (
                    last < COLUMNS
                    and line[last]._replace(data="") == one._replace(data="")
                    and line[last].data.isascii()
                    and (cursor.hidden or (cursor.y, cursor.x) != (number, last))
                ):
                    last += 1
            ink, paper = _colour(one.fg, "default"), _colour(one.bg, "background")
            if one.reverse != here:
                ink, paper = paper, ink
            x = PADDING + column * WIDTH
            if paper != PALETTE["background"]:
                wide = (last - column) * WIDTH
                blocks.append(
                    f'<rect x="{x:.1f}" width="{wide:.1f}" height="{HEIGHT}" fill="{paper}"/>'
                )
            text = "".join(line[place].data for place in range(column, last))
            if text.strip():
                lead = len(text) - len(text.lstrip())
                style = "" if ink == PALETTE["default"] else f' fill="{ink}"'
                style += ' font-weight="bold"' if one.bold else ""
                shown = escape(text.strip(), quote=False)
                texts.append(f'<text x="{x + lead * WIDTH:.1f}" y="13.5"{style}>{shown}</text>')
            column = last
        return "".join(blocks + texts)


def _colour(name: str, default: str) -> str:
    if name == "default":
        return PALETTE[default]
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    return PALETTE.get(name) or PALETTE[name.removeprefix("bright")]


def svg(frames: Sequence[Frame]) -> str:
    """The frames as a film strip that moves behind a window. Where nothing moves, the last is seen."""
    width, height = COLUMNS * WIDTH + 2 * PADDING, ROWS * HEIGHT + 2 * PADDING
    names: dict[str, str] = {}
    strip, keys, clock = [], [], 0.0
    whole = sum(frame.seconds for frame in frames)
    for place, frame in enumerate(frames):
        rows = []
        for number, row in enumerate(frame.rows):
            if row:
                name = names.setdefault(row, f"r{len(names)}")
                rows.append(f'<use href="#{name}" y="{PADDING + number * HEIGHT}"/>')
        strip.append(f'<g transform="translate({place * width:.1f})">{"".join(rows)}</g>')
        keys.append(f"{100 * clock / whole:.3f}%{{transform:translateX({-place * width:.1f}px)}}")
        clock += frame.seconds
    last = f"translateX({-(len(frames) - 1) * width:.1f}px)"
    shown = "".join(f'<g id="{name}">{row}</g>' for row, name in names.items())
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height}" width="{width:.0f}">
<style>
text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre }}
.film {{ fill: {PALETTE["default"]}; transform: {last}; animation: film {whole:.1f}s step-end infinite }}
@keyframes film {{ {"".join(keys)} }}
@media (prefers-reduced-motion: reduce) {{ .film {{ animation: none }} }}
</style>
<defs>{shown}</defs>
<rect width="100%" height="100%" rx="8" fill="{PALETTE["background"]}"/>
<svg width="{width:.1f}" height="{height}"><g class="film">
{chr(10).join(strip)}
</g></svg>
</svg>
"""


def record(home: Path, prover: str) -> Terminal:
    """A person proves a file in an empty home. `prover` is the folder of the command."""
    neovim = unpacked("neovim", NEOVIM)
    project = home / "project"
    project.mkdir()
    (project / "Basic.lean").write_text(FILE, "utf-8")
    programs = home / "bin"
    programs.mkdir()
    (programs / "nvim").write_text(
        f"#!/bin/sh\nVIMRUNTIME={shlex.quote(str(neovim / 'usr/share/nvim/runtime'))} "
        f"LD_LIBRARY_PATH={shlex.quote(libraries(neovim))} "
        f'exec {shlex.quote(str(neovim / "usr/bin/nvim"))} --cmd "let \\$LD_LIBRARY_PATH=\'\'" "$@"\n'
    )
    (programs / "nvim").chmod(0o755)
    environment = {
        "PATH": os.pathsep.join([str(programs), prover, os.environ["PATH"]]),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(Path(user_cache_dir("prover")).parent),
        "PROVER_RUNTIME": str(home / "run"),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PS1": r"\[\e[1;32m\]$\[\e[0m\] ",
    }
    terminal = Terminal(["bash", "--norc", "--noprofile"], project, environment)
    try:
        act(terminal)
    finally:
        terminal.child.close(force=True)
        subprocess.run([f"{prover}/prover", "engine", "stop"], env=environment, check=False)
    return terminal


def act(terminal: Terminal) -> None:
    terminal.wait_for(r"\$ ")
    terminal.type("prover editor install neovim\n")
    terminal.wait_for("takes it back")
    terminal.look(1.5)
    terminal.type("nvim Basic.lean\n")
    terminal.wait_for("theorem swap")
    terminal.wait_for("uses `sorry`(.|\n)*uses `sorry`")
    terminal.look(1.5)
    terminal.type("/sorry\n")
    _take(terminal, "Prove this goal")
    terminal.wait_for(r"le_double[^\n]*\n(?! *sorry)")
    terminal.look(2.0)
    terminal.type("/sorry\n")
    _take(terminal, "Fill all holes")
    terminal.wait_for(r"constructor(?!(.|\n)*\n *·? *sorry)")
    terminal.look(2.0)
    terminal.type(":wq\n")
    terminal.wait_for(r"(?m)^\$ ")
    terminal.look(0.5)
    terminal.type("prover check Basic.lean\n")
    terminal.wait_for("proved swap(.|\n)*passed")
    terminal.wait_for(r"\n\$ +(\n|\Z)")
    terminal.look(0.5)


def _take(terminal: Terminal, title: str) -> None:
    """Chooses a code action."""
    terminal.type(":lua vim.lsp.buf.code_action()\n")
    terminal.wait_for(title)
    terminal.look(1.2)
    found = re.search(rf"(\d+): {title}", "\n".join(terminal.screen.display))
    assert found is not None
    terminal.type(f"{found[1]}\n", 0.4)


def main() -> None:
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as home:
        terminal = record(Path(home), str(Path(sys.executable).parent))
    out.write_text(svg(terminal.frames()).replace(home, "~"), "utf-8")
    print(f"{out}: {out.stat().st_size / 1000:.0f} kB, {len(terminal.frames())} screens")


if __name__ == "__main__":
    main()
