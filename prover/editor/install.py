"""Sets an editor up to start the language server, and takes that back."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from prover.editor.jsonc import NotJson, with_first, without
from prover.errors import ProverError, WrongUse
from prover.files import read_file, write_file, write_json

OURS = ".prover"
"""The folder of a project that holds what VS Code needs; git does not see it."""

SETTING = "lean4.envPathExtensions"
BIN = f"{OURS}/bin"

LAKE = """\
#!/bin/sh
# Made by `prover editor install vscode`. Stands in front of the real `lake`: `lake serve` gets the
# prover's code actions, everything else goes to the real one as it is.
set -f
IFS=:
rest=
for folder in $PATH; do
  case "$folder/" in
    {bin}/ | */.prover/bin/ | .prover/bin/ | ./.prover/bin/) ;;
    *) rest="${{rest:+$rest:}}${{folder:-.}}" ;;
  esac
done
unset IFS
PATH="$rest"
export PATH
lake=$(command -v lake) || lake=
[ -n "$lake" ] || [ ! -x "$HOME/.elan/bin/lake" ] || lake="$HOME/.elan/bin/lake"
case "$1" in
  +*) asked="$2" ;;
  *) asked="$1" ;;
esac
if [ "$asked" = serve ] && [ -z "$PROVER_PROXY" ] && [ -x {python} ]; then
  [ -n "$lake" ] || exec {python} -P -m prover lsp
  exec {python} -P -m prover.editor.proxy "$lake" "$@"
fi
if [ -z "$lake" ]; then
  echo "lake: not found; elan installs it" >&2
  exit 127
fi
exec "$lake" "$@"
"""

NEOVIM = """\
-- Made by `prover editor install neovim`: the prover's language server for Lean files.
local command = {command}
local function root(path)
  local marks = {{ 'lakefile.toml', 'lakefile.lean', 'lean-toolchain' }}
  local folder = vim.fn.fnamemodify(path, ':p:h')
  local here = folder
  while true do
    for _, mark in ipairs(marks) do
      if vim.fn.filereadable(here .. '/' .. mark) == 1 then return here end
    end
    local up = vim.fn.fnamemodify(here, ':h')
    if up == here then return folder end
    here = up
  end
end
if vim.lsp.config then  -- 0.11: also what lean.nvim starts
  vim.lsp.config('leanls', {{ cmd = command, filetypes = {{ 'lean' }} }})
  if #vim.api.nvim_get_runtime_file('lua/lean/init.lua', false) == 0 then
    vim.lsp.config('leanls', {{ root_markers = {{ 'lakefile.toml', 'lakefile.lean', 'lean-toolchain' }} }})
    vim.lsp.enable('leanls')
  end
else
  local clients = {{}}
  vim.api.nvim_create_autocmd('FileType', {{
    pattern = 'lean',
    callback = function(event)
      local folder = root(event.file)
      clients[folder] = clients[folder] or vim.lsp.start_client({{
        name = 'leanls', cmd = command, cmd_cwd = folder, root_dir = folder,
      }})
      vim.lsp.buf_attach_client(event.buf, clients[folder])
    end,
  }})
end
vim.api.nvim_create_autocmd({{ 'BufRead', 'BufNewFile' }}, {{
  pattern = '*.lean',
  callback = function() vim.bo.filetype = 'lean' end,
}})
"""

EMACS = """\
;; in your init file; C-c C-a then asks for the code actions at the cursor
(define-derived-mode prover-lean-mode prog-mode "Lean"
  (setq-local comment-start "-- "))
