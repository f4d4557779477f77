"""`prover formalize`: from a problem in words to a formal statement."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from prover.errors import NOT_PROVED, PROVED, WrongUse
from prover.files import read_text
from prover.terminal import (
    JobsOption,
    LeanOption,
    chosen_model,
    err,
    out,
    print_json,
    print_verdicts,
    read_budget,
    run,
)

if TYPE_CHECKING:
    from prover.api import Prover
    from prover.informal.formalise import Formalised


def formalize(
    target: Annotated[
        str,
        typer.Argument(
            help="A text with a problem in words (Markdown, LaTeX or plain), or - for standard input.",
            metavar="FILE|-",
        ),
    ],
    prove: Annotated[
        bool,
        typer.Option(
            "--prove", help="Go on: prove it, along the proof in words if the text has one."
        ),
    ] = False,
    budget: Annotated[
        str, typer.Option(help="Per gap of the proof: expansions, as for prover prove.")
    ] = "600",
    timeout: Annotated[
        float, typer.Option(help="Cap on the time per gap, in seconds.", min=0.0)
    ] = 300.0,
    jobs: JobsOption = None,
    lean: LeanOption = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print how the verdict came about.")
    ] = False,
) -> None:
    """Turn a statement in words into Lean, say what it says, and look whether it can be meant so."""
    from prover.api import Options, Settings
    from prover.informal.formalise import formalised, proved_along, sketched
    from prover.informal.language import read_statement

    text = sys.stdin.read() if target == "-" else read_text(Path(target))
    statement = read_statement(text)  # what cannot be read is said before Lean starts
    sketch = sketched(text, statement) if prove else None
    settings = Settings(lean=lean, jobs=jobs, model=chosen_model("none"))
    options = Options(read_budget(budget, timeout))

    async def work(prover: Prover) -> int:
        one = await formalised(prover, text)
        answer: dict[str, Any] = one.to_json()
        if not as_json:
            show(one)
        done = not one.flaw
        if sketch is not None and done:
            filled, left = await proved_along(prover, sketch, statement)
            done = filled.proved
            verdicts = [verdict.to_json() for verdict in filled.verdicts]
            answer |= {"proof": filled.text, "verdicts": verdicts, "open_steps": left}
            if not as_json:
                out.print(Text("\n" + filled.text.rstrip() + "\n"))
                print_verdicts(filled.verdicts, False, verbose)
                print_steps(left)
        if as_json:
            print_json(answer)
        return PROVED if done else NOT_PROVED

    folder = Path.cwd() if target == "-" else Path(target).resolve().parent
    run(settings, folder, work, options)


def show(one: Formalised) -> None:
    """Prints a formal statement, what it says in words, and what was found out about it."""
    statement = one.statement
    out.print(Text(f"{statement.before}{statement.lean} := by\n  sorry\n"))
    out.print(Text("It says: ", style="bold") + Text(statement.reading))
    for note in statement.notes:
        out.print(Text(f"Note: {note}"))
    if one.flaw:
        out.print(Text("But ", style="red") + Text(one.flaw))
        script = one.scrutiny.contradiction or one.scrutiny.negation or ""
        out.print(Text("    " + script.replace("\n", "\n    "), style="cyan"))
    else:
        what = "It elaborates; no counterexample and no contradiction of its hypotheses was found."
        out.print(Text(what))
        if one.scrutiny.trivial is not None:
            out.print(Text(f"Note: it is trivial: {one.scrutiny.trivial} proves it"))


def print_steps(left: list[str]) -> None:
    """Prints the steps of a proof in words that stay open."""
    for step in left:
        err.print(Text(step))


def proof_in_words(path: Path) -> str:
    """The text of a proof in words.

    Raises:
        WrongUse: the file is empty.
    """
    text = read_text(path)
    if not text.strip():
        raise WrongUse(f"--informal: {path} is empty")
    return text
