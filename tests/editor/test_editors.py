"""Real editors, as their users have them: they open a file with holes, and save it proved."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.debian import libraries, unpacked
from tests.serve.resident import Resident

NEOVIM = [
    *("neovim", "neovim-runtime", "libluajit-5.1-2", "libluajit-5.1-common", "libmsgpackc2"),
    *("libtermkey1", "libtree-sitter0", "libunibilium4", "libuv1", "libvterm0", "lua-luv"),
]
EMACS = [
    *("emacs-nox", "emacs-bin-common", "emacs-common", "emacs-el"),
    *("elpa-eglot", "elpa-project", "elpa-xref", "elpa-seq", "libgccjit0", "libisl23", "libmpc3"),
    *("libmpfr6", "libgmp10", "libacl1", "libasound2", "libdbus-1-3", "libgpm2", "libjansson4"),
    *("liblcms2-2", "libxml2", "libicu72"),
]
FILE = """theorem first (a b : Nat) (h : a ≤ b) : a < b + 1 := by
  sorry
theorem second (p q : Prop) (hp : p) (𝔸 : q) : p ∧ q := by
  constructor
  · sorry
  · sorry
theorem third : ∃ n : Nat, n * n = 49 := ⟨7, sorry⟩
"""
COMMAND = [sys.executable, "-m", "prover", "lsp", "--lean", "embedded", "--model", "none"]


def is_proved(path: Path, resident: Resident) -> None:
    """What the command says of the file as it was saved."""
    assert "sorry" not in path.read_text("utf-8")
    code, out, err = resident.run("check", str(path), "--lean", "embedded", "--json")
    assert code == 0, err
    assert [v["outcome"] for v in json.loads(out)] == ["proved"] * 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Basic.lean"
    path.write_text(FILE, "utf-8")
    return path


def test_neovim(file: Path, resident: Resident, tmp_path: Path) -> None:
    root = unpacked("neovim", NEOVIM)
    environment = {
        **resident.environment,
        "LD_LIBRARY_PATH": libraries(root),
        "VIMRUNTIME": str(root / "usr/share/nvim/runtime"),
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "COMMAND": json.dumps(["env", "-u", "LD_LIBRARY_PATH", *COMMAND]),
        "FILE": str(file),
        "SEEN": str(tmp_path / "seen.json"),
    }
    script = Path(__file__).with_name("neovim.lua")
    done = subprocess.run(
        [root / "usr/bin/nvim", "--headless", "--clean", "-c", f"luafile {script}"],
        cwd=tmp_path,
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    seen = json.loads((tmp_path / "seen.json").read_text("utf-8"))
    assert done.returncode == 0, (seen, done.stderr)
    assert sorted(seen["diagnostics"]) == [
        [line, 8, "declaration uses `sorry`"] for line in (0, 2, 6)
    ]
    assert seen["goal"] == ["a b : Nat\nh : a ≤ b\n⊢ a < b + 1"]
    assert "Prove this goal" in seen["titles"]
    assert seen["proved"] + "\n" == FILE.replace("  sorry", "  omega", 1)
    assert seen["undone"] + "\n" == FILE, "one step back"
    is_proved(file, resident)


def in_emacs(
    arguments: list[str | Path], file: Path, resident: Resident, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs Emacs in batch."""
    root = unpacked("emacs", EMACS)
    (share,) = root.glob("usr/share/emacs/2*")
    (libexec,) = root.glob("usr/libexec/emacs/*/*")
    environment = {
        **resident.environment,
        "LD_LIBRARY_PATH": libraries(root),
        "EMACSLOADPATH": ":".join(
            [
                *map(str, root.glob("usr/share/emacs/site-lisp/elpa-src/*")),
                *(str(path) for path in [share / "lisp", *(share / "lisp").glob("**/")]),
            ]
        ),
        "EMACSDATA": str(share / "etc"),
        "EMACSDOC": str(share / "etc"),
        "EMACSPATH": str(libexec),
        "HOME": str(folder),
        "COMMAND": json.dumps(["env", "-u", "LD_LIBRARY_PATH", *COMMAND]),
        "FILE": str(file),
        "SEEN": str(folder / "seen.json"),
    }
    emacs: list[str | Path] = [root / "usr/bin/emacs-nox", f"--dump-file={libexec / 'emacs.pdmp'}"]
    return subprocess.run(
        [*emacs, "-Q", "--batch", *arguments],
        cwd=folder,
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_emacs_with_eglot(file: Path, resident: Resident, tmp_path: Path) -> None:
    script = Path(__file__).with_name("emacs.el")
    done = in_emacs(["-l", script], file, resident, tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads((tmp_path / "seen.json").read_text("utf-8"))
    said = sorted(seen["diagnostics"])
    assert [line for line, _ in said] == [1, 3, 7]
    assert all("declaration uses `sorry`" in text for _, text in said)
    assert seen["goal"] == ["a b : Nat\nh : a ≤ b\n⊢ a < b + 1"]
    assert "Prove this goal" in seen["titles"]
    assert seen["proved"] == FILE.replace("  sorry", "  omega", 1)
    assert seen["undone"] == FILE, "one step back"
    is_proved(file, resident)


SETTINGS = [sys.executable, "-m", "prover", "editor", "install"]


def installed(editor: str, environment: dict[str, str]) -> str:
    """What `prover editor install` shows for an editor."""
    done = subprocess.run(
        [*SETTINGS, editor], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_neovim_as_it_is_set_up(file: Path, resident: Resident, tmp_path: Path) -> None:
    root = unpacked("neovim", NEOVIM)
    homes = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME")}
    installed("neovim", {**resident.environment, **homes})
    code = """
    vim.env.LD_LIBRARY_PATH = nil
    vim.api.nvim_create_autocmd('VimEnter', { callback = function()
      local seen = vim.wait(60000, function() return #vim.diagnostic.get(0) == 3 end, 50)
      local clients = vim.lsp.buf_get_clients(0)
      local _, client = next(clients)
      io.stderr:write(vim.json.encode({ seen, vim.bo.filetype, client.name, client.config.root_dir }))
      vim.cmd('quitall!')
    end })
    """
    done = subprocess.run(
        [root / "usr/bin/nvim", "--headless", "--cmd", f"lua {' '.join(code.split())}", str(file)],
        cwd="/",
        env={
            **resident.environment,
            **homes,
            "LD_LIBRARY_PATH": libraries(root),
            "VIMRUNTIME": str(root / "usr/share/nvim/runtime"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert json.loads(done.stderr) == [True, "lean", "leanls", str(tmp_path)], done


def test_emacs_as_it_is_set_up(file: Path, resident: Resident, tmp_path: Path) -> None:
    init = tmp_path / "init.el"
    init.write_text(installed("emacs", resident.environment), "utf-8")
    code = """
    (progn (setenv "LD_LIBRARY_PATH" nil) (find-file (getenv "FILE")) (setq eglot-sync-connect t)
      (run-hooks 'post-command-hook)
      (princ (format "%s %s" major-mode (and (eglot-managed-p) t))))
    """
    done = in_emacs(["-l", init, "--eval", " ".join(code.split())], file, resident, tmp_path)
    assert done.returncode == 0 and done.stdout == "prover-lean-mode t", done