(add-to-list 'auto-mode-alist '("\\\\.lean\\\\'" . prover-lean-mode))
(require 'eglot)
(add-to-list 'eglot-server-programs '(prover-lean-mode . ({command})))
(add-hook 'prover-lean-mode-hook #'eglot-ensure)
(define-key eglot-mode-map (kbd "C-c C-a") #'eglot-code-actions)"""

LEAN4_MODE = """\
;; with lean4-mode (over lsp-mode) it is this instead
(advice-add 'lean4--server-cmd :override (lambda () '({command})))"""

HELIX = """\
# in ~/.config/helix/languages.toml, or .helix/languages.toml of a project
[language-server.lean]
command = {program}
args = {arguments}
timeout = 300"""


def server() -> list[str]:
    """The command line of the language server. It loads nothing from the folder that it runs in."""
    return [sys.executable, "-P", "-m", "prover", "lsp"]


def install_vscode(folder: Path) -> list[str]:
    """Has VS Code start the server in a project: a `lake` of ours in `.prover/bin`, and the workspace
    setting that puts it in front of the real one. What it did, line by line.

    Raises:
        WrongUse: the folder is no Lake project, its settings are no JSON, or it cannot be written.
        ProverError: the system has no shell.
    """
    if sys.platform == "win32":
        raise ProverError(
            "on Windows the `lake` that VS Code would start has to be a program, which is not made yet",
            "`prover lsp` itself can be given to an editor as its server",
        )
    if not any((folder / name).is_file() for name in ("lakefile.toml", "lakefile.lean")):
        raise WrongUse(
            f"{folder} is no Lake project: it has no lakefile.toml and no lakefile.lean",
            "give the folder that VS Code opens: prover editor install vscode FOLDER",
        )
    settings = folder / ".vscode" / "settings.json"
    before = read_file(settings) if settings.exists() else None
    after = _edited(settings, before or b"", with_first)
    note = folder / OURS / "vscode.json"
    try:
        (folder / BIN).mkdir(parents=True, exist_ok=True)
        write_file(folder / OURS / ".gitignore", "*\n")
        lake = LAKE.format(
            bin=shlex.quote(str((folder / BIN).resolve())), python=shlex.quote(sys.executable)
        )
        write_file(folder / BIN / "lake", lake)
        (folder / BIN / "lake").chmod(0o755)
        if after != before:
            kept = None if before is None else base64.b64encode(before).decode()
            made = not settings.parent.exists()
            settings.parent.mkdir(exist_ok=True)
            write_json(note, {"before": kept, "after": _digest(after), "folder": made})
            write_file(settings, after)
    except OSError as error:
        raise WrongUse(f"cannot write {error.filename}: {error.strerror}") from None
    return [
        f"{folder / BIN / 'lake'} stands in front of lake",
        f"{settings}: {SETTING} has {BIN}",
        "In VS Code: “Lean 4: Server: Restart Server” (or open the folder anew), then the light bulb",
        "at a sorry. `prover editor install vscode --undo` takes it back.",
    ]


def undo_vscode(folder: Path) -> list[str]:
    """Takes `install_vscode` back: the settings are those from before, byte for byte, or, where they
    have changed since, they are without ours. Raises `WrongUse` if nothing was installed."""
    ours = folder / OURS
    if not (folder / BIN / "lake").exists():
        raise WrongUse(f"nothing of ours is in {folder}: there is no {BIN}/lake")
    settings = folder / ".vscode" / "settings.json"
    note = ours / "vscode.json"
    done = []
    try:
        told = json.loads(read_file(note)) if note.exists() else {}
        if told and settings.exists():
            now = read_file(settings)
            if told["after"] != _digest(now):
                write_file(settings, _edited(settings, now, without))
                done.append(f"{settings}: {BIN} is out of {SETTING}; the rest is as it was")
            elif told["before"] is None:
                settings.unlink()
                done.append(f"{settings} is removed")
            else:
                write_file(settings, base64.b64decode(told["before"]))
                done.append(f"{settings} is as it was")
            if told["folder"] and not any(settings.parent.iterdir()):
                settings.parent.rmdir()
        for path in (folder / BIN / "lake", note, ours / ".gitignore"):
            path.unlink(missing_ok=True)
        for left in (folder / BIN, ours):
            if not any(left.iterdir()):
                left.rmdir()
    except OSError as error:
        raise WrongUse(f"cannot write {error.filename}: {error.strerror}") from None
    return [*done, f"{folder / BIN / 'lake'} is removed"]


def install_neovim() -> list[str]:
    """Writes a plugin of Neovim's configuration. Raises `ProverError` if it cannot be written."""
    path = _plugin()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"cannot write {error.filename}: {error.strerror}") from None
    command = "{ " + ", ".join(f"[[{word}]]" for word in server()) + " }"
    write_file(path, NEOVIM.format(command=command))
    return [
        f"{path} starts the server for Lean files.",
        "In one, `:lua vim.lsp.buf.code_action()` at a sorry. `--undo` takes it back.",
    ]


def undo_neovim() -> list[str]:
    """Removes that plugin. Raises `WrongUse` if it is not there."""
    path = _plugin()
    if not path.exists():
        raise WrongUse(f"nothing of ours is there: {path} does not exist")
    path.unlink()
    return [f"{path} is removed"]


def emacs_lines() -> str:
    """What an Emacs needs in its init file."""
    command = " ".join(json.dumps(word, ensure_ascii=False) for word in server())
    return "\n\n".join(lines.format(command=command) for lines in (EMACS, LEAN4_MODE))


def helix_lines() -> str:
    """What Helix needs in its `languages.toml`."""
    program, *arguments = server()
    return HELIX.format(program=json.dumps(program), arguments=json.dumps(arguments))


def _plugin() -> Path:
    given = os.environ.get("XDG_CONFIG_HOME")
    base = Path(given) if given else Path.home() / ".config"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", base))
    return base / "nvim" / "plugin" / "prover.lua"


def _edited(path: Path, data: bytes, edit: Callable[[str, str, str], str]) -> bytes:
    try:
        return edit(data.decode(), SETTING, BIN).encode()
    except UnicodeDecodeError as error:
        raise WrongUse(f"{path} is not UTF-8 (byte {error.start})") from None
    except (NotJson, RecursionError) as error:
        raise WrongUse(
            f"{path} cannot be read as JSON with comments: {error}",
            f'mend it, or add "{SETTING}": ["{BIN}"] by hand',
        ) from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
