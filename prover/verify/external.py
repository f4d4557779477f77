"""Checkers that others wrote, for a finished file and a native Lean.

Sources of how they are called and how they answer:

- leanchecker (in the toolchain since Lean 4.28): `leanprover/lean4`, `src/LeanChecker.lean`;
- lean4checker (its predecessor): `leanprover/lean4checker`, `README.md` and `Main.lean`;
- `lake comparator` with `leanexport` (since 4.35.0-rc2): `leanprover/lean4`,
  `src/lake/Lake/CLI/Check.lean`, `src/lake/Lake/Check/`, pull requests 15145 and 15157. Not
  verified: that it takes two exports of modules of one name, and from any folder;
- SafeVerify: `GasStationManager/SafeVerify`, `README.md` and `Main.lean`.

The stand-alone `leanprover/comparator` is not run: it builds both files in a Lake project of their
own, which a user's project is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from prover.lean.axioms import ALLOWED
from prover.lean.process import GymDied, end, exited, kill_family, spawn
from prover.lean.toolchain import Launch, Lean, Native
from prover.verify.verdict import Layer

MODULE = "ProverFinished"
"""The name of the file as a module, trusted and finished alike: private names contain it."""

MAX_OUTPUT = 2**20
"""How many bytes of what a checker prints are read; one that prints more is killed."""

MAX_EXPORT = 2 * 2**30
"""The longest export, in bytes: that of a theorem over Mathlib has some hundred million."""

PRIMITIVES = (
    *("Nat.add", "Nat.sub", "Nat.mul", "Nat.pow", "Nat.gcd", "Nat.div", "Nat.mod", "Nat.beq"),
    *("Nat.ble", "Nat.land", "Nat.lor", "Nat.xor", "Nat.shiftLeft", "Nat.shiftRight"),
    *("String.ofList", "Char.ofNat", "List", "eagerReduce", "Nat", "String", "String.mk", "Char"),
    *("optParam", "autoParam", "semiOutParam", "outParam"),
    *("Quot", "Quot.mk", "Quot.lift", "Quot.ind"),
)
"""What `lake comparator` compares besides the theorem (`primitiveTargets` and `builtinTargets` in
`Check.lean` as of Lean 4.35)."""

REFUSALS = re.compile(
    r"do(es)? not match|don't match|Illegal axiom detected|is not a theorem|not found in solution"
    r"|kernel rejected the solution"
)
"""How `lake comparator` says that it judged against a file, beside its exit code 1."""


@dataclass(frozen=True, slots=True)
class Checker:
    """A checker: where it is and what it checks. `missing` says what to do where it is not there;
    it is empty where it is."""

    name: str
    checks: str
    path: Path | None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the checkers said: a layer for each that judged, a sentence for each that did not."""

    layers: tuple[Layer, ...]
    could_not_run: tuple[str, ...]


def checkers(lean: Lean) -> tuple[Checker, ...]:
    """The external checkers for a native Lean, found or not. `leanchecker` replaces
    `lean4checker`."""
    native = _native(lean)
    programs = native.toolchain / "bin"
    replay = "replays the declarations of a file in the kernel"
    compare = "compares statements, collects axioms, replays"
    leanchecker = _program(programs / "leanchecker")
    missing = "" if leanchecker else "it comes with Lean 4.28 and later"
    found = [Checker("leanchecker", replay, leanchecker, missing)]
    if leanchecker is None:
        path = _elsewhere("lean4checker", native)
        missing = "" if path else "build leanprover/lean4checker for this Lean, put it on PATH"
        found.append(Checker("lean4checker", replay, path, missing))
    exporter = _program(programs / "leanexport")
    missing = "" if exporter else "`lake comparator` comes with Lean 4.35 and later"
    if exporter and (tool := next((t for t in ("bwrap", "git") if not shutil.which(t)), "")):
        missing = f"it needs `{tool}` on PATH" + (" (bubblewrap)" if tool == "bwrap" else "")
    comparator = None if missing else _program(programs / "lake")
    found.append(Checker("comparator", f"{compare} with several kernels", comparator, missing))
    path = _elsewhere("safe_verify", native)
    missing = "" if path else "build GasStationManager/SafeVerify for this Lean, put it on PATH"
    found.append(Checker("safe_verify", compare, path, missing))
    return tuple(found)


