"""What a person who uses the prover can cause or meet. A command shows the message and the hint, and
ends with the exit code; `PROVER_DEBUG=1` shows where the error is from as well.

    ProverError                 2  standard output or a file cannot be written
    ├── WrongUse                2  an option, a file or a setting that cannot be used
    │   ├── Contaminated        2  training data hold a problem of a benchmark
    │   ├── ExamplesError       2  examples for a prompt cannot be read, or have no place in it
    │   ├── NoDeclaration       2  a text has no declaration of the name that was given
    │   ├── NoSketch            2  an answer of a model holds no sketch of the theorem
    │   ├── NotText             2  a text is no Unicode
    │   └── UnknownFormat       2  a prompt format, or that of a model, is not known
    ├── Superseded              2  a newer text took the place of one that was being elaborated
    ├── StatementError          2  what is to be proved does not elaborate, or is not there
    ├── SetupError              2  no Lean can be had
    ├── LeanUnavailable         2  the Lean that was found does not start, or dies again and again
    ├── LeanFailed              2  Lean gave no answer
    │   ├── ElaborationFailed   2  it refused a text, or died of it
    │   ├── GymDied             2  the process that runs tactics ended
    │   └── JudgeFailed         2  the process that judges ended
    ├── ModelError              2  a model cannot be used, or failed while it was
    ├── NotUnderstood           2  words that the controlled language cannot read
    ├── StatementChanged        2  a sketch is not about the statement that was given
    ├── PythonUnavailable       2  programs of a model cannot be kept apart on this machine
    ├── NothingSketched         1  no sketch of a model could be used
    ├── NothingFormalized       1  no formal statement of a model elaborates
    ├── BenchmarkError          2  a benchmark cannot be had or read
    ├── CorpusError             2  a corpus cannot be had or read
    ├── TrainingError           2  a training cannot go on
    │   └── NothingToLearn      2  rewards hardly differ any more
    ├── ServeError              2  the resident engine cannot be had, or refuses a request
    │   ├── EngineGone          2  it ended before it answered
    │   ├── EngineStopped       2  it was told to end meanwhile
    │   ├── NotAllowed          2  a request has the token of another one
    │   ├── QueueFull           2  too many requests wait already
    │   ├── StartFailed         2  it did not come up
    │   ├── Superseded          2  a document has changed meanwhile
    │   ├── TooLarge            2  a request is longer than it reads
    │   └── UnknownState        2  a session has no such state
    ├── CellFailed              2  a cell of Lean in a notebook has errors
    ├── NoProof                 1  a search for the proof of one goal ended without it
    └── CanaryProved            3  something false was accepted as proved

A class that one room raises is defined in that room. The other exit codes are 0 (proved, or done), 1
(not proved) and 130 (interrupted, by Ctrl-C or SIGTERM).
"""

from __future__ import annotations

from typing import ClassVar

PROVED, NOT_PROVED, WRONG, CANARY, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes of the commands."""

EXTRAS = {
    **dict.fromkeys(("h11", "httpx", "httpx_sse", "starlette", "uvicorn"), "serve"),
    **dict.fromkeys(("mcp", "mcp_types", "pydantic"), "mcp"),
    "pygls": "editor",
    **dict.fromkeys(("datatrove", "fasttext"), "corpus"),
    **dict.fromkeys(("lark", "math_verify"), "informal"),
    **dict.fromkeys(("IPython", "anywidget", "traitlets"), "notebook"),
}
"""The extra that brings a package; of others it is `train`."""


class ProverError(Exception):
    """What went wrong, in `message`, and in `hint` what to do next, empty where the message says it.
    `exit_code` is that of a command which it ends."""

    exit_code: ClassVar[int] = WRONG
    hint: str = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class WrongUse(ProverError):
    """Something that was given cannot be used: an option, a file, a setting. The message names it."""


class LeanFailed(ProverError):
    """Lean gave no answer. `kind` is `timeout`, `memory`, `recursion` or `crash` if the process died
    of it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def explained(error: Exception) -> ProverError | None:
    """An error as one of the tree: also a file or a package that is not there. None for a fault of
    the prover itself."""
    match error:
        case ProverError():
            return error
        case OSError(strerror=str(why), filename=name, filename2=other):
            return ProverError(f"{other or name or ''}: {why}".removeprefix(": "))
        case ModuleNotFoundError(name=str(name)):
            extra = EXTRAS.get(name.partition(".")[0], "train")
            return ProverError(f"{name} is not installed", f"pip install 'prover[{extra}]'")
    return None
