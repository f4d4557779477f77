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
    from prover.api import Filled, Prover
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
    model: Annotated[
        str | None,
        typer.Option(
            help="A language model that writes formal statements to choose from, where the grammar "
            "would read the words: hf:NAME or a folder, vllm:NAME, or a server's "
            "http://HOST:PORT/v1#NAME.",
            metavar="MODEL",
        ),
    ] = None,
    prompt_format: Annotated[
        str | None,
        typer.Option("--format", help="chat, or plain for a model that was not trained for it."),
    ] = None,
    samples: Annotated[int, typer.Option(help="How many statements the model writes.", min=1)] = 4,
    answers: Annotated[
        int,
        typer.Option(
            help="The problem asks for a value: the model answers it so many times, and the claim of "
            "most is formalised.",
            min=0,
        ),
    ] = 0,
    accept: Annotated[
        str | None,
        typer.Option(
            help="Go on and prove the candidate of this number, or the best one (best): say so only "
            "of a statement that you have read.",
            metavar="NUMBER|best",
        ),
    ] = None,
    header: Annotated[
        str,
        typer.Option(help="What stands before the model's statements (imports, open): a text."),
    ] = "",
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

    folder = Path.cwd() if target == "-" else Path(target).resolve().parent
    text = sys.stdin.read() if target == "-" else read_text(Path(target))
    if model is None and (accept is not None or answers or header):
        raise WrongUse("--accept, --answers and --header are for the statements of a --model")
    if model is not None:
        if prove:
            raise WrongUse("--prove: of a model's statements, --accept NUMBER names one to prove")
        settings = Settings(lean=lean, jobs=jobs, model=chosen_model("auto"))
        options = Options(read_budget(budget, timeout))

        async def choose(prover: Prover) -> int:
            from prover.informal.modelled import formalize_and_prove, split_words, writing

            words, proof = split_words(text)
            async with writing(model, prompt_format) as writer:
                done = await formalize_and_prove(
                    prover,
                    writer,
                    words,
                    proof,
                    header=header,
                    samples=samples,
                    answers=answers,
                    accept=accept,
                    tell=Told(),
                )
            if as_json:
                print_json(done.to_json())
            else:
                out.print(Text(done.shown()))
                if done.filled is not None:
                    out.print(Text("\n" + done.filled.text.rstrip() + "\n"))
                    print_verdicts(done.filled.verdicts, False, verbose)
            if done.filled is not None:
                return PROVED if done.filled.proved else NOT_PROVED
            return PROVED if not done.found.candidates[0].flags else NOT_PROVED

        run(settings, folder, choose, options)
    from prover.informal.formalise import formalised, proved_along, sketched
    from prover.informal.language import read_statement

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


class Told:
    """Prints how work with a model goes, each thing once in a row."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, what: str) -> None:
        if what != self._last:
            self._last = what
            err.print(Text(what))


async def prove_with_sketches(
    prover: Prover, model: str, text: str, name: str | None, words: str
) -> Filled:
    """Fills sketches that a model writes of a theorem of a text along words: its statement and its
    proof, or the proof alone. Raises as `prover.informal.modelled.prove_along`."""
    from prover.informal.modelled import prove_along, split_words, writing

    statement, proof = split_words(words)
    if not proof:
        statement, proof = "", statement
    async with writing(model) as writer:
        attempt = await prove_along(prover, writer, text, name, statement, proof, tell=Told())
    for number, one in enumerate(attempt.tried, 1):
        err.print(Text(f"sketch {number}: {one.what}"))
    return attempt.filled


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
