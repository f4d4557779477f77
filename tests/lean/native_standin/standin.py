"""A native Lean for tests: a toolchain whose `lake` and `lean` run the embedded one."""

import os
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from prover.lean import embedded
from prover.lean.toolchain import Launch, Lean

PROJECT = Path(__file__).parent / "project"
REPOSITORY = Path(__file__).parents[3]


def make_bin(folder: Path) -> Path:
    """Writes the executables `lake` and `lean` into a folder, which its parent is the toolchain
    of, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("lake", "lean"):
        program = folder / name
        program.write_text(
            f"#!{sys.executable}\n"
            "import os, sys\n"
            f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
            f"os.environ['PROVER_CACHE'] = {str(embedded.cache_folder())!r}\n"
            "from tests.lean.native_standin.standin import main\n"
            f"sys.exit(main({name!r}, {str(folder.parent)!r}, sys.argv[1:]))\n"
        )
        program.chmod(0o755)
    return folder


class Standin(Lean):
    """A Lean whose sandbox also has what only the stand-in needs: Python, Node, the cache."""

    def gym_command(self) -> Launch:
        launch = super().gym_command()
        if launch.sandbox is None:
            return launch
        python = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve()}
        node = embedded.node_folder()
        extra = (REPOSITORY, embedded.cache_folder(), *map(Path, sys.path))
        sandbox = replace(
            launch.sandbox,
            read=(*launch.sandbox.read, *extra),
            execute=(*launch.sandbox.execute, *python, node),
        )
        return replace(launch, sandbox=sandbox)


def main(name: str, toolchain: str, args: list[str]) -> int:
    if name == "lake":
        if args == ["env"]:
            print(f"LEAN_SYSROOT={toolchain}\nLEAN_PATH={Path.cwd()}/.lake/build/lib/lean")
            return 0
        if args[:2] != ["env", "lean"]:
            print(f"error: unknown command '{' '.join(args)}'", file=sys.stderr)
            return 1
        args = args[2:]
    if args == ["--print-prefix"]:
        print(toolchain)
        return 0
    here = Path.cwd()
    folders = {here, *(Path(arg).parent for arg in args if Path(arg).is_absolute())}
    mounts = {str(folder): folder for folder in sorted(folders, key=lambda path: path != here)}
    shell, _, _, stack, *command = embedded.ensure().command(args, mounts)
    assert shell == "/bin/sh"  # it only raises the limit of the stack
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (int(stack) * 1024, hard))
    if args == ["--version"]:  # this build ends it with exit code 24
        subprocess.run(command, check=False)
        return 0
    return os.execv(command[0], command)
