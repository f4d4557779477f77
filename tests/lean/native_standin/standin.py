"""A native Lean for tests: a toolchain whose `lake` and `lean` run the embedded one."""

import os
import resource
import sys
import sysconfig
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


def python() -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """What Python itself has to read and to execute."""
    paths = {*sysconfig.get_paths().values(), *sys.path, sysconfig.get_config_var("LIBDIR")}
    read = {Path(path) for path in paths if path} | {Path(sys.prefix)}
    return tuple(sorted(read - {Path(sys.base_prefix)})), (Path(sys.executable).resolve(),)


class Standin(Lean):
    """A Lean whose sandbox also has what only the stand-in needs: Python, Node, the cache.

    It starts the compiled gym instead of `--run`, which takes ten times as long in WebAssembly.
    """

    def start_command(self, program: str) -> Launch:
        launch = super().start_command(program)
        if launch.sandbox is None:
            return launch
        read, execute = python()
        extra = (REPOSITORY, embedded.cache_folder(), Path("/etc/ssl/openssl.cnf"))
        sandbox = replace(
            launch.sandbox,
            read=(*launch.sandbox.read, *read, *extra),
            execute=(*launch.sandbox.execute, *execute, embedded.node_folder()),
        )
        return replace(launch, argv=[launch.argv[0], f"--{program}"], sandbox=sandbox)


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
    if args == ["--version"]:  # as the embedded one says, but at once
        print(f"Lean (version {embedded.VERSION}, wasm32, commit {embedded.COMMIT}, Release)")
        return 0
    lean = embedded.ensure()
    if args in (["--Gym"], ["--Judge"]):
        program = lean.start_command(args[0].removeprefix("--"))
    else:
        here = Path.cwd()
        folders = {here, *(Path(arg).parent for arg in args if Path(arg).is_absolute())}
        mounts = {str(folder): folder for folder in sorted(folders, key=lambda path: path != here)}
        program = lean.command(args, mounts)
    shell, _, _, stack, *command = program
    assert shell == "/bin/sh"  # it only raises the limit of the stack
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (int(stack) * 1024, hard))
    return os.execv(command[0], command)
