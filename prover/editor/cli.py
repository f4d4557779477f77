"""`prover lsp`: the language server that an editor starts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from prover.errors import ProverError
from prover.terminal import LeanOption, ModelOption


def lsp(
    lean: LeanOption = "auto",
    model: ModelOption = "auto",
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="What goes to `lake serve`, after --.", metavar="[-- ARGUMENT...]"),
    ] = None,
) -> None:
    """The language server for an editor, on standard input and output.

    In a Lake project, where `lake` is installed, it stands in front of `lake serve` and adds to its
    code actions. Elsewhere it is a language server of its own.
    """
    lake = _lake(Path.cwd()) if lean == "auto" else None
    if lake is not None:
        from prover.editor.proxy import serve_proxy

        raise typer.Exit(asyncio.run(serve_proxy([lake, "serve", *(arguments or ())])))
    try:
        from prover.editor.server import serve_lean
    except ModuleNotFoundError as error:
        raise ProverError(
            f"{error.name} is not installed", "pip install 'prover[editor]'"
        ) from None
    raise typer.Exit(serve_lean(lean, model))


def _lake(folder: Path) -> str | None:
    """The `lake` for a folder, if that is in a Lake project."""
    from prover.lean.toolchain import find_program

    names = ("lakefile.lean", "lakefile.toml")
    inside = (f for f in (folder, *folder.parents) if any((f / n).is_file() for n in names))
    return find_program("lake") if next(inside, None) is not None else None