async def check(
    lean: Lean, text: str, trusted: str | None, name: str, seconds: float = 900.0
) -> Report:
    """Compiles a finished file anew and has every checker that is there judge it.

    `trusted` is the file that states the theorem `name` with `sorry` for its proof. Without it the
    checkers that compare statements do not run. `seconds` is for each program that is started. A
    checker that is stopped, or dies, has not judged.
    """
    native = _native(lean)
    with tempfile.TemporaryDirectory(prefix="prover-", ignore_cleanup_errors=True) as folder:
        work = _Work(native, Path(folder), seconds)
        try:
            target = None if trusted is None else await work.compile("trusted", trusted)
            submission = await work.compile("finished", text)
        except _CouldNotRun as error:
            return Report((), (f"external checkers: {error}",))
        layers: list[Layer] = []
        idle: list[str] = []
        for checker in checkers(lean):
            try:
                if checker.path is None:
                    raise _CouldNotRun(checker.missing)
                if checker.name in ("leanchecker", "lean4checker"):
                    layers.append(await _replay(work, checker, submission))
                elif target is None:
                    raise _CouldNotRun("there is no trusted statement to compare with")
                elif checker.name == "safe_verify":
                    layers.append(await _safe_verify(work, checker, target, submission))
                else:
                    layers.append(await _compare(work, checker, target, submission, name))
            except _CouldNotRun as error:
                idle.append(f"{checker.name}: {error}")
    return Report(tuple(layers), tuple(idle))


async def _replay(work: _Work, checker: Checker, submission: Path) -> Layer:
    assert checker.path is not None
    done = await work.run([str(checker.path), MODULE], [submission.parent], checker.path)
    if done.code == 0:
        return Layer(checker.name, True, "the kernel accepts every declaration")
    if f"found a problem in {MODULE}" not in done.output:
        raise _CouldNotRun(done.account())
    return Layer(checker.name, False, done.last_lines())


async def _safe_verify(work: _Work, checker: Checker, target: Path, submission: Path) -> Layer:
    assert checker.path is not None
    argv = [str(checker.path), str(target), str(submission)]
    done = await work.run(argv, [target.parent, submission.parent], checker.path)
    # Versions before "check passed" end with code 0 after a failure.
    passed = "SafeVerify check passed." in done.output
    if done.code == 0 and passed:
        return Layer(checker.name, True, "same statements, standard axioms, replayed")
    if passed or not re.search("SafeVerify check failed|Found a problem in", done.output):
        raise _CouldNotRun(done.account())
    return Layer(checker.name, False, done.last_lines())


