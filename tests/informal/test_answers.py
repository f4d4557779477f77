"""Answers by reasoning and by programs, and the programs that must not run on."""

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from prover.informal import python
from prover.informal.answers import Comparer, Sample, claim, final_answer, sample_answers
from prover.informal.prompts import ASK
from prover.informal.python import PythonUnavailable, run_python
from prover.informal.writer import Writer
from prover.lean import sandbox
from tests.informal.scripted import ScriptedModel

linux = pytest.mark.skipif(bool(python.unavailable()), reason="no sandbox for programs here")


def ask(model: ScriptedModel, problems: list[str], way: str) -> list[Sample]:
    async def run() -> list[Sample]:
        writer = await Writer.load(model.url)
        try:
            return await sample_answers(writer, problems, way, greedy=False)
        finally:
            await writer.aclose()

    return asyncio.run(run())


def test_an_answer_by_reasoning(model: ScriptedModel) -> None:
    model.when("How many", say="There are 3 and 4 more, so \\boxed{7}.")
    model.when("一共", say="所以一共有 \\boxed{7} 个。")
    one, other = ask(model, ["How many apples?", "一共有几个苹果？"], "reason")
    assert (one.answer, other.answer) == ("7", "7")
    (english,) = [asked for asked in model.asked if "How many" in asked]
    (chinese,) = [asked for asked in model.asked if "一共" in asked]
    assert ASK["reason", "en"] in english and ASK["reason", "zh"] in chinese


@linux
def test_an_answer_by_a_program(model: ScriptedModel) -> None:
    code = (
        "from sympy import symbols, solve\nx = symbols('x')\nprint(max(solve(x**2 - 5*x + 6, x)))"
    )
    model.when("largest root", say=f"A program:\n```python\n{code}\n```")
    model.when("no program", say="I would rather not.")
    one, other = ask(model, ["The largest root?", "no program"], "program")
    assert one.answer == "3"
    assert (other.answer, other.failed) == (None, "there is no program")


STOPPED = {
    "loops": ("while True: pass", "it ran longer than 1 s"),
    "sleeps": ("import time\ntime.sleep(60)", "it ran longer than 1 s"),
    "forks": ("import os\nwhile True: os.fork()", "other processes: PermissionError"),
    "starts a program": ("import subprocess\nsubprocess.run(['ls'])", "other processes"),
    "starts a thread": ("import threading\nthreading.Thread(target=print).start()", "threads"),
    "becomes another": ("import os\nos.execv('/bin/ls', ['ls'])", "other processes"),
    "signals": ("import os\nos.kill(1, 9)", "other processes"),
    "reads a file": ("print(open('/etc/passwd').read())", "no files"),
    "reads a secret": ("print(open('SECRET').read())", "no files"),
    "lists a folder": ("import os\nprint(os.listdir('/'))", "no files"),
    "fills the disk": ("open('FOLDER/x', 'w').write('a' * 10**9)", "no files"),
    "fills /dev/shm": ("open('/dev/shm/x', 'w').write('a' * 10**9)", "no files"),
    "fills a file of memory": (
        "import os\nfile = os.memfd_create('x')\nwhile True: os.write(file, b'a' * 2**20)",
        "File too large",
    ),
    "opens a socket": ("import socket\nsocket.socket()", "no files, network"),
    "asks a server": (
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9')",
        "no files, network",
    ),
    "takes memory": ("x = [0] * 10**9", "it took more than 256 MB"),
    "prints on": ("while True: print('a' * 1000)", "it printed more than 64 kB"),
    "prints nothing": ("x = 1", "it printed nothing"),
    "fails": ("print(1)\n1 / 0", "it failed: ZeroDivisionError: division by zero"),
    "is no Python": ("print(", "it failed: SyntaxError"),
}


@linux
@pytest.mark.parametrize("what", STOPPED)
def test_a_program_is_stopped_when_it(what: str, tmp_path: Path) -> None:
    program, why = STOPPED[what]
    secret = tmp_path / "secret"
    secret.write_text("nobody reads this")
    program = program.replace("SECRET", str(secret)).replace("FOLDER", str(tmp_path))
    begin = time.monotonic()
    ran = asyncio.run(run_python(program, seconds=1.0, memory_mb=256))
    assert why in ran.stopped and "nobody reads this" not in ran.output
    assert time.monotonic() - begin < 20.0
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@linux
def test_a_program_knows_nothing_of_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    ran = asyncio.run(
        run_python("import os, sys\nprint(dict(os.environ), os.getcwd(), sys.argv[0])")
    )
    assert ran.output == "{'LC_ALL': 'C.UTF-8'} / -c"


@linux
def test_a_program_runs_from_a_process_with_many_open_files() -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(open(os.devnull))
        assert asyncio.run(run_python("print(1 + 1)")).output == "2"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("abi", lambda: 2, "Landlock is version 2"),
        ("unavailable", lambda: "it has no Landlock", "it has no Landlock"),
        ("LONE_CALLS", {}, "system calls"),
    ],
)
def test_where_limits_cannot_be_had_nothing_runs(
    name: str, value: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "linux":
        monkeypatch.setattr(sandbox, name, value)
    with pytest.raises(PythonUnavailable, match=why if sys.platform == "linux" else "Linux"):
        asyncio.run(run_python("print(1)"))


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("so \\boxed{1} or rather \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("Natalia sold 48/2 = 24 clips.\n#### 72", "72"),
        ("So the answer is 12.", "12"),
        ("因此，答案是12。", "12"),
        ("I do not know.", None),
        ("\\boxed{unfinished", None),
    ],
)
def test_the_answer_of_a_text(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


def test_answers_are_compared_as_mathematics() -> None:
    async def run() -> list[bool]:
        comparer = Comparer()
        pairs = [
            ("\\frac{1}{2}", "0.5"),
            ("1,234", "$1234$"),
            ("x+1", "1+x"),
            ("2\\sqrt{3}", "2*sqrt(3)"),
            ("\\{1,2\\}", "\\{2,1\\}"),
            ("3", "4"),
            ("\\frac{1}{3}", "0.33"),
            ("9^{9^{9^9}}", "1"),  # computing it would never end
            ("2\\pi", "\\pi + \\pi"),  # nor does it stop what comes after
        ]
        try:
            return [await comparer.same(*pair) for pair in pairs]
        finally:
            await comparer.aclose()

    assert asyncio.run(run()) == [True] * 5 + [False] * 3 + [True]


def test_most_samples_decide() -> None:
    async def run() -> tuple[str | None, int, str | None]:
        comparer = Comparer()
        texts = ["4", "1/2", None, "0.5", "7", "\\frac{1}{2}"]
        try:
            most = await comparer.majority([Sample(text, "") for text in texts])
            none = await comparer.majority([Sample(None, "")])
        finally:
            await comparer.aclose()
        return most.answer, most.votes, none.answer

    assert asyncio.run(run()) == ("1/2", 3, None)


def test_an_answer_becomes_a_claim() -> None:
    assert claim("Find 1 + 1.\n", "2") == "Find 1 + 1.\n\nShow that the answer is 2."
