"""Files that try to leave traces while they are elaborated: on the machine, or in the verdicts that
come after them. Each says at its top what it tries."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
import pytest

from prover.api import Prover, Settings, StatementError
from prover.lean.limits import Limits
from prover.verify.verdict import Outcome, Verdict

FILES = sorted((Path(__file__).parent / "isolation").glob("*.lean"))
LIMITS = Limits(elab_seconds=4.0)

SECRET = "a-secret-of-this-user"

AFTERWARDS = {
    "theorem t : 1 + 1 = 2 := rfl": Outcome.PROVED,
    "theorem t : 1 = 2 := rfl": Outcome.REJECTED,
    "theorem t : 1 = 2 := nonsense": Outcome.REJECTED,
    "theorem t : 1 = 2 := bled.elim": Outcome.REJECTED,
    "import Lean\ntheorem t (a b : Nat) : a + b = b + a := by omega": Outcome.PROVED,
}
"""What is asked after each file, and what the answers are if it left nothing behind."""


@dataclass(frozen=True)
class Trace:
    """What a file said, and what was there after it."""

    said: str
    afterwards: dict[str, Verdict]
    processes: int
    changed: set[Path]


class Probe:
    """A prover on which the files are run, each once."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._prover = Prover(Settings(lean="embedded", jobs=1, limits=LIMITS))
        self._traces: dict[str, Trace] = {}
        self._watched: set[tuple[Path, tuple[int, int]]] = set()

    def __enter__(self) -> Self:
        self._runner.run(self._prover.__aenter__())
        self._runner.run(self._prover.check_text("theorem t : 1 = 1 := rfl"))
        self._calm = _processes()
        self._watched = _watched(self._prover)
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._prover.__aexit__(None, None, None))
        self._runner.close()

    def __getitem__(self, name: str) -> Trace:
        if name not in self._traces:
            self._traces[name] = self._runner.run(self._trace(name))
        return self._traces[name]

    async def _trace(self, name: str) -> Trace:
        file = Path(__file__).parent / "isolation" / f"{name}.lean"
        try:
            verdicts = await self._prover.check_text(file.read_text(encoding="utf-8"))
            said = "\n".join(verdict.reason for verdict in verdicts)
        except StatementError as error:
            said = str(error)
        afterwards = {text: (await self._prover.check_text(text))[-1] for text in AFTERWARDS}
        for _ in range(100):  # other provers of this process may be starting Lean
            if _processes() <= self._calm:
                break
            await asyncio.sleep(0.1)
        before, self._watched = self._watched, _watched(self._prover)
        changed = {path for path, _ in self._watched ^ before}
        return Trace(said, afterwards, _processes() - self._calm, changed)


@pytest.fixture(scope="module")
def traces() -> Iterator[Probe]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVER_TEST_SECRET", SECRET)
        with Probe() as probe:
            yield probe


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


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_nothing_is_left_behind(name: str, traces: Probe) -> None:
    trace = traces[name]
    assert trace.changed == set()
    assert {text: v.outcome for text, v in trace.afterwards.items()} == AFTERWARDS
    assert all("BLED" not in v.reason for v in trace.afterwards.values())
    assert trace.processes <= 0


@pytest.mark.parametrize("name", [file.stem for file in FILES if file.stem.startswith("read_")])
def test_nothing_of_the_user_is_read(name: str, traces: Probe) -> None:
    said = traces[name].said
    assert "root:" not in said
    assert SECRET not in said
    assert str(Path.home()) not in said
    assert os.environ["PATH"] not in said


@pytest.mark.parametrize("name", ["process_output", "spawn_process"])
def test_no_process_is_started(name: str, traces: Probe) -> None:
    assert "FAILED" in traces[name].said


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("endless_loop", "no answer within 4 s"),
        ("endless_memory", "memory"),
        ("exit", "died"),
    ],
)
def test_limits_hold(name: str, ends: str, traces: Probe) -> None:
    assert ends in traces[name].said


def test_a_forged_answer_is_no_answer(traces: Probe) -> None:
    for name in ("print_forged_reply", "device_stdout", "descriptor_stdout", "set_stdout"):
        assert "proved" not in traces[name].said


def test_one_request_does_not_see_the_declarations_of_another() -> None:
    async def run() -> list[Verdict]:
        async with Prover(Settings(lean="embedded", jobs=1, limits=LIMITS)) as prover:
            await prover.check_text("axiom cheat : False\ntheorem a : 1 = 2 := cheat.elim")
            return await prover.check_text("theorem b : 1 = 2 := cheat.elim")

    (verdict,) = asyncio.run(run())
    assert verdict.outcome is Outcome.REJECTED
    assert "Unknown identifier" in verdict.reason
