"""`prover lsp`: the language server that an editor starts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prover.errors import ProverError, WrongUse
from prover.interrupt import run_cancellable
from prover.terminal import LeanOption, ModelOption, err

app = typer.Typer(name="editor", no_args_is_help=True, help="Sets editors up.")


class EditorName(StrEnum):
    vscode = "vscode"
    neovim = "neovim"
    emacs = "emacs"
    helix = "helix"


@app.callback()
def _group() -> None:
    """Sets editors up."""


@app.command(
    epilog="""\b
Examples:
  prover editor install vscode             in the folder of a Lake project
  prover editor install vscode --undo
  prover editor install neovim
  prover editor install emacs              shows the lines for your init file"""
)
def install(
    editor: Annotated[EditorName, typer.Argument(help="The editor.")],
    folder: Annotated[Path, typer.Argument(help="The project, for vscode.")] = Path("."),
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
) -> None:
    """Have an editor start the language server.

    For VS Code a workspace setting and a `lake` in .prover/bin are written, for Neovim a plugin into
    its configuration. For Emacs and Helix the lines that they need are shown.
    """
    from prover.editor import install as setting_up

    if editor is EditorName.vscode:
        here = folder.absolute()
        lines = setting_up.undo_vscode(here) if undo else setting_up.install_vscode(here)
    elif editor is EditorName.neovim:
        lines = setting_up.undo_neovim() if undo else setting_up.install_neovim()
    elif undo:
        raise WrongUse(f"nothing was written for {editor}: remove the lines that you added")
    else:
        print(setting_up.emacs_lines() if editor is EditorName.emacs else setting_up.helix_lines())
        return
    for line in lines:
        err.print(line)


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

        serving = serve_proxy([lake, "serve", *(arguments or ())], model)
        raise typer.Exit(run_cancellable(serving))
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
