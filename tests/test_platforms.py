"""Nothing that only Unix has is needed to import the package. The platform is put on, not real: its
modules and names are hidden once all that belongs to others is loaded."""

import subprocess
import sys

HIDE = """
import ctypes, importlib, os, pkgutil, signal, sys

UNIX_MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty")
UNIX_NAMES = {
    os: ("fork", "geteuid", "getuid", "killpg", "O_CLOEXEC", "O_PATH", "sched_getaffinity",
         "setsid", "WNOHANG"),
    signal: ("SIGALRM", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGUSR1", "setitimer"),
}

def names():
    for root in ("prover", "search"):
        yield root
        for found in pkgutil.walk_packages(importlib.import_module(root).__path__, root + "."):
            if not found.name.endswith("__main__"):
                yield found.name

def load(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # an extra that is not installed
        if str(error.name).partition(".")[0] in ("prover", "search", *UNIX_MODULES):
            raise

def no_library(name, *args, **options):
    raise TypeError("bad argument type for built-in operation")  # what CDLL(None) raises there

def put_on(platform, modules):
    for name in modules:
        load(name)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("prover", "search")]:
        del sys.modules[name]
    sys.modules.update(dict.fromkeys(UNIX_MODULES))
    for module, unix in UNIX_NAMES.items():
        for name in unix:
            if hasattr(module, name):
                delattr(module, name)
    ctypes.CDLL = no_library
    sys.platform = platform
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", HIDE + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_loads_without_what_only_unix_has() -> None:
    out = run("""
failed, modules = [], list(names())
put_on("win32", modules)
for name in modules:
    try:
        load(name)
    except Exception as error:
        failed.append(f"{name}: {type(error).__name__}: {error}")
print("\\n".join(failed))
""")
    assert out.strip() == ""


def test_lean_starts_without_a_shell_on_windows() -> None:
    out = run("""
put_on("win32", ["prover.lean.embedded"])
from pathlib import Path
from prover.lean.embedded import EmbeddedLean
command = EmbeddedLean(Path("lean"), Path("gym"), Path("judge")).start_command("Gym")
print(Path(command[0]).name, *(word for word in command if word.startswith("--stack-size")))
""")
    assert out.split() == ["node.exe", f"--stack-size={(8 - 2) * 1024}"]


def test_doctor_says_what_another_system_lacks() -> None:
    for platform, sentences in {
        "win32": ("stack of 8 MB instead of 128 MB", "outlives a prover that was killed"),
        "darwin": ("outlives a prover that was killed",),
    }.items():
        out = run(f"""
put_on({platform!r}, ["prover.doctor"])
if {platform!r} == "darwin":
    del sys.modules["resource"]
import platform
platform.system = lambda: "Elsewhere"
from prover.lean.sandbox import unavailable
from prover.doctor import diagnose
from pathlib import Path
for finding in diagnose(Path.cwd(), "embedded"):
    print(finding.text)
print(unavailable())
""")
        for sentence in (*sentences, "Elsewhere has no Landlock"):
            assert sentence in out
