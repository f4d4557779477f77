"""The exit code of a command for each kind of verdict, with a Lean that stays."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import pytest
import typer

import prover.cli
from prover.api import Options, Prover, Settings
from prover.evaluate import canaries
from tests.command import command
from tests.lab import Lab

pytestmark = pytest.mark.usefixtures("resident")


@pytest.fixture
def resident(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work with the session's Lean instead of one of their own."""

    def run(
        settings: Settings,
        start: Path,
        work: Callable[[Prover], Awaitable[int]],
        options: Options,
    ) -> NoReturn:
        async def whole() -> int:
            return await work(lab.beside(options))

        raise typer.Exit(lab.wait(whole()))

    monkeypatch.setattr(prover.cli, "run", run)


@pytest.mark.parametrize(
    ("statement", "code", "says"),
    [
        ("theorem t (n : Nat) : n + 0 = n", 0, "proved t"),
        ("theorem t : False", 1, "disproved t: it is false: its negation is proved"),
        ("theorem t (n : Nat) : n = m", 2, "Unknown identifier `m`"),
        ("theorem t : 1 = )", 2, "1:15: error: unexpected token"),
        ("import Nothing\ntheorem t : True := sorry", 2, "an import is missing"),
        ("import Init", 2, "nothing is left to prove"),
    ],
)
def test_of_prove(statement: str, code: int, says: str) -> None:
    done = command("prove", "-", stdin=statement)
    assert done.code == code, done
    assert says in (done.err if code == 2 else done.out), done


def test_of_a_file_of_which_a_part_is_proved(folder: Path) -> None:
    (folder / "a.lean").write_text("theorem a : 2 = 2 := sorry\ntheorem b : False := sorry\n")
    done = command("prove", "a.lean")
    assert done.code == 1, done
    assert "proved a" in done.out and "disproved b" in done.out
    for name, code in (("a", 0), ("b", 1)):
        done = command("prove", f"a.lean:{name}")
        assert done.code == code, done
    done = command("prove", "a.lean:c")
    assert done.code == 2 and "no declaration is called c; there are: a, b" in done.err, done


def test_of_a_canary_that_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "CANARIES", ("theorem not_false_at_all : 1 + 1 = 2",))
    done = command("prove", "theorem t (a b c : Nat) : a * b = c", "--canaries", "1")
    assert done.code == 3, done
    assert "not_false_at_all" in done.err and "Trust nothing that this run proved" in done.err
    assert done.out == ""


DEEP = "theorem t : 1 = 1 := " + "(" * 40_000 + "rfl" + ")" * 40_000
UNCHECKED = (
    "set_option debug.skipKernelTC true in\ntheorem t : 1 = 2 := by decide +kernel",
    "cheated t: the kernel rejects",
)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("theorem t : 1 = 1 := rfl", 0, "proved t"),
        ("theorem t : 1 = 2 := rfl", 1, "rejected t: "),
        ("theorem t : 1 = 2 := sorry", 1, "rejected t: it is not finished"),
        (UNCHECKED[0], 1, UNCHECKED[1]),
        ("axiom a : 1 = 2\ntheorem t : 1 = 2 := a", 1, "cheated t: "),
        (DEEP, 1, "crash the file: "),
        ("theorem t : 1 = 1 := rfl\ntheorem u : 1 = 2 := rfl", 1, "proved t"),
        ("import Nothing\ntheorem t : 1 = 1 := rfl", 2, "an import is missing"),
        ("-- nothing", 2, "the text makes no declaration"),
    ],
)
def test_of_check(text: str, code: int, says: str) -> None:
    done = command("check", "-", stdin=text)
    assert done.code == code, done
    assert says in (done.err if code == 2 else done.out), done


def test_of_a_text_that_does_not_end(lab: Lab) -> None:
    lab.limit(elab_seconds=2.0)
    text = (
        "def f : Nat → Nat → Nat | 0, a => a | n + 1, a => f n (f n (a + 1))\n"
        "theorem t : f 40 0 = 0 := by decide +kernel"
    )
    done = command("check", "-", stdin=text)
    assert done.code == 1, done
    assert done.out.startswith("timeout the file: "), done
