"""Files that try to leave traces while they are elaborated: on the machine, or in the verdicts that
come after them. Each says at its top what it tries."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from prover.api import Prover, Settings, StatementError
from prover.lean.process import Limits
from prover.verify.verdict import Outcome, Verdict

FILES = sorted((Path(__file__).parent / "isolation").glob("*.lean"))
LIMITS = Limits(elab_seconds=20.0)

SECRET = "a-secret-of-this-user"

AFTERWARDS = {
    "theorem t : 1 + 1 = 2 := rfl": Outcome.PROVED,
    "theorem t : 1 = 2 := rfl": Outcome.REJECTED,
    "theorem t : 1 = 2 := nonsense": Outcome.REJECTED,
    "theorem t : 1 = 2 := bled.elim": Outcome.REJECTED,
    "import Lean.Data.Json\ntheorem t (a b : Nat) : a + b = b + a := by omega": Outcome.PROVED,
}
"""What is asked after each file, and what the answers are if it left nothing behind."""


@dataclass(frozen=True)
class Trace:
    """What a file said, and what was there after it."""

    said: str
    afterwards: dict[str, Verdict]
    processes: int
    changed: set[Path]


@pytest.fixture(scope="module")
def traces() -> Iterator[dict[str, Trace]]:
    """All files run one after another on one prover."""
    os.environ["PROVER_TEST_SECRET"] = SECRET
    try:
        yield asyncio.run(_run_all())
    finally:
        del os.environ["PROVER_TEST_SECRET"]


async def _run_all() -> dict[str, Trace]:
    settings = Settings(lean="embedded", jobs=1, limits=LIMITS)
    found = {}
    async with Prover(settings) as prover:
        await prover.check_text("theorem t : 1 = 1 := rfl")
        before = _watched(prover)
        calm = _processes()
        for file in FILES:
            try:
                verdicts = await prover.check_text(file.read_text(encoding="utf-8"))
                said = "\n".join(verdict.reason for verdict in verdicts)
            except StatementError as error:
                said = str(error)
            more = _processes() - calm
            afterwards = {text: (await prover.check_text(text))[-1] for text in AFTERWARDS}
            changed = {path for path, _ in _watched(prover) ^ before}
            found[file.stem] = Trace(said, afterwards, more, changed)
    return found


def _processes() -> int:
    return len(psutil.Process().children(recursive=True))


def _watched(prover: Prover) -> set[tuple[Path, tuple[int, int]]]:
    """The files a proof might reach, with their sizes and times: the library, the gym's code, and
    what the probes try to write."""
    lean = prover.lean.embedded
    assert lean is not None
    names = [name for folder in (".", "..", "/tmp", "/var/tmp", "/") for name in [Path(folder)]]
    canaries = [folder / "prover-isolation-canary" for folder in names]
    files = [*lean.folder.rglob("*"), *lean.gym.rglob("*"), *canaries]
    return {(f, (f.stat().st_size, f.stat().st_mtime_ns)) for f in files if f.is_file()}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_nothing_is_left_behind(name: str, traces: dict[str, Trace]) -> None:
    trace = traces[name]
    assert trace.changed == set()
    assert {text: v.outcome for text, v in trace.afterwards.items()} == AFTERWARDS
    assert all("BLED" not in v.reason for v in trace.afterwards.values())
    assert trace.processes <= 0


@pytest.mark.parametrize("name", [file.stem for file in FILES if file.stem.startswith("read_")])
def test_nothing_of_the_user_is_read(name: str, traces: dict[str, Trace]) -> None:
    said = traces[name].said
    assert "root:" not in said
    assert SECRET not in said
    assert str(Path.home()) not in said
    assert os.environ["PATH"] not in said


@pytest.mark.parametrize("name", ["process_output", "spawn_process"])
def test_no_process_is_started(name: str, traces: dict[str, Trace]) -> None:
    assert "FAILED" in traces[name].said


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("endless_loop", "no answer within 20 s"),
        ("endless_memory", "memory"),
        ("exit", "died"),
    ],
)
def test_limits_hold(name: str, ends: str, traces: dict[str, Trace]) -> None:
    assert ends in traces[name].said


def test_a_forged_answer_is_no_answer(traces: dict[str, Trace]) -> None:
    for name in ("print_forged_reply", "device_stdout", "descriptor_stdout", "set_stdout"):
        assert "proved" not in traces[name].said


def test_one_request_does_not_see_the_declarations_of_another() -> None:
    async def run() -> list[Verdict]:
        async with Prover(replace(Settings(lean="embedded", jobs=1), limits=LIMITS)) as prover:
            await prover.check_text("axiom cheat : False\ntheorem a : 1 = 2 := cheat.elim")
            return await prover.check_text("theorem b : 1 = 2 := cheat.elim")

    (verdict,) = asyncio.run(run())
    assert verdict.outcome is Outcome.REJECTED
    assert "Unknown identifier" in verdict.reason
