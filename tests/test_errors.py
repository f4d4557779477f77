"""What a user can cause is a `ProverError`, which the commands show as a message."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import prover
from prover import errors
from prover.data.decontaminate import Contaminated
from prover.errors import ProverError, WrongUse, explained
from prover.evaluate.canaries import CanaryProved
from prover.generate.prompts import UnknownFormat
from prover.lean.embedded import SetupError
from prover.lean.pool import LeanUnavailable
from prover.terminal import tell

ROOT = Path(__file__).parents[1]
EXIT_CODES = {"0", "1", "2", "3", "130"}


@pytest.fixture(scope="module")
def classes() -> set[type[BaseException]]:
    """The public exceptions of all modules."""
    found = set()
    for module in pkgutil.walk_packages(prover.__path__, "prover."):
        if not module.name.endswith("__main__"):
            for name, one in vars(importlib.import_module(module.name)).items():
                own = inspect.isclass(one) and one.__module__.partition(".")[0] == "prover"
                if own and issubclass(one, BaseException) and not name.startswith("_"):
                    found.add(one)
    return found


def below(kind: type[ProverError], parent: str = "") -> Iterator[tuple[str, str, int]]:
    yield kind.__name__, parent, kind.exit_code
    for one in kind.__subclasses__():
        if one.__module__.startswith("prover."):
            yield from below(one, kind.__name__)


def drawn() -> Iterator[tuple[str, str, int]]:
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+) +(\d) ", line):
            depth = len(match[1]) // 4
            above[depth:] = [match[2]]
            yield match[2], above[depth - 1] if depth else "", int(match[3])


def test_the_tree_is_as_it_is_drawn(classes: set[type[BaseException]]) -> None:
    assert set(drawn()) == set(below(ProverError))
    others = {one.__name__ for one in classes if not issubclass(one, ProverError)}
    assert others == {"ContentModified", "Interrupted", "NotJson", "Unanswered", "Unreadable"}


def test_every_exit_code_is_documented(classes: set[type[BaseException]]) -> None:
    codes = {str(one.exit_code) for one in classes if issubclass(one, ProverError)}
    assert codes <= EXIT_CODES
    readme = (ROOT / "README.md").read_text("utf-8")
    (table,) = re.findall(r"^\| exit code \|.*\n.*\n((?:\| \d+ \|.*\n)+)", readme, re.MULTILINE)
    assert set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE)) == EXIT_CODES


@pytest.mark.parametrize("kind", [Contaminated, UnknownFormat])
def test_wrong_values_are_still_value_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, ValueError)


def test_an_error_says_what_to_do_next() -> None:
    error = SetupError("no space left", "free 1 GB")
    assert (error.message, error.hint, str(error)) == (
        "no space left",
        "free 1 GB",
        "no space left\nfree 1 GB",
    )
    assert str(WrongUse("there is no file x")) == "there is no file x"
    assert LeanUnavailable("it died").hint == "`prover doctor` shows what is there."


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (WrongUse("no [bold]file[/]"), 2, "error: no [bold]file[/]\n"),
        (SetupError("no space left", "free 1 GB"), 2, "error: no space left\nfree 1 GB\n"),
        (CanaryProved("0 = 1"), 3, "error: 0 = 1\nTrust nothing"),
        (FileNotFoundError(2, "No such file", "x"), 2, "error: x: No such file\n"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device\n"),
        (ModuleNotFoundError(name="rensa"), 2, "error: rensa is not installed\npip install"),
        (
            ModuleNotFoundError(name="mcp.server"),
            2,
            "error: mcp.server is not installed\npip install 'prover[mcp]'",
        ),
    ],
)
def test_an_error_becomes_a_message_and_an_exit_code(
    error: Exception, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(error) == code
    assert capsys.readouterr().err.startswith(says)


def test_debugging_shows_where_it_is_from_and_all_of_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "\n".join(f"line {number}" for number in range(300))
    tell(WrongUse(long))
    shown = capsys.readouterr().err
    assert "line 150" not in shown and "(PROVER_DEBUG=1 shows them)" in shown
    monkeypatch.setenv("PROVER_DEBUG", "1")
    try:
        raise WrongUse(long)
    except WrongUse as error:
        tell(error)
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback") and f"error: {long}" in shown


def test_a_fault_of_the_prover_is_not_explained_away() -> None:
    for fault in (KeyError("x"), ValueError("x"), OSError("no errno")):
        assert explained(fault) is None
        with pytest.raises(type(fault)):
            tell(fault)