async def _compare(
    work: _Work, checker: Checker, target: Path, submission: Path, name: str
) -> Layer:
    """Exports both files, in the sandbox, and has `lake comparator` compare the exports, which
    runs nothing of theirs. It brings its own sandbox, so ours would be in its way."""
    probe = await work.run(["bwrap", "--ro-bind", "/", "/", "true"])
    if probe.code != 0:
        raise _CouldNotRun(f"bubblewrap does not work here: {probe.account()}")
    exporter = str(work.native.toolchain / "bin" / "leanexport")
    wanted = list(dict.fromkeys([name, *sorted(ALLOWED), *PRIMITIVES]))
    exports = []
    for olean in (target, submission):
        export = work.folder / f"{olean.parent.name}.ndjson"
        argv = [exporter, MODULE, "--", *wanted]
        done = await work.run(argv, [olean.parent], Path(exporter), into=export)
        if done.code != 0:
            raise _CouldNotRun(f"leanexport: {done.account()}")
        exports.append(export)
    config = work.folder / "comparator.json"
    settings = {
        "challenge_module": MODULE,
        "solution_module": MODULE,
        "theorem_names": [name],
        "permitted_axioms": sorted(ALLOWED),
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    argv = [str(checker.path), "comparator", f"--config={config}", "--paranoid"]
    argv += [f"--challenge-from-export={exports[0]}", f"--solution-from-export={exports[1]}"]
    done = await work.run(argv)
    if done.code == 0 and "Your solution is okay!" in done.output:
        kernels = re.findall("^(.+) kernel accepts the solution$", done.output, re.MULTILINE)
        return Layer(checker.name, True, f"kernels: {', '.join(kernels)}")
    if done.code != 1 or not REFUSALS.search(done.output):
        raise _CouldNotRun(done.account())
    return Layer(checker.name, False, done.last_lines())


class _CouldNotRun(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Done:
    code: int
    output: str

    def account(self) -> str:
        how = f"killed by signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        return f"{how}: {self.last_lines()}" if self.output.strip() else how

    def last_lines(self) -> str:
        return "\n".join(self.output.strip().splitlines()[-5:])[-1000:]


@dataclass(frozen=True, slots=True)
class _Work:
    """A temporary folder in which a native Lean and its checkers run."""

    native: Native
    folder: Path
    seconds: float

    async def compile(self, kind: str, text: str) -> Path:
        """The compiled text, in a folder of its own: what runs while it is compiled can write
        there and nowhere else."""
        folder = self.folder / kind
        folder.mkdir()
        source, olean = folder / f"{MODULE}.lean", folder / f"{MODULE}.olean"
        source.write_text(text, encoding="utf-8")
        lean = self.native.toolchain / "bin" / "lean"
        argv = [str(lean), f"--root={folder}", "-o", str(olean), str(source)]
        done = await self.run(argv, [folder], lean, scratch=folder)
        if done.code != 0 or not olean.is_file():
            raise _CouldNotRun(f"the {kind} text does not compile: {done.account()}")
        return olean

    async def run(
        self,
        argv: list[str],
        modules: list[Path] | None = None,
        program: Path | None = None,
        *,
        scratch: Path | None = None,
        into: Path | None = None,
    ) -> _Done:
        """Runs a program to its end, in the sandbox if there are `modules` for it to import.

        Standard output goes `into` a file if there is one. Whatever happens, nothing that the
        program started outlives this call.
        """
        environment = self.native.environment
        launch = Launch(argv, environment, self.folder)
        if modules is not None and program is not None:
            path = [*map(str, modules), *environment.get("LEAN_PATH", "").split(os.pathsep)]
            root = self.native.root or self.folder
            launch = self.native.launch(argv, root, read=tuple(modules))
            variables = {**environment, "LEAN_PATH": os.pathsep.join(filter(None, path))}
            launch = replace(launch, environment=variables)
            if launch.sandbox is not None:
                box = replace(launch.sandbox, execute=(*launch.sandbox.execute, program))
                launch = replace(launch, sandbox=box)
        own = scratch or self.folder / "scratch"
        own.mkdir(exist_ok=True)
        try:
            process = await spawn(launch, own)
        except GymDied as died:
            raise _CouldNotRun(str(died)) from None
        try:
            async with asyncio.timeout(self.seconds):
                return await _listen(process, into)
        except TimeoutError:
            raise _CouldNotRun(f"no verdict within {self.seconds:g} s") from None
        finally:
            await end(process)


async def _listen(process: asyncio.subprocess.Process, into: Path | None) -> _Done:
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.close()
    said = bytearray()

    def keep(data: bytes) -> None:
        said.extend(data)
        if len(said) > MAX_OUTPUT:
            raise _CouldNotRun(f"it printed over {MAX_OUTPUT >> 20} MB")

    with contextlib.ExitStack() as stack:
        file = stack.enter_context(into.open("wb")) if into is not None else None

        def export(data: bytes) -> None:
            assert file is not None
            file.write(data)
            if file.tell() > MAX_EXPORT:
                raise _CouldNotRun(f"it exported over {MAX_EXPORT >> 30} GB")

        async def drain(stream: asyncio.StreamReader, take: Callable[[bytes], object]) -> None:
            while data := await stream.read(2**16):
                take(data)

        async def code() -> int:
            ended = await exited(process)
            kill_family(process.pid)  # what was left behind holds the pipes open
            return ended

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(drain(process.stdout, keep if file is None else export))
                group.create_task(drain(process.stderr, keep))
                ended = group.create_task(code())
        except* _CouldNotRun as stopped:
            raise stopped.exceptions[0] from None
    return _Done(ended.result(), said.decode(errors="replace"))


def _native(lean: Lean) -> Native:
    if lean.native is None:
        raise ValueError("external checkers need a native Lean")
    return lean.native


def _program(path: Path) -> Path | None:
    return path if os.access(path, os.X_OK) and path.is_file() else None


def _elsewhere(name: str, native: Native) -> Path | None:
    """A program on PATH, or built in the project or one of its packages."""
    found = shutil.which(name)
    if found is not None:
        return Path(found).resolve()
    if native.root is None:
        return None
    built = [native.root, *sorted((native.root / ".lake" / "packages").glob("*"))]
    paths = (folder / ".lake" / "build" / "bin" / name for folder in built)
    return next((path for path in paths if _program(path)), None)
