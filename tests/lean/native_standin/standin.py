"""A native Lean for tests: `lake` and `lean` commands that run the embedded one."""

import os
import subprocess
import sys
from pathlib import Path

from prover.lean import embedded

PROJECT = Path(__file__).parent / "project"


def make_bin(folder: Path) -> Path:
    """Writes the executables `lake` and `lean` into a folder and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("lake", "lean"):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {name} "$@"\n')
        program.chmod(0o755)
    return folder


def main(name: str, args: list[str]) -> int:
    if name == "lake":
        if args[:2] != ["env", "lean"]:
            print(f"error: unknown command '{' '.join(args)}'", file=sys.stderr)
            return 1
        args = args[2:]
    here = Path.cwd()
    folders = {here, *(Path(arg).parent for arg in args if Path(arg).is_absolute())}
    mounts = {str(folder): folder for folder in sorted(folders, key=lambda path: path != here)}
    command = embedded.ensure().command(args, mounts)
    if args == ["--version"]:  # this build ends it with exit code 24
        subprocess.run(command, check=False)
        return 0
    return os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
